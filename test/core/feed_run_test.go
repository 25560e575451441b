package core_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/feed"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestFeedRun(t *testing.T) {
	// never is an interval that no test waits out, so that what is seen came by the wake-up.
	const never = time.Hour

	run := func(t *testing.T, f *feed.Follower) (stop func()) {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.Run(ctx)
		}()
		return func() {
			cancel()
			<-done
		}
	}

	t.Run("polls again and again", func(t *testing.T) {
		database, clock := rig.NewDatabase(t), rig.NewClock()
		r, e := listening(t, database, clock)
		r.Feed.Settings.Poll = time.Millisecond
		other := rig.On(t, database, clock)
		stop := run(t, r.Feed)
		defer stop()
		for _, subject := range []string{"a", "b"} {
			change(t, other, subject)
			rig.Wait(t, "the change", func() bool { return e.heardOf("session " + subject) })
		}
	})

	t.Run("is woken", func(t *testing.T) {
		database, clock := rig.NewDatabase(t), rig.NewClock()
		r, e := listening(t, database, clock)
		r.Feed.Settings.Poll = never
		r.Store.Reset()
		stop := run(t, r.Feed)
		defer stop()
		rig.Wait(t, "the first poll", func() bool { return r.Store.Count("Changes.After") > 0 })
		change(t, rig.On(t, database, clock), "far")
		r.Feed.Waker.Wake()
		rig.Wait(t, "the change", func() bool { return e.heardOf("session far") })
	})

	t.Run("reads a full feed at once", func(t *testing.T) {
		database, clock := rig.NewDatabase(t), rig.NewClock()
		r, e := listening(t, database, clock)
		r.Feed.Settings.Poll = never
		subjects := make([]string, 2001)
		for i := range subjects {
			subjects[i] = fmt.Sprintf("s%d", i)
		}
		change(t, rig.On(t, database, clock), subjects...)
		stop := run(t, r.Feed)
		defer stop()
		rig.Wait(t, "the last change", func() bool { return e.heardOf("session s2000") })
	})

	t.Run("goes on after failures, and says so", func(t *testing.T) {
		database, clock := rig.NewDatabase(t), rig.NewClock()
		r, e := listening(t, database, clock)
		r.Feed.Settings.Poll = time.Millisecond
		r.Store.Down()
		r.Store.Reset()
		stop := run(t, r.Feed)
		defer stop()
		rig.Wait(t, "two failures", func() bool { return r.Store.Count("Changes.After") >= 2 })
		change(t, rig.On(t, database, clock), "meanwhile")
		r.Store.Up()
		rig.Wait(t, "the change", func() bool { return e.heardOf("session meanwhile") })
		if r.Log.String() == "" {
			t.Error("nothing was logged")
		}
	})

	t.Run("stops with its context, without a word", func(t *testing.T) {
		r := rig.New(t)
		r.Feed.Settings.Poll = never
		var polls atomic.Int64
		polled := make(chan struct{}, 1)
		r.Store.After(func(string) {
			if polls.Add(1) == 1 {
				polled <- struct{}{}
			}
		})
		stop := run(t, r.Feed)
		<-polled
		stop() // returns only when Run has
		if r.Log.String() != "" {
			t.Errorf("logged: %s", r.Log)
		}
	})
}
