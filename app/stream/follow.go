package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/signet-auth/signet/domain"
)

const (
	// silent is how old the last good poll may be for a tick to be sent: a tick means that nothing was missed.
	silent = 2 * time.Second
	// deaf is when a replica that can't read the feed sends its followers elsewhere.
	deaf = 10 * time.Second
	// drainSpread is the time within which a stopping replica ends its streams; fewer than drainFew take less of it.
	drainSpread = 3 * time.Second
	drainFew    = 100
)

// The reasons for the end of a stream.
const (
	ByeShutdown = "shutdown"      // the replica stops
	ByeRenew    = "renew"         // so that followers spread over replicas
	ByeSlow     = "slow"          // facts were lost from memory before the follower read them
	ByeFeed     = "feed"          // the replica can't read the feed
	ByeToken    = "token_invalid" // the credential has ended
	byeGone     = "gone"          // the client hung up, which nobody is told
)

// Reasons are why streams end, as metrics count them.
func Reasons() []string {
	return []string{ByeShutdown, ByeRenew, ByeSlow, ByeFeed, ByeToken, byeGone}
}

// Message is one thing to send: Hello, Facts, Ready, Tick or Bye.
type Message struct {
	Hello, Ready, Tick bool
	Facts              []Fact
	Bye                string
}

// Follow sends what happens until the stream ends, and returns when it was sent the reason or send failed. send gets one message at a time.
func (s *Stream) Follow(ctx context.Context, send func(Message) error) {
	s.hub.streams.Add(1)
	defer s.hub.streams.Add(-1)
	reason := s.follow(ctx, send)
	if reason != byeGone {
		_ = send(Message{Bye: reason}) // it ends either way
	}
	if ended := s.hub.Meter.Ended; ended != nil {
		ended(reason)
	}
}

// events are what a stream waits for beside the feed.
type events struct {
	beat     *time.Ticker
	renew    *time.Timer
	expired  *time.Timer
	drain    *time.Timer
	draining <-chan struct{}
}

func (s *Stream) follow(ctx context.Context, send func(Message) error) (reason string) {
	wait := s.events()
	defer wait.stop()
	if send(Message{Hello: true}) != nil {
		return byeGone
	}
	for {
		news := s.hub.Feed.Advanced() // before looking, so that nothing falls between
		more, reason := s.forward(ctx, send)
		if reason != "" {
			return reason
		}
		if more {
			continue
		}
		if !s.live {
			s.live = true
			if send(Message{Ready: true}) != nil {
				return byeGone
			}
		}
		if reason = s.pause(ctx, news, wait, send); reason != "" {
			return reason
		}
	}
}

// forward sends the next facts, and then looks whether the follower may still have more.
func (s *Stream) forward(ctx context.Context, send func(Message) error) (more bool, reason string) {
	facts, more, err := s.take(ctx, batch)
	switch {
	case ctx.Err() != nil:
		return false, byeGone
	case errors.Is(err, errFellBehind), errors.Is(err, domain.ErrBusy):
		return false, ByeSlow
	case err != nil:
		return false, ByeFeed
	}
	if len(facts) > 0 {
		if send(Message{Facts: facts}) != nil {
			return false, byeGone
		}
		s.count(facts)
	}
	if !s.actor.Raw && s.losesKey(facts) { // perhaps the one that signed the follower's access token: the next opening tells
		return false, ByeToken
	}
	if errors.Is(s.hub.Authenticator.Recheck(ctx, s.actor), domain.ErrTokenInvalid) { // when it can't be known, the feed falls silent too
		return false, ByeToken
	}
	return more, ""
}

// losesKey tells whether a signing key was revoked since the stream was opened.
func (s *Stream) losesKey(facts []Fact) bool {
	return slices.ContainsFunc(facts, func(f Fact) bool {
		return f.Kind == KindSigningKey && f.Tokens == domain.TokensEnded && f.Seq > s.opened
	})
}

func (s *Stream) count(facts []Fact) {
	if s.hub.Meter.Sent == nil {
		return
	}
	now := s.hub.System.Now()
	for _, f := range facts {
		after := time.Duration(0)
		if s.live && !f.At.IsZero() {
			after = max(0, now.Sub(f.At))
		}
		s.hub.Meter.Sent(f, after)
	}
}

// pause waits for news, or for a reason to end. Nil channels wait forever.
func (s *Stream) pause(ctx context.Context, news <-chan struct{}, wait *events, send func(Message) error) (reason string) {
	for {
		select {
		case <-news:
			return ""
		case <-wait.beat.C:
			switch lag := s.hub.Feed.Lag(); {
			case lag > deaf:
				return ByeFeed
			case lag <= silent && send(Message{Tick: true}) != nil:
				return byeGone
			}
			return "" // a look at the credential, whose end the clock may have brought
		case <-wait.expired.C:
			return ""
		case <-wait.renew.C:
			return ByeRenew
		case <-wait.draining:
			wait.draining = nil
			wait.drain.Reset(s.hub.drainAfter())
		case <-wait.drain.C:
			return ByeShutdown
		case <-ctx.Done():
			return byeGone
		}
	}
}

func (s *Stream) events() *events {
	life := s.hub.Settings.Life
	wait := &events{
		beat: time.NewTicker(s.hub.Settings.Heartbeat), renew: time.NewTimer(life*2/3 + s.hub.random(life/3)),
		expired: time.NewTimer(time.Hour), drain: time.NewTimer(time.Hour), draining: s.hub.draining,
	}
	wait.drain.Stop()
	wait.expired.Stop()
	if end := s.actor.ExpiresAt; !end.IsZero() {
		wait.expired.Reset(end.Sub(s.hub.System.Now()))
	}
	return wait
}

func (e *events) stop() {
	e.beat.Stop()
	e.renew.Stop()
	e.expired.Stop()
	e.drain.Stop()
}

// drainAfter is when one of the streams of a stopping replica ends.
func (h *Hub) drainAfter() time.Duration {
	return h.random(drainSpread * time.Duration(min(h.Clients(), drainFew)) / drainFew)
}

// random is a time from zero up to below, so that followers that came together drift apart.
func (h *Hub) random(below time.Duration) time.Duration {
	var jitter [4]byte
	_, _ = h.System.Entropy.Read(jitter[:])
	return time.Duration(float64(below) * float64(binary.BigEndian.Uint32(jitter[:])) / (1 << 32))
}
