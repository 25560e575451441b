package gothoauth

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/oauth2"

	"github.com/signet-auth/signet/ports/provider"
)

// Begin is the URL that the browser is sent to.
func (c *client) Begin(ctx context.Context, a provider.Attempt) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	m, err := c.metadata(ctx)
	if err != nil {
		return "", err
	}
	address := c.oauth(m).AuthCodeURL(a.State)
	if c.dialect.begin != nil {
		address, err = c.dialect.begin(a.State)
	}
	u, parseErr := url.Parse(address)
	if err != nil || parseErr != nil {
		return "", c.unavailable(provider.StepDiscovery, "endpoints", "", errors.New("no URL"))
	}
	q := u.Query()
	c.common(q, a, m)
	if c.dialect.parameters != nil {
		c.dialect.parameters(q, a, m)
	} else {
		openIDParameters(q, a, m)
	}
	u = c.place(u)
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20") // Apple shows a plus for an encoded blank
	return u.String(), nil
}

// common sets what every provider gets, over what a library may have written.
func (c *client) common(q url.Values, a provider.Attempt, m *metadata) {
	q.Set("response_type", "code")
	q.Set("client_id", c.options.ClientID)
	q.Set("redirect_uri", c.info.Callback)
	q.Set("scope", strings.Join(c.scopes, " "))
	q.Set("state", a.State)
	if c.pkce(m) {
		q.Set("code_challenge", oauth2.S256ChallengeFromVerifier(a.Verifier.Reveal()))
		q.Set("code_challenge_method", "S256")
	}
	if c.dialect.openID {
		q.Set("nonce", a.Nonce)
	}
}

func openIDParameters(q url.Values, a provider.Attempt, m *metadata) {
	if a.Prompt != "" && (m.Prompts == nil || slices.Contains(m.Prompts, a.Prompt)) {
		q.Set("prompt", a.Prompt)
	}
	if a.Hint != "" {
		q.Set("login_hint", a.Hint)
	}
}

// pkce tells whether the provider takes a challenge. A provider that lists methods without S256 may refuse an unknown parameter.
func (c *client) pkce(m *metadata) bool {
	switch c.options.PKCE {
	case "on":
		return true
	case "off":
		return false
	}
	return m.PKCEMethods == nil || slices.Contains(m.PKCEMethods, "S256")
}

// oauth is the library's view of the provider. The way of authentication is fixed: trying one after the other would burn the code and
// lose the first error.
func (c *client) oauth(m *metadata) *oauth2.Config {
	return &oauth2.Config{
		ClientID: c.options.ClientID, RedirectURL: c.info.Callback, Scopes: c.scopes,
		Endpoint: oauth2.Endpoint{AuthURL: m.AuthorizationEndpoint, TokenURL: m.TokenEndpoint, AuthStyle: c.authStyle(m)},
	}
}

func (c *client) authStyle(m *metadata) oauth2.AuthStyle {
	if c.options.Kind != OIDC || c.options.ClientSecret.IsZero() {
		return oauth2.AuthStyleInParams
	}
	switch c.options.TokenAuth {
	case "post":
		return oauth2.AuthStyleInParams
	case "basic":
		return oauth2.AuthStyleInHeader
	}
	if slices.Contains(m.AuthMethods, "client_secret_post") {
		return oauth2.AuthStyleInParams
	}
	return oauth2.AuthStyleInHeader
}
