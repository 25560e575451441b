package auth

import (
	"context"
	"testing"

	"github.com/signet-auth/signet/domain"
)

func take(ctx context.Context, turns *turns, id domain.FamilyID) (end func()) {
	end, _ = turns.take(ctx, id)
	return end
}

func TestTurns(t *testing.T) {
	t.Run("who comes during a turn waits for its end, and then goes ahead", func(t *testing.T) {
		var turns turns
		end, first := turns.take(t.Context(), "a")
		if !first {
			t.Error("the first is not told so")
		}
		passed := make(chan struct{})
		for range 10 {
			go func() {
				take(t.Context(), &turns, "a")()
				passed <- struct{}{}
			}()
		}
		select {
		case <-passed:
			t.Fatal("somebody did not wait")
		default:
		}
		end()
		for range 10 {
			<-passed
		}
		if len(turns.busy) != 0 {
			t.Errorf("%d families are remembered", len(turns.busy))
		}
	})
	t.Run("families don't wait for each other", func(t *testing.T) {
		var turns turns
		defer take(t.Context(), &turns, "a")()
		take(t.Context(), &turns, "b")()
	})
	t.Run("who hangs up stops waiting", func(t *testing.T) {
		var turns turns
		defer take(t.Context(), &turns, "a")()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		end, first := turns.take(ctx, "a")
		end()
		if first {
			t.Error("who waited takes itself for the first")
		}
	})
}
