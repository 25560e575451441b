package gothoauth

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/markbates/goth/providers/github"

	"github.com/signet-auth/signet/ports/provider"
)

const (
	githubURL = "https://github.com"
	// noreplyDomains begin so, of github.com and of other hosts: their addresses accept no mail.
	noreplyDomains = "users.noreply."
)

// github has no id_token. Its errors come with status 200, which x/oauth2 handles. The address of the profile is the public one and proves
// nothing; the rows of /user/emails do.
func (c *client) github() dialect {
	base, api := c.githubAddresses()
	library := func(scopes ...string) *github.Provider {
		return github.NewCustomisedURL(c.options.ClientID, "", c.info.Callback,
			base+"/login/oauth/authorize", base+"/login/oauth/access_token", api+"/user", api+"/user/emails", scopes...)
	}
	return dialect{
		displayName: "GitHub", issuer: base, scopes: []string{"read:user", "user:email"},
		pinned: &metadata{
			Issuer:                base,
			AuthorizationEndpoint: base + "/login/oauth/authorize",
			TokenEndpoint:         base + "/login/oauth/access_token",
		},
		begin: func(state string) (string, error) {
			session, err := library(c.scopes...).BeginAuth(state)
			if err != nil {
				return "", err
			}
			return session.GetAuthURL()
		},
		parameters: func(q url.Values, a provider.Attempt, _ *metadata) {
			if a.Prompt == "select_account" { // the only one that it has
				q.Set("prompt", a.Prompt)
			}
			if a.Hint != "" {
				q.Set("login", a.Hint)
			}
		},
		profile: func(_ context.Context, l *login) (provider.Profile, error) {
			p := library() // without the scope for addresses, so that goth does not fetch one itself
			p.HTTPClient = l.calls.http()
			user, err := p.FetchUser(&github.Session{AccessToken: l.token.AccessToken})
			if err != nil {
				return provider.Profile{}, c.callFailed(provider.StepProfile, l.calls, c.options.Prefix+"_URL")
			}
			subject, ok := provider.SubjectOf(user.UserID) // "0" where there was none
			if !ok {
				return provider.Profile{}, c.failed(provider.StepProfile, "subject", "", nil)
			}
			who := provider.Profile{Issuer: base, Subject: subject, GivenName: user.Name}
			address, err := c.githubAddress(l, api+"/user/emails?per_page=100")
			c.judge(&who, address)
			return who, err
		},
	}
}

func (c *client) githubAddresses() (base, api string) {
	base = strings.TrimRight(c.options.URL, "/")
	if base == "" || base == githubURL {
		return githubURL, "https://api.github.com"
	}
	if host, ok := strings.CutPrefix(base, "https://"); ok && strings.HasSuffix(host, ".ghe.com") { // Enterprise Cloud with data residency
		return base, "https://api." + host
	}
	return base, base + "/api/v3"
}

// githubAddress is the primary address. GitHub Apps ignore scopes and answer 403 without the permission; the person then has no address.
func (c *client) githubAddress(l *login, address string) (said, error) {
	body, _, err := l.calls.get(address, l.token.AccessToken)
	if l.calls.status >= 400 && l.calls.status < 500 && l.calls.status != 429 {
		return said{}, nil
	}
	if err != nil {
		return said{}, c.callFailed(provider.StepProfile, l.calls, c.options.Prefix+"_URL")
	}
	var rows []struct {
		Email    string `json:"email"`
		Primary  bool   `json:"primary"`
		Verified bool   `json:"verified"`
	}
	if json.Unmarshal(body, &rows) != nil {
		return said{}, c.failed(provider.StepProfile, "unreadable", "", nil)
	}
	for _, row := range rows {
		if row.Primary && !strings.HasPrefix(mailDomain(row.Email), noreplyDomains) {
			return said{address: row.Email, proved: row.Verified}, nil
		}
	}
	return said{}, nil
}
