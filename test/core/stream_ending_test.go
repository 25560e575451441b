package core_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signet-auth/signet/app/stream"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// changeToken changes the follower's application token, and lets the replica hear of it.
func (l *landscape) changeToken(t *testing.T, meaning domain.Fact, change func(now time.Time)) {
	t.Helper()
	l.Write(t, func(ctx context.Context, tx *store.Tx) error {
		change(l.Clock.Now())
		tx.Changed(domain.ChangeAppToken, string(l.token.ID), meaning)
		return tx.AppTokens.Update(ctx, l.token)
	})
	l.Poll(t)
}

func TestAStreamEndsWithItsCredential(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, l *landscape){
		"revoked": func(t *testing.T, l *landscape) {
			t.Helper()
			l.changeToken(t, domain.TokensEnded, func(now time.Time) { l.token.Revoke(now) })
		},
		"its secret rotated away": func(t *testing.T, l *landscape) {
			t.Helper()
			l.changeToken(t, domain.TokensUnaffected, func(now time.Time) { l.token.Secrets[0].ExpiresAt = now })
		},
		"expired": func(t *testing.T, l *landscape) {
			t.Helper()
			l.changeToken(t, domain.TokensStale, func(now time.Time) { l.token.ExpiresAt = now.Add(5 * time.Second) })
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

func TestAStoppingReplicaEndsItsStreams(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	f := l.follow(t, "")
	f.until(t, "ready")
	l.Stream.Drain()
	f.until(t, "bye "+stream.ByeShutdown)
}

// TestAThousandStreamsOfAStoppingReplica: their followers come again within a second of their end, and even if one replica got all of them
// it would not have more than two fifths of them in a second.
func TestAThousandStreamsOfAStoppingReplica(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many = 1000
		l := newLandscape(t, rig.New(t))
		l.Stream.Settings.PerService, l.Stream.Settings.Heartbeat = many, time.Hour
		ends := make(chan time.Time, many)
		for range many {
			s, err := l.Stream.Open(t.Context(), stream.OpenInput{Actor: l.actor})
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				defer s.Close()
				s.Follow(t.Context(), func(m stream.Message) error {
					if m.Bye == stream.ByeShutdown {
						ends <- time.Now()
					}
					return nil
				})
			}()
		}
		synctest.Wait()
		begun := time.Now()
		l.Stream.Drain()
		var all []time.Time // in their order
		for range many {
			all = append(all, <-ends)
		}
		for i, first := range all {
			within := slices.IndexFunc(all[i:], func(end time.Time) bool { return end.Sub(first) >= time.Second })
			if within > many*2/5 {
				t.Fatalf("%d of them end within a second", within)
			}
		}
		if took := all[many-1].Sub(begun); took > 3*time.Second {
			t.Errorf("the last one ended after %s", took)
		}
	})
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

func TestAStreamByAccessTokenEndsWithASigningKey(t *testing.T) {
	l := newLandscape(t, rig.New(t))
	revoke := func(kid string) {
		t.Helper()
		l.Write(t, func(_ context.Context, tx *store.Tx) error {
			tx.Changed(domain.ChangeSigningKey, kid, domain.TokensEnded)
			return nil
		})
		l.Poll(t)
	}
	raw := l.follow(t, "")
	l.actor.Raw, l.actor.Audience, l.actor.ExpiresAt = false, domain.PlatformKey, l.Clock.Now().Add(15*time.Minute)
	f := l.follow(t, "")
	f.until(t, "ready")
	revoke("one")
	f.hears(t, "signing_key one", "bye "+stream.ByeToken)
	again := l.follow(t, "") // its token was good after that
	again.hears(t, "hello", "signing_key one", "ready")
	revoke("two")
	again.hears(t, "signing_key two", "bye "+stream.ByeToken)
	raw.until(t, "signing_key two") // an application token has no signing key
}
