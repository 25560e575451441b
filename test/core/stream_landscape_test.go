package core_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/app/stream"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// landscape is a replica with a service that follows.
type landscape struct {
	*rig.Rig

	service domain.Service
	token   domain.AppToken
	actor   domain.Actor
}

func newLandscape(t *testing.T, r *rig.Rig) *landscape {
	t.Helper()
	l := &landscape{Rig: r}
	l.service, _ = r.Service(t, "billing", []string{"invoice:read"})
	var text domain.Secret
	l.token, text = r.AppToken(t, l.service, func(*domain.AppToken) {})
	r.Clock.Move(30 * time.Minute) // so that what was just made is no news
	r.Poll(t)
	var err error
	if l.actor, err = r.Authenticator.Authenticate(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	r.Stream.Settings.Heartbeat = 10 * time.Millisecond
	return l
}

// change commits changes and has the replica hear of their numbers.
func (l *landscape) change(t *testing.T, tokens domain.Fact, subjects ...string) {
	t.Helper()
	l.Write(t, func(_ context.Context, tx *store.Tx) error {
		for _, s := range subjects {
			tx.Changed(domain.ChangeSession, s, tokens)
		}
		return nil
	})
	l.Poll(t)
}

// follower hears a stream.
type follower struct {
	heard  chan stream.Message
	stream *stream.Stream
	cursor string // of the last message that tells one
	stop   func()
}

func (l *landscape) follow(t *testing.T, cursor string) *follower {
	t.Helper()
	s, err := l.Stream.Open(t.Context(), stream.OpenInput{Actor: l.actor, Cursor: cursor})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	f := &follower{heard: make(chan stream.Message, 10_000), stream: s}
	go func() {
		defer close(done)
		defer s.Close()
		defer close(f.heard)
		s.Follow(ctx, func(m stream.Message) error {
			f.cursor = s.Cursor()
			f.heard <- m
			return nil
		})
	}()
	f.stop = func() { cancel(); <-done }
	t.Cleanup(f.stop)
	return f
}

// until is what is heard up to a message, which is the last word: "hello", "ready", "tick", "bye …", or a subject.
func (f *follower) until(t *testing.T, last string) (words []string) {
	t.Helper()
	late := time.After(10 * time.Second)
	for {
		select {
		case m, open := <-f.heard:
			if !open {
				t.Fatalf("it ended after %q, before %q", words, last)
			}
			switch {
			case m.Hello:
				words = append(words, "hello")
			case m.Ready:
				words = append(words, "ready")
			case m.Tick && last != "tick":
			case m.Tick:
				words = append(words, "tick")
			case m.Bye != "":
				words = append(words, "bye "+m.Bye)
			}
			for _, fact := range m.Facts {
				words = append(words, strings.TrimSuffix(fact.Kind+" "+fact.Subject, " "))
			}
			if len(words) > 0 && words[len(words)-1] == last {
				return words
			}
		case <-late:
			t.Fatalf("%q did not come after %q", last, words)
		}
	}
}

func (f *follower) hears(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, f.until(t, want[len(want)-1])); diff != "" {
		t.Errorf("(-want +heard)\n%s", diff)
	}
}

func newestPlace(t *testing.T, l *landscape) int64 { return place(t, l).Seq }

func place(t *testing.T, l *landscape) domain.FeedPlace {
	t.Helper()
	feed, err := l.DB.Read().Changes.After(t.Context(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	return domain.FeedPlace{Epoch: feed.Epoch, Begun: feed.Begun, Seq: feed.Max}
}
