package core_test

import (
	"context"
	"errors"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// accessToken is a rig with a user, a session and a platform token of it.
func accessToken(t *testing.T) (*rig.Rig, domain.User, domain.Session, domain.Secret) {
	t.Helper()
	r := rig.New(t)
	u := r.User(t, "ada@example.com")
	s, token := r.Session(t, u, r.Platform(t))
	r.Poll(t)
	r.Store.Reset()
	return r, u, s, token
}

func authenticate(t *testing.T, r *rig.Rig, token domain.Secret) (domain.Actor, error) {
	t.Helper()
	return r.Authenticator.Authenticate(t.Context(), token)
}

// accepted fails the test unless the token is.
func accepted(t *testing.T, r *rig.Rig, token domain.Secret) {
	t.Helper()
	if _, err := authenticate(t, r, token); err != nil {
		t.Fatalf("a good token: %v", err)
	}
}

// refused fails the test unless the token is refused as an ended one, or as one that Signet never made.
func refused(t *testing.T, r *rig.Rig, token domain.Secret, forged bool) {
	t.Helper()
	_, err := authenticate(t, r, token)
	if !errors.Is(err, domain.ErrTokenInvalid) || errors.Is(err, domain.ErrForged) != forged {
		t.Errorf("got %v, want a refusal, forged: %v", err, forged)
	}
}

// changeService changes a service, and says so to everybody.
func changeService(t *testing.T, r *rig.Rig, s domain.Service, change func(*domain.Service)) {
	t.Helper()
	r.Write(t, func(ctx context.Context, tx *store.Tx) error {
		now, err := tx.Services.ByID(ctx, s.ID)
		if err != nil {
			return err
		}
		change(&now)
		tx.Changed(domain.ChangeService, string(s.ID), domain.TokensStale)
		return tx.Services.Update(ctx, now)
	})
}
