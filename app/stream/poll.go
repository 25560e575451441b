package stream

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// MaxWait is the longest time that a poll may wait for facts.
const MaxWait = 25 * time.Second

// PollInput asks for facts once.
type PollInput struct {
	OpenInput

	Limit int           // at most 1 000
	Wait  time.Duration // for the first fact; at most MaxWait
}

// PollOutput is what happened, and where the next poll continues.
type PollOutput struct {
	Facts  []Fact
	Cursor string
	CS     int64 // the number up to which everything was told
	More   bool  // others are waiting already
}

// Poll is one look at the stream, for followers behind a proxy that holds back what is not complete. It waits until there is a fact, or the
// time is up. While this replica can't read the feed it returns domain.ErrUnavailable and not "nothing happened". Other errors are those of
// Open.
func (h *Hub) Poll(ctx context.Context, in PollInput) (PollOutput, error) {
	s, err := h.Open(ctx, in.OpenInput)
	if err != nil {
		return PollOutput{}, err
	}
	defer s.Close()
	until, cancel := context.WithTimeout(ctx, in.Wait)
	defer cancel()
	for {
		news := h.Feed.Advanced()
		facts, more, err := s.take(ctx, in.Limit)
		switch {
		case err != nil:
			return PollOutput{}, err
		case len(facts) > 0 || more:
			s.count(facts)
			return PollOutput{Facts: facts, Cursor: s.Cursor(), CS: s.At(), More: more}, nil
		case until.Err() != nil:
			return s.nothing()
		}
		select {
		case <-news:
			if err := h.Authenticator.Recheck(ctx, s.actor); errors.Is(err, domain.ErrTokenInvalid) {
				return PollOutput{}, err
			}
		case <-h.draining:
			return s.nothing()
		case <-until.Done():
		}
	}
}

func (s *Stream) nothing() (PollOutput, error) {
	if s.hub.Feed.Lag() > silent {
		return PollOutput{}, domain.ErrUnavailable
	}
	return PollOutput{Cursor: s.Cursor(), CS: s.At()}, nil
}
