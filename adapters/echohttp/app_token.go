package echohttp

import (
	"context"
	"errors"
	"net/http"

	"github.com/signet-auth/signet/domain"
)

const appTokenHeader = "X-App-Token"

var (
	errTwoAppTokens    = domain.ErrInvalidRequest.Saying("Send the application token once: as bearer, or in " + appTokenHeader)
	errAppTokenMissing = domain.ErrTokenMissing.Saying("Missing application token: send it as bearer or in " + appTokenHeader)
	errAppTokenInvalid = domain.ErrTokenInvalid.Saying("Invalid application token")
)

// tokenOf is the token of a request: the bearer or, where the operation takes it, the application token in its own header. Two different
// tokens are refused, because a proxy in front may have checked the other one.
func tokenOf(h http.Header, op Op) (domain.Secret, error) {
	bearer, err := bearerToken(h)
	if err != nil || op.Auth != AppTokenAuth && !op.AppTokenHeader {
		return bearer, op.refusal(err)
	}
	own, err := appTokenOf(h)
	if err != nil || own.IsZero() {
		return bearer, op.refusal(err)
	}
	if !bearer.IsZero() && bearer.Reveal() != own.Reveal() {
		return domain.Secret{}, errTwoAppTokens
	}
	return own, nil
}

// appTokenOf is the token in X-App-Token, zero where the header is missing.
func appTokenOf(h http.Header) (domain.Secret, error) {
	values := h[appTokenHeader]
	switch {
	case len(values) == 0:
		return domain.Secret{}, nil
	case len(values) > 1:
		return domain.Secret{}, errTwoAppTokens
	case len(values[0]) > maxToken || !isToken68(values[0]) || !domain.IsAppToken(domain.NewSecret(values[0])):
		return domain.Secret{}, errNoToken
	}
	return domain.NewSecret(values[0]), nil
}

// identify finds the actor of the token. An operation that wants an application token itself accepts no other token.
func (a *API) identify(ctx context.Context, caller Caller, op Op) (domain.Actor, error) {
	actor, err := a.authenticate(ctx, caller.Bearer)
	if err == nil && op.Auth == AppTokenAuth && !actor.Raw {
		err = domain.ErrTokenInvalid
	}
	return actor, op.refusal(err)
}

// missing is the refusal of a request without a token.
func (op Op) missing() error {
	switch op.Auth {
	case BearerAuth:
		return domain.ErrTokenMissing
	case AppTokenAuth:
		return errAppTokenMissing
	case NoAuth, OptionalAuth, UnverifiedAuth, ClientAuth, ClientOrBearerAuth:
	}
	return nil
}

// refusal is an error that says which kind of token the operation wants.
func (op Op) refusal(err error) error {
	if op.Auth != AppTokenAuth || !errors.Is(err, domain.ErrTokenInvalid) {
		return err
	}
	return errAppTokenInvalid.Because(errors.Unwrap(err))
}
