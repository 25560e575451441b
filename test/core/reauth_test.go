package core_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/reauth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// reauthActor is a watched rig with a user who is logged in.
func reauthActor(t *testing.T) (*rig.Watched, domain.User, domain.Actor) {
	t.Helper()
	w := rig.NewWatched(t)
	u := w.User(t, "ada@example.com")
	return w, u, w.Actor(u)
}

func require(ctx context.Context, w *rig.Watched, actor domain.Actor, password string) (domain.User, error) {
	return w.Reauth.Require(ctx, actor, rig.From, reauth.Proof{Field: "current_password", Password: domain.NewSecret(password)})
}

func failures(t *testing.T, w *rig.Watched) int {
	t.Helper()
	return w.Database.Int(t, "SELECT coalesce(sum(failures), 0) FROM login_failures")
}

func TestTheStepsOfAProof(t *testing.T) {
	for name, row := range map[string]struct {
		password string
		busy     error
		want     error
		steps    []string
		failures int
	}{
		"are those of a login": {
			rig.Password, nil, nil,
			[]string{"Users.ByID", "take failures", "take login", "reserve", "Users.Candidate", "verify", "return login", "return failures"},
			0,
		},
		"keep the budget of a wrong password": {
			"wrong", nil, domain.ErrInvalidCredentials,
			[]string{"Users.ByID", "take failures", "take login", "reserve", "Users.Candidate", "verify"},
			1,
		},
		"give the budget back when it is shed": {
			"wrong", domain.ErrBusy, domain.ErrBusy,
			[]string{"Users.ByID", "take failures", "take login", "reserve", "return login", "return failures"},
			0,
		},
		"are none without a password": {
			"", nil, domain.ErrInvalidFields(domain.Required("current_password")), []string{"Users.ByID"}, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, _, actor := reauthActor(t)
			w.Queries("Users.ByID", "Users.Candidate")
			w.Hasher.BeforeReserve = func() error { return row.busy }
			_, err := require(t.Context(), w, actor, row.password)
			is(t, "require", err, row.want)
			if diff := cmp.Diff(row.steps, w.Steps.Take()); diff != "" {
				t.Error(diff)
			}
			if n := failures(t, w); n != row.failures {
				t.Errorf("%d failures", n)
			}
		})
	}
}

func TestAGuessCountsWhoseCallerHungUp(t *testing.T) {
	w, _, actor := reauthActor(t)
	ctx, hangUp := context.WithCancel(t.Context())
	w.Hasher.AfterVerify = func(string) { hangUp() }
	_, err := require(ctx, w, actor, "wrong")
	is(t, "require", err, domain.ErrInvalidCredentials)
	if n := failures(t, w); n != 1 {
		t.Errorf("%d failures", n)
	}
}

func TestTheAnswerHasTheEpochOfBeforeTheHash(t *testing.T) {
	w, u, actor := reauthActor(t)
	w.Hasher.AfterVerify = func(string) {
		w.Principal(t, u.ID, func(p *domain.Principal) { p.ReplaceCredentials(w.Clock.Now()) })
	}
	got, err := require(t.Context(), w, actor, rig.Password)
	is(t, "require", err, nil)
	w.Write(t, func(ctx context.Context, tx *store.Tx) error {
		principal, err := tx.Principals.Lock(ctx, u.ID.Principal())
		if err == nil && principal.CredentialEpoch == got.CredentialEpoch {
			t.Error("the caller can't see that the password was changed meanwhile")
		}
		return err
	})
}

func TestTheAccountIsThatOfTheTokenThoughItsAddressIsAnothersNow(t *testing.T) {
	w, u, actor := reauthActor(t)
	w.Store.After(func(query string) {
		if query == "Users.ByID" { // the address moves on, and somebody else takes it
			w.Store.After(nil)
			w.Database.Exec(t, "UPDATE users SET email = 'old@example.com', email_canonical = 'old@example.com' WHERE id = ?", string(u.ID))
			w.User(t, "ada@example.com")
		}
	})
	_, err := require(t.Context(), w, actor, rig.Password) // which both have
	is(t, "require", err, domain.ErrInvalidCredentials)
}

func TestAnAccountThatIsGoneOrDisabledMeanwhileIsRefused(t *testing.T) {
	for state, want := range map[domain.PrincipalState]error{domain.Deleted: domain.ErrTokenInvalid, domain.Disabled: domain.ErrInvalidCredentials} {
		w, u, actor := reauthActor(t)
		w.Principal(t, u.ID, func(p *domain.Principal) { p.State = state })
		_, err := require(t.Context(), w, actor, rig.Password)
		is(t, string(state), err, want)
	}
}

func TestStrangersCostNoQuery(t *testing.T) {
	w, _, actor := reauthActor(t)
	elsewhere := actor
	elsewhere.Audience = "shop"
	w.Store.Reset()
	for _, row := range []struct {
		actor domain.Actor
		want  error
	}{{domain.Anonymous(), domain.ErrTokenMissing}, {domain.System(), domain.ErrTokenMissing}, {elsewhere, domain.ErrWrongAudience}} {
		_, err := require(t.Context(), w, row.actor, rig.Password)
		is(t, "require", err, row.want)
	}
	if n := w.Store.Count(); n != 0 {
		t.Errorf("%d queries", n)
	}
}
