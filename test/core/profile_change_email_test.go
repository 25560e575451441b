package core_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// asking is a request of a user for an address, with the right password.
func asking(r *rig.Rig, u domain.User, to string) profile.ChangeEmailInput {
	return profile.ChangeEmailInput{Actor: r.Actor(u), From: rig.From, NewEmail: to, Password: domain.NewSecret(rig.Password)}
}

// asked makes a request, sends its mails, and returns the secret of its link; empty when there was none.
func asked(t *testing.T, r *rig.Rig, u domain.User, to string) domain.Secret {
	t.Helper()
	seen := len(r.Inbox.List())
	if err := r.Profile.ChangeEmail(t.Context(), asking(r, u, to)); err != nil {
		t.Fatal(err)
	}
	r.Settle(t)
	mails := r.Inbox.List()
	for _, m := range mails[:len(mails)-seen] {
		if len(m.Links) > 0 {
			return domain.NewSecret(m.Links[0][strings.LastIndexByte(m.Links[0], '/')+1:])
		}
	}
	return domain.Secret{}
}

func confirm(t *testing.T, r *rig.Rig, token domain.Secret) error {
	t.Helper()
	return r.Profile.ConfirmEmail(t.Context(), profile.ConfirmEmailInput{From: rig.From, Token: token})
}

func address(t *testing.T, r *rig.Rig, id domain.UserID) string {
	t.Helper()
	u, err := r.DB.Read().Users.ByID(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return u.Email.Mailbox()
}

func rows(t *testing.T, r *rig.Rig) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for _, table := range []string{"users", "registrations", "flows", "outbox", "audit_events", "event_pii", "changes", "login_failures"} {
		counts[table] = r.Database.Int(t, "SELECT count(*) FROM "+table)
	}
	return counts
}

func TestChangeEmail(t *testing.T) {
	t.Run("writes the same rows for a free address and a taken one", func(t *testing.T) {
		want := map[string]int{"users": 0, "registrations": 0, "flows": 1, "outbox": 2, "audit_events": 1, "event_pii": 1, "changes": 0, "login_failures": 0}
		for _, to := range []string{"free@example.com", "taken@example.com"} {
			r := rig.New(t)
			u := r.User(t, "ada@example.com")
			r.User(t, "taken@example.com")
			before := rows(t, r)
			if err := r.Profile.ChangeEmail(t.Context(), asking(r, u, to)); err != nil {
				t.Fatal(err)
			}
			after := rows(t, r)
			for table := range after {
				after[table] -= before[table]
			}
			if diff := cmp.Diff(want, after); diff != "" {
				t.Errorf("%s: %s", to, diff)
			}
		}
	})

	t.Run("that fails gives the budget of its mail back", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		r.Settings.Guard.Limits.Mail.Burst = 1
		r.Rebuild(t)
		transactions := 0
		r.Store.Before(func(query string) error {
			if query == "WithinTx" {
				transactions++
				return domain.ErrUnavailable
			}
			return nil
		})
		is(t, "while the database is away", r.Profile.ChangeEmail(t.Context(), asking(r, u, "new@example.com")), domain.ErrUnavailable)
		r.Store.Up()
		if token := asked(t, r, u, "new@example.com"); token.IsZero() || transactions != 1 {
			t.Errorf("the budget is gone after %d transactions", transactions)
		}
	})

	t.Run("during whose hash the credentials changed is refused", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		var once bool
		r.Store.After(func(query string) {
			if query == "Users.Candidate" && !once { // the last read before the hash
				once = true
				r.Principal(t, u.ID, func(p *domain.Principal) { p.CredentialEpoch++ })
			}
		})
		is(t, "it", r.Profile.ChangeEmail(t.Context(), asking(r, u, "new@example.com")), domain.ErrInvalidCredentials)
		if n := rows(t, r)["flows"]; n != 0 {
			t.Errorf("%d flows", n)
		}
	})
}

func TestTheMailsOfAChange(t *testing.T) {
	t.Run("of an older request are not sent when a newer one came first, whatever order they are taken in", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		for _, to := range []string{"older@example.com", "newer@example.com"} {
			if err := r.Profile.ChangeEmail(t.Context(), asking(r, u, to)); err != nil {
				t.Fatal(err)
			}
		}
		r.Settle(t)
		var linked []string
		for _, m := range r.Inbox.List() {
			if len(m.Links) > 0 {
				linked = append(linked, m.To)
			}
		}
		if diff := cmp.Diff([]string{"newer@example.com"}, linked); diff != "" {
			t.Error(diff)
		}
	})

	t.Run("of a deleted account are not sent to the new address", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		if err := r.Profile.ChangeEmail(t.Context(), asking(r, u, "new@example.com")); err != nil {
			t.Fatal(err)
		}
		r.Principal(t, u.ID, func(p *domain.Principal) { p.State = domain.Deleted })
		r.Settle(t)
		for _, m := range r.Inbox.List() {
			if m.To == "new@example.com" {
				t.Errorf("got %q", m.Subject)
			}
		}
	})
}

func TestConfirmEmail(t *testing.T) {
	t.Run("notes the old address apart, where an erasure finds it, and counts as other credentials", func(t *testing.T) {
		r := rig.New(t)
		is(t, "confirm", confirm(t, r, asked(t, r, r.User(t, "ada@example.com"), "new@example.com")), nil)
		if n := r.Database.Int(t, "SELECT credential_epoch FROM principals WHERE kind = 'user'"); n != 1 {
			t.Errorf("the epoch is %d", n)
		}
		events := r.Events(t, domain.EventUserEmailChanged)
		if len(events) != 1 || events[0].Trace.Identifier != "ada@example.com" || len(events[0].Details) != 0 {
			t.Errorf("got %+v", events)
		}
	})

	t.Run("of an address that was taken meanwhile is used up and says no more than of any other", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		token := asked(t, r, u, "new@example.com")
		other := r.User(t, "new@example.com")
		is(t, "confirm", confirm(t, r, token), domain.ErrInvalidToken)
		r.Principal(t, other.ID, func(p *domain.Principal) { p.State = domain.Deleted })
		is(t, "when it is free again", confirm(t, r, token), domain.ErrInvalidToken)
		if got := address(t, r, u.ID); got != "ada@example.com" {
			t.Errorf("the address is %s", got)
		}
	})

	t.Run("is bound to its flow: a payload of another opens nothing (RG-10)", func(t *testing.T) {
		r := rig.New(t)
		ada, eve := r.User(t, "ada@example.com"), r.User(t, "eve@example.com")
		token := asked(t, r, ada, "new@example.com")
		asked(t, r, eve, "evil@example.com")
		r.Database.Exec(t, "UPDATE flows SET payload = (SELECT payload FROM flows WHERE subject = ?) WHERE subject = ?", string(eve.ID), string(ada.ID))
		is(t, "confirm", confirm(t, r, token), domain.ErrInvalidToken)
	})

	t.Run("under another SECRET_KEY is no failure of ours", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		token := asked(t, r, u, "new@example.com")
		r.Proofs = proof.New(r.Base, r.Guard, rig.Sealer(t, "c29tZSBvdGhlciBzZWNyZXQgb2YgYSBtYWNoaW5lIG5leHQgdG8"), r.Settings.Proofs)
		r.Profile = profile.New(r.Base, r.Guard, r.Proofs, r.Reauth)
		is(t, "confirm", confirm(t, r, token), domain.ErrInvalidToken)
	})

	t.Run("counts guesses against the block, and a right one not", func(t *testing.T) {
		r := rig.New(t)
		r.Ports.Limiter = memory.NewLimiter(r.Clock.Now)
		r.Settings.Guard.Limits.Block.Burst = 2
		r.Rebuild(t)
		token := asked(t, r, r.User(t, "ada@example.com"), "new@example.com")
		is(t, "a guess", confirm(t, r, domain.NewSecret("guess")), domain.ErrInvalidToken)
		is(t, "the right one", confirm(t, r, token), nil)
		is(t, "a guess", confirm(t, r, token), domain.ErrInvalidToken)
		is(t, "one too many", confirm(t, r, token), domain.ErrRateLimited)
	})

	t.Run("loses to a registration that takes the address without asking for its lock", func(t *testing.T) {
		r := rig.New(t)
		u := r.User(t, "ada@example.com")
		token := asked(t, r, u, "new@example.com")
		r.Store.After(func(query string) {
			if query == "Flows.BySecret" {
				r.Store.After(nil)
				other := domain.NewUser(domain.UserID(r.System.NewID()), rig.Email(t, "new@example.com"), "", domain.PersonName{}, r.Clock.Now())
				r.Write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, other) })
			}
		})
		is(t, "confirm", confirm(t, r, token), domain.ErrInvalidToken)
		if got := address(t, r, u.ID); got != "ada@example.com" {
			t.Errorf("the address is %s", got)
		}
	})
}
