// Package sys is what the core needs from the machine: time, identifiers and entropy. It is a struct of functions, so a test moves the
// clock by replacing one of them. The ID of a request travels in its context (request_id.go), from the adapter that receives the request to
// the one that writes the log.
package sys

import (
	"context"
	"io"
	"time"
)

// System is the machine. All functions are safe for concurrent use.
type System struct {
	// Now is UTC, cut to microseconds: what both databases keep.
	Now func() time.Time
	// NewID makes a random UUID (version 4), which does not reveal the time.
	NewID func() string
	// NewOrderedID makes a time-ordered UUID (version 7), for tables with many inserts.
	NewOrderedID func() string
	// Entropy is a cryptographically secure source.
	Entropy io.Reader
	// Sleep waits, or returns early with ctx's error.
	Sleep func(ctx context.Context, d time.Duration) error
	// Trace begins a step of work that traces show; see [System.Begin]. nil: there are no traces.
	Trace func(ctx context.Context, name string) (context.Context, func(error))
}

// Begin begins a step of work without a request: calls and log lines with the returned context belong to it. Call end with the result. name
// is from a small set, since traces are found by it.
func (s System) Begin(ctx context.Context, name string) (step context.Context, end func(error)) {
	if s.Trace == nil {
		return ctx, func(error) {}
	}
	return s.Trace(ctx, name)
}
