package auth

import (
	"context"
	"testing"
)

func TestTurns(t *testing.T) {
	t.Run("who comes during a turn waits for its end, and then goes ahead", func(t *testing.T) {
		var turns turns
		end := turns.take(t.Context(), "a")
		passed := make(chan struct{})
		for range 10 {
			go func() {
				turns.take(t.Context(), "a")()
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
		defer turns.take(t.Context(), "a")()
		turns.take(t.Context(), "b")()
	})
	t.Run("who hangs up stops waiting", func(t *testing.T) {
		var turns turns
		defer turns.take(t.Context(), "a")()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		turns.take(ctx, "a")()
	})
}
