package reseal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

// Unreadable is what an unknown secret sealed.
type Unreadable struct {
	Keys     []string // the kids
	Messages int
	Flows    int
	Factors  int
}

// IsNone tells that there is no such value.
func (l Unreadable) IsNone() bool { return len(l.Keys)+l.Messages+l.Flows+l.Factors == 0 }

// String is the counts as text for people.
func (l Unreadable) String() string {
	var parts []string
	for _, part := range []struct {
		n         int
		one, many string
	}{
		{len(l.Keys), "signing key", "signing keys"},
		{l.Messages, "message of the outbox", "messages of the outbox"},
		{l.Flows, "change of address or sign-in", "changes of address or sign-ins"},
		{l.Factors, "authenticator app", "authenticator apps"},
	} {
		switch {
		case part.n == 1:
			parts = append(parts, "1 "+part.one)
		case part.n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.many))
		}
	}
	return strings.Join(parts, ", ")
}

// Unreadable checks, before a server starts, for values in use that an unknown secret sealed: SECRET_KEY was changed, or a previous one was
// dropped too early. It changes nothing.
func (s *Service) Unreadable(ctx context.Context, now time.Time) (found Unreadable, err error) {
	if found.Keys, err = s.unreadableKeys(ctx); err != nil {
		return Unreadable{}, err
	}
	if found.Messages, err = s.count(ctx, messages(now)); err != nil {
		return Unreadable{}, err
	}
	if found.Flows, err = s.count(ctx, flows(now)); err != nil {
		return Unreadable{}, err
	}
	found.Factors, err = s.count(ctx, factors())
	return found, err
}

func (s *Service) unreadableKeys(ctx context.Context) (kids []string, err error) {
	all, err := s.Store.Read().Keys.All(ctx)
	for _, key := range all {
		if len(key.Private) > 0 && s.isUnreadable(keys.Place(key.KID), key.Private) {
			kids = append(kids, key.KID)
		}
	}
	return kids, err
}

func (s *Service) count(ctx context.Context, k kind) (int, error) {
	t, err := k.pages(ctx, s.Store, func(_ context.Context, _ *store.Tx, found []store.Payload) (t tally, err error) {
		for _, p := range found {
			if s.isUnreadable(k.place(p), p.Sealed) {
				t.unread++
			}
		}
		return t, nil
	})
	return t.unread, err
}

func (s *Service) isUnreadable(place string, sealed []byte) bool {
	_, err := s.sealer.Open(place, sealed)
	return errors.Is(err, secure.ErrUnknownSecret)
}
