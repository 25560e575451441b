package run

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql/flask"
	"github.com/signet-auth/signet/app/apptoken"
	"github.com/signet-auth/signet/domain"
)

// newToken is a token that was made in the place of one of the Flask service, as it is handed out.
type newToken struct {
	Service   string     `json:"service"`
	Name      string     `json:"name"`
	ID        string     `json:"id"`
	Token     string     `json:"token"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// takeTokens makes tokens in the place of those that work: what is stored of the old ones is of no use here.
func (m *flaskImport) takeTokens() error {
	for _, t := range m.rest.Tokens {
		what := "application token " + shown64(t.Name)
		at, known := m.services[t.Service]
		switch {
		case !known:
			m.leave(what, "its service is not taken")
		case at.id == domain.PlatformID:
			m.leave(what, "auth_service itself has no application tokens here: make a service for what acts with it")
		case !t.Active || !t.ExpiresAt.IsZero() && !t.ExpiresAt.After(m.Base.System.Now()):
			m.leave(what, "it was switched off, or its time is over")
		default:
			if err := m.takeToken(what, t, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *flaskImport) takeToken(what string, t flask.Token, at flaskService) error {
	id := idOf[domain.AppTokenID](m, "app_tokens", t.ID)
	_, err := m.Base.Store.Read().AppTokens.ByID(m.ctx, id)
	if err == nil {
		m.there["application tokens"]++
		return nil
	}
	if !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	if m.DryRun {
		m.done["application tokens"]++
		return nil
	}
	made, err := m.AppTokens.Create(m.ctx, apptoken.CreateInput{
		Actor: domain.System(), ID: id, Service: string(at.id), Name: t.Name, End: apptoken.End{At: &t.ExpiresAt},
	})
	if err != nil {
		return m.refused(what, err)
	}
	m.done["application tokens"]++
	text, err := json.Marshal(newToken{at.key, made.Name, string(made.ID), made.Text.Reveal(), moment(made.ExpiresAt)})
	if err != nil {
		return err
	}
	_, err = m.out.Write(append(text, '\n'))
	return err
}
