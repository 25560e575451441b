package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// Payload is a sealed value and its place in a list.
type Payload struct {
	Mark   domain.Cursor // the row's id, and the time by which it is listed
	Sealed []byte
}

// Payloads finds what is sealed and puts it back sealed under another key. Lists have up to n, from behind a mark on, in an order
// in which what is due or ends later comes later.
type Payloads interface {
	// OfMessages lists those of messages that are still to be delivered, and worth it: not expired by now.
	OfMessages(ctx context.Context, now time.Time, after domain.Cursor, n int) ([]Payload, error)
	// OfFlows lists those of flows that still work.
	OfFlows(ctx context.Context, now time.Time, after domain.Cursor, n int) ([]Payload, error)
	// ReplaceMessage puts a payload in the place of another that stands there still, and tells whether it did: the message may have
	// been delivered meanwhile, and its payload blanked.
	ReplaceMessage(ctx context.Context, id string, from, to []byte) (bool, error)
	// ReplaceFlow is the same for a flow.
	ReplaceFlow(ctx context.Context, id string, from, to []byte) (bool, error)
}
