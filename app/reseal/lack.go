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

// Lack looks, before a server starts, for what was sealed under a secret that is not known here: SECRET_KEY is another one, or a
// previous one was dropped too early. It changes nothing.
type Lack struct {
	Store  store.Store
	Sealer secure.Sealer
}

// Lacking is what an unknown secret sealed.
type Lacking struct {
	Keys     []string // the kids
	Messages int
	Flows    int
}

// IsNone tells that there is nothing of the sort.
func (l Lacking) IsNone() bool { return len(l.Keys)+l.Messages+l.Flows == 0 }

// String counts, for people.
func (l Lacking) String() string {
	var parts []string
	for _, part := range []struct {
		n         int
		one, many string
	}{
		{len(l.Keys), "signing key", "signing keys"},
		{l.Messages, "message of the outbox", "messages of the outbox"},
		{l.Flows, "change of address", "changes of address"},
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

// Handle looks at all that is sealed and still of use.
func (l Lack) Handle(ctx context.Context, now time.Time) (found Lacking, err error) {
	if found.Keys, err = l.keys(ctx); err != nil {
		return Lacking{}, err
	}
	if found.Messages, err = l.count(ctx, messages(now)); err != nil {
		return Lacking{}, err
	}
	found.Flows, err = l.count(ctx, flows(now))
	return found, err
}

func (l Lack) keys(ctx context.Context) (kids []string, err error) {
	all, err := l.Store.Read().Keys.All(ctx)
	for _, key := range all {
		if len(key.Private) > 0 && l.lacks(keys.Place(key.KID), key.Private) {
			kids = append(kids, key.KID)
		}
	}
	return kids, err
}

func (l Lack) count(ctx context.Context, k kind) (int, error) {
	t, err := k.pages(ctx, l.Store, func(_ context.Context, _ *store.Tx, found []store.Payload) (t tally, err error) {
		for _, p := range found {
			if l.lacks(k.place(p.Mark.ID), p.Sealed) {
				t.unread++
			}
		}
		return t, nil
	})
	return t.unread, err
}

func (l Lack) lacks(place string, sealed []byte) bool {
	_, err := l.Sealer.Open(place, sealed)
	return errors.Is(err, secure.ErrUnknownSecret)
}
