package core_test

import (
	"testing"
	"time"

	"github.com/signet-auth/signet/app/stream"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestPolling(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	poll := func(cursor string, limit int, wait time.Duration) stream.PollOutput {
		t.Helper()
		out, err := l.Stream.Poll(t.Context(), stream.PollInput{
			OpenInput: stream.OpenInput{Actor: l.actor, Cursor: cursor}, Limit: limit, Wait: wait,
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	l.change(t, domain.TokensEnded, "a", "b", "c")
	first := poll("", 2, time.Minute)
	if len(first.Facts) != 2 || !first.More {
		t.Errorf("got %+v", first)
	}
	second := poll(first.Cursor, 2, time.Minute)
	if len(second.Facts) != 1 || second.More || second.CS != l.Feed.Applied() {
		t.Errorf("got %+v", second)
	}
	if third := poll(second.Cursor, 2, 0); len(third.Facts) != 0 {
		t.Errorf("got %+v", third)
	}
	done := make(chan stream.PollOutput)
	go func() { done <- poll(second.Cursor, 2, 25*time.Second) }()
	time.Sleep(20 * time.Millisecond)
	l.change(t, domain.TokensEnded, "d")
	if got := <-done; len(got.Facts) != 1 || got.Facts[0].Subject != "d" {
		t.Errorf("got %+v", got)
	}
}
