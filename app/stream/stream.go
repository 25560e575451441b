package stream

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// batch is how many facts are sent, or read, at once.
const batch = 1000

// errFellBehind ends a stream whose place is no longer in memory.
var errFellBehind = errors.New("the follower reads too slowly")

// OpenInput is who wants to follow, and from where.
type OpenInput struct {
	Actor  domain.Actor
	Cursor string // of an earlier stream of the same service; empty: all that may still concern a token
}

// Stream is the place of one follower. It is for one goroutine; Close it.
type Stream struct {
	hub     *Hub
	actor   domain.Actor
	service domain.Service
	opened  int64 // the number of the newest change then
	place   domain.FeedPlace
	reset   bool // to be told first: numbers before it compare with nothing
	live    bool // it has caught up once
}

// Open takes a place for a follower: a service, with an application token or the access token of the platform that it got for one. It
// returns domain.ErrForbidden for others, domain.ErrWrongAudience, domain.ErrInvalidCursor, domain.ErrBusy when there is no place, and
// domain.ErrUnavailable.
func (h *Hub) Open(ctx context.Context, in OpenInput) (*Stream, error) {
	switch {
	case in.Actor.Kind != domain.ActorService:
		return nil, domain.ErrForbidden.Saying("Only services may follow what becomes of tokens")
	case !in.Actor.Raw && in.Actor.Audience != domain.PlatformKey:
		return nil, domain.ErrWrongAudience
	}
	list := cursorList(in.Actor)
	cursor, err := domain.ParseFeedCursor(in.Cursor, h.Cursors, list)
	if err != nil {
		return nil, err
	}
	service, err := h.Directory.ServiceByID(ctx, domain.ServiceID(in.Actor.ID))
	if err != nil {
		return nil, err
	}
	if err := h.enter(in.Actor.ID); err != nil {
		return nil, err
	}
	s := &Stream{hub: h, actor: in.Actor, service: service, opened: h.here().Seq}
	if err := s.locate(ctx, cursor); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// cursorList binds a cursor to its service.
func cursorList(a domain.Actor) string { return "revocations " + string(a.ID) }

// Close gives the place back.
func (s *Stream) Close() { s.hub.leave(s.actor.ID) }

// Cursor is where the next stream continues.
func (s *Stream) Cursor() string { return s.place.Cursor().Text(s.hub.Cursors, cursorList(s.actor)) }

// Service is the key of the service that follows.
func (s *Stream) Service() string { return s.service.Key }

// At is the number up to which the follower was told everything.
func (s *Stream) At() int64 { return s.place.Seq }

// locate finds where to begin. A cursor of another epoch, or above all numbers, is of a database that was restored since: its follower must
// forget what it knows. So must one without a cursor while tokens of the epoch before may live.
func (s *Stream) locate(ctx context.Context, cursor domain.FeedCursor) error {
	if err := s.hub.fill(ctx); err != nil {
		return err
	}
	here := s.hub.here()
	if !cursor.IsZero() && cursor.Epoch == here.Cursor().Epoch && cursor.Seq > here.Seq {
		if err := s.hub.Feed.Reach(ctx, cursor.Seq); err != nil {
			return err
		}
		here = s.hub.here()
	}
	begin, err := s.hub.window(ctx)
	if err != nil {
		return err
	}
	s.place = begin
	switch {
	case cursor.IsZero():
		s.reset = !here.Begun.IsZero() && s.hub.System.Now().Sub(here.Begun) < s.hub.TokenTTL()
	case cursor.Epoch != here.Cursor().Epoch || cursor.Seq > here.Seq:
		s.reset = true
	default:
		s.place.Seq = max(cursor.Seq, begin.Seq)
	}
	return nil
}

// take is the next facts, at most n. more tells that others are waiting already. errFellBehind: some have been lost from memory.
func (s *Stream) take(ctx context.Context, n int) (facts []Fact, more bool, err error) {
	here := s.hub.here()
	if s.place.Epoch != here.Epoch {
		if s.place, err = s.hub.window(ctx); err != nil {
			return nil, false, err
		}
		s.reset, s.live = true, false
	}
	if s.reset {
		s.reset = false
		return []Fact{{Kind: KindReset, Seq: here.Seq}}, true, nil
	}
	changes, upTo, more, err := s.changes(ctx, n)
	if err != nil {
		return nil, false, err
	}
	for _, c := range changes {
		if f, ok := factOf(c, s.service); ok {
			facts = append(facts, f)
		}
	}
	s.place.Seq = upTo
	return facts, more, nil
}

// changes are the next n, from memory or from the table, and the number up to which there are no others.
func (s *Stream) changes(ctx context.Context, n int) (changes []domain.Change, upTo int64, more bool, err error) {
	h := s.hub
	h.mu.Lock()
	inMemory, here := s.place.Seq >= h.ring.begin, h.place.Seq
	if inMemory {
		changes = h.ring.after(s.place.Seq, n)
	}
	h.mu.Unlock()
	if !inMemory {
		if s.live {
			return nil, 0, false, errFellBehind
		}
		if changes, err = h.read(ctx, s.place.Seq, here, n); err != nil {
			return nil, 0, false, err
		}
	}
	if len(changes) == n {
		return changes, changes[n-1].Seq, true, nil
	}
	return changes, max(here, s.place.Seq), false, nil
}

// read reads the table for a stream that begins before what is in memory; only a few do so at once.
func (h *Hub) read(ctx context.Context, after, upTo int64, n int) ([]domain.Change, error) {
	waiting, cancel := context.WithTimeout(ctx, readerWait)
	defer cancel()
	select {
	case h.reading <- struct{}{}:
		defer func() { <-h.reading }()
	case <-waiting.Done():
		return nil, domain.ErrBusy.Saying("Too many followers catch up. Try again shortly").After(time.Second)
	}
	return h.Store.Read().Facts.Between(ctx, after, upTo, n)
}
