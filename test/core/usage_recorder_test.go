package core_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// counted is what the database knows of a token.
func counted(t *testing.T, r *rig.Rig, token domain.AppToken) (uses, inHours int) {
	t.Helper()
	return r.Database.Int(t, "SELECT COALESCE(sum(use_count), 0) FROM token_use WHERE token_id = ?", string(token.ID)),
		r.Database.Int(t, "SELECT COALESCE(sum(use_count), 0) FROM usage_hours WHERE token_id = ?", string(token.ID))
}

func use(r *rig.Rig, token domain.AppToken) {
	r.Usage.Used(domain.Actor{Kind: domain.ActorService, Raw: true, AppToken: token.ID, Secret: token.Secrets[0].ID}, rig.From)
}

func TestUse(t *testing.T) {
	start := func(t *testing.T) (*rig.Rig, domain.AppToken) {
		t.Helper()
		r := rig.New(t)
		s, _ := r.Service(t, "shop", nil)
		token, _ := r.AppToken(t, s, nil)
		return r, token
	}
	wantCounted := func(t *testing.T, r *rig.Rig, token domain.AppToken, want int) {
		t.Helper()
		if uses, inHours := counted(t, r, token); uses != want || inHours != want {
			t.Errorf("%d uses, %d in hours, want %d", uses, inHours, want)
		}
	}

	t.Run("is written every ten seconds, and at the end", func(t *testing.T) {
		r, token := start(t)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.Usage.Run(ctx)
		}()
		var users sync.WaitGroup
		for range 50 {
			users.Go(func() { use(r, token) })
		}
		users.Wait()
		rig.Wait(t, "the recorder to sleep", func() bool { return r.Clock.Asleep() == 1 })
		wantCounted(t, r, token, 0)
		r.Clock.Move(10 * time.Second)
		rig.Wait(t, "the uses", func() bool { uses, _ := counted(t, r, token); return uses == 50 })
		r.Clock.Move(time.Hour)
		use(r, token)
		stop()
		<-done
		wantCounted(t, r, token, 51)
		if n := r.Database.Int(t, "SELECT count(*) FROM usage_hours"); n != 2 {
			t.Errorf("%d hours", n)
		}
	})

	t.Run("that was surely not written is kept", func(t *testing.T) {
		r, token := start(t)
		use(r, token)
		r.Store.Down()
		r.Usage.Flush(t.Context())
		r.Store.Up()
		use(r, token)
		r.Usage.Flush(t.Context())
		r.Usage.Flush(t.Context()) // nothing is left
		wantCounted(t, r, token, 2)
	})

	t.Run("that may have been written is dropped, and never doubled", func(t *testing.T) {
		r, token := start(t)
		use(r, token)
		r.Usage.Store = lostAnswers{r.Store}
		r.Usage.Flush(t.Context()) // it is written, and nobody knows
		r.Usage.Store = r.Store
		use(r, token)
		r.Usage.Flush(t.Context())
		wantCounted(t, r, token, 2)
	})

	t.Run("by an access token is none", func(t *testing.T) {
		r, token := start(t)
		r.Usage.Used(domain.Actor{Kind: domain.ActorService, AppToken: token.ID}, rig.From)
		r.Usage.Flush(t.Context())
		wantCounted(t, r, token, 0)
	})
}

// lostAnswers is a store of which no answer to a commit arrives.
type lostAnswers struct{ store.Store }

func (s lostAnswers) WithinTx(ctx context.Context, fn func(context.Context, *store.Tx) error) error {
	if err := s.Store.WithinTx(ctx, fn); err != nil {
		return err
	}
	return domain.ErrUnavailable.Because(errors.Join(store.ErrUnknownOutcome, context.DeadlineExceeded))
}
