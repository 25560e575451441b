package stream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

func TestFollowing(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	l.change(t, domain.TokensEnded, "old")
	l.change(t, domain.TokensUnaffected, "nobody's business")

	first := l.follow(t, "")
	first.hears(t, "hello", "session old", "ready")
	l.change(t, domain.TokensStale, "new", "newer")
	first.hears(t, "session new", "session newer")
	first.hears(t, "tick")
	first.stop()
	l.change(t, domain.TokensEnded, "meanwhile")

	t.Run("a cursor continues where the stream was cut", func(t *testing.T) {
		l.follow(t, first.cursor).hears(t, "hello", "session meanwhile", "ready")
	})
	t.Run("a cursor of a replica that is ahead is reached first", func(t *testing.T) {
		other := rig.On(t, l.Database, l.Clock)
		l.Write(t, func(_ context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeSession, "ahead", domain.TokensEnded)
			return nil
		})
		other.Poll(t)
		ahead := (&landscape{Rig: other, actor: l.actor}).follow(t, "")
		ahead.until(t, "ready")
		l.follow(t, ahead.cursor).hears(t, "hello", "ready")
	})
	t.Run("without one, a change is sent for as long as a token may live that it concerns", func(t *testing.T) {
		l.Clock.Move(15*time.Minute + time.Minute + 10*time.Minute + time.Second)
		l.Poll(t)
		l.change(t, domain.TokensEnded, "young")
		l.follow(t, "").hears(t, "hello", "session young", "ready")
		l.follow(t, first.cursor).hears(t, "hello", "session young", "ready") // one that is too old is the same
	})
}

func TestFollowingFromOutOfMemory(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	subjects := make([]string, 2500)
	for i := range subjects {
		subjects[i] = fmt.Sprint("s", i)
	}
	l.follow(t, "").until(t, "ready")
	first := l.follow(t, "")
	first.until(t, "ready")
	first.stop()
	l.change(t, domain.TokensEnded, subjects...)
	for l.Feed.Applied() < newest(t, l) {
		l.Poll(t)
	}
	l.Stream.Flush(place(t, l)) // memory is empty: the table has them
	words := l.follow(t, first.cursor).until(t, "ready")
	if len(words) != len(subjects)+2 || words[1] != "session s0" || words[len(words)-2] != "session s2499" {
		t.Errorf("%d words, from %q", len(words), words[:2])
	}
}

func newest(t *testing.T, l *landscape) int64 { return place(t, l).Seq }

func place(t *testing.T, l *landscape) domain.FeedPlace {
	t.Helper()
	feed, err := l.DB.Read().Changes.After(t.Context(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	return domain.FeedPlace{Epoch: feed.Epoch, Begun: feed.Begun, Seq: feed.Max}
}

func TestNumbersThatBeginAnew(t *testing.T) {
	restore := func(t *testing.T, l *landscape) {
		t.Helper()
		l.Write(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.Restoration.BeginEpoch(ctx, "", l.System.NewID(), l.Clock.Now())
		})
		l.Poll(t)
	}
	t.Run("are told to an open stream", func(t *testing.T) {
		l := newLandscape(t, rig.New(t))
		f := l.follow(t, "")
		f.hears(t, "hello", "ready")
		restore(t, l)
		f.hears(t, "reset", "ready")
		l.change(t, domain.TokensEnded, "after")
		f.hears(t, "session after")
	})
	t.Run("are told to a cursor from before, and to a follower without one while tokens from before may live", func(t *testing.T) {
		l := newLandscape(t, rig.New(t))
		f := l.follow(t, "")
		f.hears(t, "hello", "ready")
		f.stop()
		restore(t, l)
		l.follow(t, f.cursor).hears(t, "hello", "reset", "ready")
		young := l.follow(t, "")
		young.hears(t, "hello", "reset", "ready")
		young.stop()
		l.follow(t, young.cursor).hears(t, "hello", "ready")
		l.Clock.Move(16 * time.Minute)
		l.Poll(t)
		l.follow(t, "").hears(t, "hello", "ready")
	})
	t.Run("are told when a failover lost commits, and all replicas agree on the new epoch", func(t *testing.T) {
		l := newLandscape(t, rig.New(t))
		other := rig.On(t, l.Database, l.Clock)
		l.change(t, domain.TokensEnded, "a", "b", "lost")
		other.Poll(t)
		f := l.follow(t, "")
		f.until(t, "ready")
		before := place(t, l)
		l.Database.Exec(t, fmt.Sprintf("DELETE FROM changes WHERE seq = %d", before.Seq))
		l.Poll(t)
		f.hears(t, "reset", "session a", "session b")
		other.Poll(t)
		if after := place(t, l); after.Epoch == before.Epoch || after.Begun.IsZero() {
			t.Errorf("the epoch is %+v", after)
		} else if other.Poll(t); place(t, l).Epoch != after.Epoch {
			t.Error("the other replica began one more")
		}
	})
}

func TestACursorIsOfOneServiceAndGenuine(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	f := l.follow(t, "")
	f.until(t, "ready")
	for name, in := range map[string]stream.OpenInput{
		"of another service": {Actor: func() domain.Actor { a := l.actor; a.ID = domain.PlatformID.Principal(); return a }(), Cursor: f.cursor},
		"changed":            {Actor: l.actor, Cursor: f.cursor[:len(f.cursor)-1] + "A"},
		"made up":            {Actor: l.actor, Cursor: "sgcu_1"},
	} {
		if _, err := l.Stream.Open(t.Context(), in); !errors.Is(err, domain.ErrInvalidCursor) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(f.cursor) > 96 {
		t.Errorf("a cursor has %d bytes", len(f.cursor))
	}
}

func TestOnlyServicesFollow(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	user := l.SignedIn(t, l.User(t, "ann@example.com"))
	elsewhere := l.actor
	elsewhere.Raw, elsewhere.Audience = false, "other"
	for want, a := range map[*domain.Error]domain.Actor{domain.ErrForbidden: user, domain.ErrWrongAudience: elsewhere} {
		if _, err := l.Stream.Open(t.Context(), stream.OpenInput{Actor: a}); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

func TestAStreamEndsWithItsCredential(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, l *landscape){
		"revoked": func(t *testing.T, l *landscape) {
			t.Helper()
			l.Write(t, func(ctx context.Context, tx *store.Tx) error {
				l.token.Revoke(l.Clock.Now())
				tx.Changed(domain.ChangeAppToken, string(l.token.ID), domain.TokensEnded)
				return tx.AppTokens.Update(ctx, l.token)
			})
			l.Poll(t)
		},
		"its secret rotated away": func(t *testing.T, l *landscape) {
			t.Helper()
			l.Write(t, func(ctx context.Context, tx *store.Tx) error {
				l.token.Secrets[0].ExpiresAt = l.Clock.Now()
				tx.Changed(domain.ChangeAppToken, string(l.token.ID), domain.TokensUnaffected)
				return tx.AppTokens.Update(ctx, l.token)
			})
			l.Poll(t)
		},
		"expired": func(t *testing.T, l *landscape) {
			t.Helper()
			l.Write(t, func(ctx context.Context, tx *store.Tx) error {
				l.token.ExpiresAt = l.Clock.Now().Add(5 * time.Second)
				tx.Changed(domain.ChangeAppToken, string(l.token.ID), domain.TokensStale)
				return tx.AppTokens.Update(ctx, l.token)
			})
			l.Poll(t)
			l.Clock.Move(5 * time.Second) // less than a replica without a poll keeps its streams
			l.Poll(t)
		},
		"of a service that is off": func(t *testing.T, l *landscape) {
			t.Helper()
			l.Principal(t, domain.UserID(l.service.ID), func(p *domain.Principal) { p.Disable("off", time.Time{}, l.Clock.Now()) })
			l.Poll(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLandscape(t, rig.New(t))
			f := l.follow(t, "")
			f.until(t, "ready")
			end(t, l)
			f.until(t, "bye "+stream.ByeToken)
		})
	}
}

func TestPlaces(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	l.Stream.Settings.Places, l.Stream.Settings.PerService = 3, 2
	open := func() (*stream.Stream, error) {
		return l.Stream.Open(t.Context(), stream.OpenInput{Actor: l.actor})
	}
	refused := func(why string) {
		t.Helper()
		var e *domain.Error
		if _, err := open(); !errors.As(err, &e) || !errors.Is(err, domain.ErrBusy) || e.RetryAfter < time.Second || e.RetryAfter > 10*time.Second {
			t.Errorf("%s: %v", why, err)
		}
	}
	var held []*stream.Stream
	for range 2 {
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, s)
	}
	refused("the third of one service")
	held[0].Close()
	s, err := open()
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	l.Stream.Drain()
	refused("while draining")
}

func TestAStoppingReplicaEndsItsStreams(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	f := l.follow(t, "")
	f.until(t, "ready")
	l.Stream.Drain()
	f.until(t, "bye "+stream.ByeShutdown)
}

func TestAStreamIsRenewed(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	l.Stream.Settings.Life = 30 * time.Millisecond
	l.follow(t, "").until(t, "bye "+stream.ByeRenew)
}

func TestATickMeansThatNothingWasMissed(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	f := l.follow(t, "")
	f.until(t, "tick")
	l.Clock.Move(2*time.Second + time.Millisecond) // since the last poll
	time.Sleep(50 * time.Millisecond)              // ticks that were under way
	for len(f.heard) > 0 {
		<-f.heard
	}
	time.Sleep(100 * time.Millisecond)
	if len(f.heard) > 0 {
		t.Error("it ticks while the feed is not read")
	}
	if _, err := l.Stream.Poll(t.Context(), stream.PollInput{OpenInput: stream.OpenInput{Actor: l.actor, Cursor: f.cursor}, Limit: 10}); !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("a poll says that nothing happened: %v", err)
	}
	l.Clock.Move(8 * time.Second)
	f.until(t, "bye "+stream.ByeFeed)
}

func TestAFollowerThatReadsTooSlowly(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	s, err := l.Stream.Open(t.Context(), stream.OpenInput{Actor: l.actor})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var words []string
	next := place(t, l).Seq
	s.Follow(t.Context(), func(m stream.Message) error {
		if m.Ready { // while it is busy with this, more happens than memory holds
			for range 20_001 {
				next++
				l.Stream.Changed(domain.Change{Seq: next, Kind: domain.ChangeSession, Subject: "x", Tokens: domain.TokensEnded, At: l.Clock.Now()})
			}
		}
		words = append(words, m.Bye)
		return nil
	})
	if last := words[len(words)-1]; last != stream.ByeSlow {
		t.Errorf("it ended with %q", last)
	}
}

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

// TestNoFollowerMissesAnything has many writers, and followers that are cut again and again while the first one makes the replica begin to
// keep changes in memory.
func TestNoFollowerMissesAnything(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	const writes, followers = 200, 8
	written := make(chan struct{})
	go func() {
		defer close(written)
		for i := range writes {
			l.change(t, domain.TokensEnded, fmt.Sprint("w", i))
		}
	}()
	results := make(chan []string, followers)
	for n := range followers {
		go func() {
			var seen []string
			cursor := ""
			for cut := 0; len(seen) == 0 || seen[len(seen)-1] != fmt.Sprint("w", writes-1); cut++ {
				out, err := l.Stream.Poll(t.Context(), stream.PollInput{
					OpenInput: stream.OpenInput{Actor: l.actor, Cursor: cursor}, Limit: 1 + n*3, Wait: 10 * time.Second,
				})
				if err != nil {
					t.Error(err)
					break
				}
				cursor = out.Cursor
				for _, f := range out.Facts {
					seen = append(seen, f.Subject)
				}
			}
			results <- seen
		}()
	}
	var want []string
	for i := range writes {
		want = append(want, fmt.Sprint("w", i))
	}
	for range followers {
		if seen := <-results; !slices.Equal(seen, want) {
			t.Errorf("one heard %d of %d: %v", len(seen), writes, seen)
		}
	}
	<-written
}
