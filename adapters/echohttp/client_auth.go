package echohttp

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/signet-auth/signet/domain"
)

// ClientForm is a request whose form may have the credentials of a client.
type ClientForm interface {
	Client() (id, secret string)
}

var errTwoClients = domain.ErrInvalidRequest.Saying("Authenticate in one way: by HTTP Basic, in the form, or by bearer where that is taken")

// credentials are what a client authenticates with.
type credentials struct {
	id     string
	secret domain.Secret
	bearer bool
}

// admitClient authenticates the client after the request was read, and counts the call.
func (a *API) admitClient(ctx context.Context, ex *exchange, caller *Caller, op Op, request any) error {
	form, ok := request.(ClientForm)
	if !ok {
		return domain.ErrInvalidClient
	}
	sent, err := clientCredentials(caller.request.Header, op, form)
	if err != nil {
		return err
	}
	actor, err := a.authenticate(ctx, sent.secret)
	if err == nil && !sent.bearer && !actor.Raw {
		err = domain.ErrTokenInvalid
	}
	if errors.Is(err, domain.ErrTokenInvalid) {
		err = domain.ErrInvalidClient.Because(errors.Unwrap(err)) // a forgery counts like one
	}
	if err != nil {
		return err
	}
	caller.Actor, caller.ClientID, ex.admitted = actor, sent.id, true
	if actor.Raw {
		a.used(actor, caller.Origin)
	}
	if op.Unmetered {
		return nil
	}
	return a.throttle.takeAuthenticated(ctx, actor)
}

// clientCredentials finds the credentials, which a client must send in exactly one way (RFC 6749 §2.3). A client_id in addition must be the
// same.
func clientCredentials(h http.Header, op Op, form ClientForm) (credentials, error) {
	var sent []credentials
	id, secret := form.Client()
	if secret != "" {
		sent = append(sent, credentials{id: id, secret: domain.NewSecret(secret)})
	}
	basic, err := basicCredentials(h)
	if err != nil {
		return credentials{}, err
	}
	if !basic.secret.IsZero() {
		if id != "" && id != basic.id {
			return credentials{}, errTwoClients
		}
		sent = append(sent, basic)
	}
	if op.Auth == ClientOrBearerAuth {
		token, err := bearerToken(h)
		if err != nil {
			return credentials{}, domain.ErrInvalidClient.Because(errors.Unwrap(err))
		}
		if !token.IsZero() {
			sent = append(sent, credentials{id: id, secret: token, bearer: true})
		}
	}
	switch {
	case len(sent) > 1:
		return credentials{}, errTwoClients
	case len(sent) == 0, sent[0].id == "" && !sent[0].bearer:
		return credentials{}, domain.ErrInvalidClient
	}
	return sent[0], nil
}

// basicCredentials reads HTTP Basic, whose parts are form-encoded (RFC 6749 §2.3.1). They are zero if the header has another scheme.
func basicCredentials(h http.Header) (credentials, error) {
	values := h["Authorization"]
	if len(values) > 1 {
		return credentials{}, errTwoAuthorizations
	}
	if len(values) == 0 {
		return credentials{}, nil
	}
	scheme, encoded, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Basic") {
		return credentials{}, nil
	}
	if len(encoded) > maxToken {
		return credentials{}, domain.ErrInvalidClient
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	if err != nil {
		return credentials{}, domain.ErrInvalidClient
	}
	name, password, ok := strings.Cut(string(text), ":")
	id, idErr := url.QueryUnescape(name)
	secret, secretErr := url.QueryUnescape(password)
	if !ok || idErr != nil || secretErr != nil || id == "" || secret == "" {
		return credentials{}, domain.ErrInvalidClient
	}
	return credentials{id: id, secret: domain.NewSecret(secret)}, nil
}
