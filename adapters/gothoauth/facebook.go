package gothoauth

import (
	"context"
	"encoding/json"
	"net/url"
	"strconv"

	"github.com/markbates/goth/providers/facebook"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

const facebookIssuer = "https://www.facebook.com"

// facebook has no id_token in this flow, and does not say whether an address was proved. Subjects are specific to the application.
func (c *client) facebook() dialect {
	library := func() *facebook.Provider {
		p := facebook.New(c.options.ClientID, c.options.ClientSecret.Reveal(), c.info.Callback, c.scopes...)
		p.SetCustomFields([]string{"id", "first_name", "last_name", "email"})
		return p
	}
	return dialect{
		displayName: "Facebook", issuer: facebookIssuer, scopes: []string{"email", "public_profile"},
		pinned: &metadata{ //nolint:gosec // addresses, no credentials
			Issuer:                facebookIssuer,
			AuthorizationEndpoint: "https://www.facebook.com/dialog/oauth",
			TokenEndpoint:         "https://graph.facebook.com/oauth/access_token",
		},
		begin: func(state string) (string, error) {
			session, err := library().BeginAuth(state)
			if err != nil {
				return "", err
			}
			return session.GetAuthURL()
		},
		parameters: func(url.Values, provider.Attempt, *metadata) {}, // it has neither prompt nor login_hint
		profile: func(_ context.Context, l *login) (provider.Profile, error) {
			p := library()
			p.HTTPClient = l.calls.http()
			user, err := p.FetchUser(&facebook.Session{AccessToken: l.token.AccessToken})
			if err != nil {
				return provider.Profile{}, c.callFailed(provider.StepProfile, l.calls, "")
			}
			subject, ok := provider.SubjectOf(user.UserID)
			if !ok {
				return provider.Profile{}, c.failed(provider.StepProfile, "subject", "", nil)
			}
			who := provider.Profile{
				Issuer: facebookIssuer, Subject: subject, GivenName: text(user.RawData["first_name"]), FamilyName: text(user.RawData["last_name"]),
			}
			c.judge(&who, said{address: user.Email})
			return who, nil
		},
	}
}

// facebookRefused classifies a callback with error_code in the place of error.
func (c *client) facebookRefused(code string) error {
	if code == "200" { // permissions not given
		return domain.ErrAccessDenied
	}
	if _, err := strconv.ParseUint(code, 10, 32); err != nil {
		code = "unknown_error"
	}
	return c.failed(provider.StepCallback, code, "the redirect URI "+c.info.Callback+" must be registered there, letter for letter, and the app be live", nil)
}

// facebookExchangeFailed classifies an error of the exchange, which is an object with numbers where OAuth has a word.
func (c *client) facebookExchangeFailed(body []byte) error {
	var answer struct {
		Error struct {
			Code    int `json:"code"`
			Subcode int `json:"error_subcode"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return c.failed(provider.StepExchange, "unreadable", "", nil)
	}
	remedy := ""
	switch code, subcode := answer.Error.Code, answer.Error.Subcode; {
	case code == 191, subcode == 36008:
		remedy = c.remedy("redirect_uri_mismatch")
	case code == 1, code == 101:
		remedy = c.remedy("invalid_client")
	}
	return c.failed(provider.StepExchange, strconv.Itoa(answer.Error.Code), remedy, nil)
}
