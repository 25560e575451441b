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
	Owner  domain.UserID // of a factor
}

// Payloads finds sealed payloads and replaces them by payloads that are sealed under another key. Lists have up to n rows after a mark,
// ordered by the time at which they are due or end.
type Payloads interface {
	// OfMessages lists those of messages that are still to be delivered and have not expired.
	OfMessages(ctx context.Context, now time.Time, after domain.Cursor, n int) ([]Payload, error)
	// OfFlows lists those of flows that still work.
	OfFlows(ctx context.Context, now time.Time, after domain.Cursor, n int) ([]Payload, error)
	// OfFactors lists the secrets of factors, ordered by id.
	OfFactors(ctx context.Context, after domain.Cursor, n int) ([]Payload, error)
	// ReplaceMessage replaces a payload if it has not changed, and tells whether it did: the message may have been delivered meanwhile, and
	// its payload blanked.
	ReplaceMessage(ctx context.Context, id string, from, to []byte) (bool, error)
	// ReplaceFlow is the same for a flow.
	ReplaceFlow(ctx context.Context, id string, from, to []byte) (bool, error)
	// ReplaceFactor is the same for a factor.
	ReplaceFactor(ctx context.Context, id string, from, to []byte) (bool, error)
}
