package domain_test

import (
	"testing"

	"github.com/signet-auth/signet/domain"
)

func TestEvent(t *testing.T) {
	actor := domain.Actor{Kind: domain.ActorUser, ID: "p", SessionID: sessionID, TokenID: "jti"}
	from := domain.Origin{IP: "192.0.2.1", UserAgent: "curl", RequestID: "r"}
	e := domain.NewEvent(domain.EventGrantAdded, actor, from, "user", "u").Stamped("e", epoch)

	t.Run("says who did what to whom, and keeps what identifies a person apart", func(t *testing.T) {
		wantEqual(t, e, domain.Event{
			ID: "e", At: epoch, Type: domain.EventGrantAdded, Outcome: domain.Succeeded, ActorKind: domain.ActorUser, ActorID: "p",
			SubjectKind: "user", SubjectID: "u", SessionID: sessionID, RequestID: "r", Trace: domain.Trace{IP: "192.0.2.1", UserAgent: "curl"},
		})
	})
	t.Run("takes details by copy: two events never share them", func(t *testing.T) {
		a := e.With("role", "clerk")
		b := a.With("role", "admin").With("until", "never")
		wantEqual(t, e.Details, nil)
		wantEqual(t, a.Details, map[string]string{"role": "clerk"})
		wantEqual(t, b.Details, map[string]string{"role": "admin", "until": "never"})
	})
}
