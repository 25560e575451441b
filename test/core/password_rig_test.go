package core_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

const fresh = "a fresh long passphrase"

// passwordBench is a watched rig with a user.
type passwordBench struct {
	*rig.Watched
	user domain.User
}

func newPasswordBench(t *testing.T) *passwordBench {
	t.Helper()
	w := rig.NewWatched(t)
	return &passwordBench{w, w.User(t, "ada@example.com")}
}

// link asks for a link and follows its mail.
func (b *passwordBench) link(t *testing.T, address string) domain.Secret {
	t.Helper()
	if err := b.Password.Forgot(t.Context(), password.ForgotInput{From: rig.From, Email: address}); err != nil {
		t.Fatal(err)
	}
	b.Settle(t)
	for _, m := range b.Inbox.List() {
		if len(m.Links) == 1 && strings.Contains(m.Links[0], "/reset/") {
			return domain.NewSecret(m.Links[0][strings.LastIndexByte(m.Links[0], '/')+1:])
		}
	}
	t.Fatal("no mail has a link")
	return domain.Secret{}
}

func (b *passwordBench) reset(t *testing.T, token domain.Secret, next string) error {
	t.Helper()
	return b.Password.Reset(t.Context(), password.ResetInput{From: rig.From, Token: token, Field: "new_password", Password: domain.NewSecret(next)})
}

// spent fails the test unless so much of each budget is gone, and so many hashes were made, since the last time it was asked.
func (b *passwordBench) spent(t *testing.T, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	for _, step := range b.Steps.Take() {
		switch what, name, _ := strings.Cut(step, " "); what {
		case "take":
			got[name]++
		case "return":
			got[name]--
		case "forgive": // all of them
			got[what+" "+name]++
		case "hash":
			got["hash"]++
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("spent (-want +got):\n%s", diff)
	}
}

// hash is the stored hash of the user's password.
func (b *passwordBench) hash(t *testing.T) string {
	t.Helper()
	return b.Database.Text(t, "SELECT COALESCE(password_hash, '') FROM users WHERE id = ?", string(b.user.ID))
}

// open is how many flows could still be used.
func (b *passwordBench) open(t *testing.T) int {
	t.Helper()
	return b.Database.Int(t, "SELECT count(*) FROM flows WHERE consumed_at IS NULL")
}

// replace changes the user's password directly in the store, together with the epoch, as a use case does.
func (b *passwordBench) replace(t *testing.T) {
	t.Helper()
	b.Principal(t, b.user.ID, func(p *domain.Principal) { p.ReplaceCredentials(b.Clock.Now()) })
}

func (b *passwordBench) disable(t *testing.T) {
	t.Helper()
	b.Principal(t, b.user.ID, func(p *domain.Principal) { p.State = domain.Disabled })
}

// breakTx makes the n-th transaction from now on fail.
func (b *passwordBench) breakTx(n int) {
	b.Store.Before(func(query string) error {
		if query == "WithinTx" {
			if n--; n == 0 {
				return domain.ErrUnavailable
			}
		}
		return nil
	})
}
