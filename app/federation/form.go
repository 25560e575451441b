package federation

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// formTTL is how long a provider's post may take from the intermediate page to the callback.
const formTTL = 2 * time.Minute

// posted is what a provider posted. It holds a code and a name, so it is sealed in our address.
type posted struct {
	State, Code, Issuer, Error, ErrorDescription, User string
	At                                                 time.Time
}

func formPlace(name string) string { return "address/oauth/" + name }

// SealForm turns what a provider posted into one parameter. It checks nothing: the callback does.
func (s *Service) SealForm(_ context.Context, name, state string, a provider.Answer) (string, error) {
	plain, err := json.Marshal(posted{
		State: state, Code: a.Code.Reveal(), Issuer: a.Issuer, Error: a.Error, ErrorDescription: a.ErrorDescription, User: a.User,
		At: s.System.Now(),
	})
	if err != nil {
		return "", err
	}
	sealed, err := s.sealer.Seal(formPlace(name), plain)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

// OpenForm reads such a parameter. It returns domain.ErrInvalidState for anything that SealForm did not make for this provider in the last
// minutes.
func (s *Service) OpenForm(name, form string) (state string, a provider.Answer, err error) {
	refusal := domain.ErrInvalidState.Because(domain.ErrForged)
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(form)
	if err != nil {
		return "", a, refusal
	}
	plain, err := s.sealer.Open(formPlace(name), sealed)
	if err != nil {
		return "", a, refusal
	}
	var p posted
	if err := json.Unmarshal(plain, &p); err != nil {
		return "", a, refusal
	}
	if s.System.Now().Sub(p.At) > formTTL {
		return "", a, domain.ErrInvalidState
	}
	return p.State, provider.Answer{
		Code: domain.NewSecret(p.Code), Issuer: p.Issuer, Error: p.Error, ErrorDescription: p.ErrorDescription, User: p.User,
	}, nil
}
