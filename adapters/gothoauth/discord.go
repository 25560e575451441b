package gothoauth

import (
	"context"
	"net/url"

	"github.com/markbates/goth/providers/discord"

	"github.com/signet-auth/signet/ports/provider"
)

const discordIssuer = "https://discord.com"

// discord has no id_token; its profile says who it is. An account may have no address, or one that it never proved.
func (c *client) discord() dialect {
	library := func() *discord.Provider { return discord.New(c.options.ClientID, "", c.info.Callback, c.scopes...) }
	return dialect{
		displayName: "Discord", issuer: discordIssuer, scopes: []string{"identify", "email"},
		pinned: &metadata{ //nolint:gosec // addresses, no credentials
			Issuer:                discordIssuer,
			AuthorizationEndpoint: "https://discord.com/api/oauth2/authorize",
			TokenEndpoint:         "https://discord.com/api/oauth2/token",
		},
		begin: func(state string) (string, error) {
			session, err := library().BeginAuth(state)
			if err != nil {
				return "", err
			}
			return session.GetAuthURL()
		},
		parameters: func(q url.Values, a provider.Attempt, _ *metadata) {
			if a.Prompt != "" { // goth sends none; the only other prompt shows the person which account it is
				q.Set("prompt", "consent")
			}
		},
		profile: func(_ context.Context, l *login) (provider.Profile, error) {
			p := library()
			p.HTTPClient = l.calls.http()
			user, err := p.FetchUser(&discord.Session{AccessToken: l.token.AccessToken})
			if err != nil {
				return provider.Profile{}, c.callFailed(provider.StepProfile, l.calls, "")
			}
			subject, ok := provider.SubjectOf(user.UserID)
			if !ok {
				return provider.Profile{}, c.failed(provider.StepProfile, "subject", "", nil)
			}
			who := provider.Profile{Issuer: discordIssuer, Subject: subject, GivenName: text(user.RawData["global_name"]), Locale: text(user.RawData["locale"])}
			c.judge(&who, said{address: user.Email, proved: user.RawData["verified"] == true})
			return who, nil
		},
	}
}
