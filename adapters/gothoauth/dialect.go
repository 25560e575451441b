package gothoauth

import (
	"context"
	"net/url"

	"golang.org/x/oauth2"

	"github.com/signet-auth/signet/ports/provider"
)

// dialect is what a kind of provider does its own way. Each kind has a file with its own.
type dialect struct {
	displayName string
	issuer      string
	scopes      []string
	// pinned are the endpoints where they are constants; nil: they are discovered.
	pinned   *metadata
	formPost bool
	openID   bool // there is an id_token

	// begin is the URL by goth; nil: by x/oauth2.
	begin func(state string) (string, error)
	// parameters replace those of the URL; nil: the prompt and the hint of OpenID providers.
	parameters func(q url.Values, a provider.Attempt, m *metadata)
	// issuers tells which iss of an id_token, or of a callback, are its own; nil: the metadata's.
	issuers func(iss string) bool
	// identify says who the person is by a verified id_token.
	identify func(ctx context.Context, l *login) (provider.Profile, error)
	// profile says who the person is if there is no id_token.
	profile func(ctx context.Context, l *login) (provider.Profile, error)
}

// login is the state of one Complete.
type login struct {
	calls    *calls
	metadata *metadata
	answer   provider.Answer
	token    *oauth2.Token
	claims   provider.Claims
}

func (c *client) dialectOf(kind Kind) dialect {
	switch kind {
	case Google:
		return c.google()
	case Microsoft:
		return c.microsoft()
	case Apple:
		return c.apple()
	case Discord:
		return c.discord()
	case GitHub:
		return c.github()
	case GitLab:
		return c.gitlab()
	case Facebook:
		return c.facebook()
	case OIDC:
	}
	return c.generic()
}
