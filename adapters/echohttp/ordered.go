package echohttp

import (
	"context"
	"strconv"

	"github.com/signet-auth/signet/domain"
)

// afterHeader names a change of the feed that the answer must include.
const afterHeader = "Signet-After"

// maxAfter is the highest number that every language's numbers hold exactly.
const maxAfter = 1 << 53

var errAfter = domain.ErrInvalidRequest.Saying(afterHeader + " must be one number of a change, as facts and answers have it in cs")

// order says in the document what an Ordered operation does beyond its own description.
func (op Op) order() string {
	if !op.Ordered {
		return ""
	}
	return " The answer includes all changes up to cs, and the change whose number the request names in the header " + afterHeader + "."
}

// Feed is the change feed as this replica knows it.
type Feed interface {
	// Applied is the number of the newest change that every cache was told of.
	Applied() int64
	// Reach waits until a change has been applied, or returns domain.ErrUnavailable.
	Reach(ctx context.Context, seq int64) error
}

// catchUp waits for the change that the caller knows of, and notes how far this replica has come. It comes before authentication, which
// already looks up what may have changed.
func (a *API) catchUp(ctx context.Context, caller *Caller) error {
	switch values := caller.request.Header[afterHeader]; {
	case len(values) > 1:
		return errAfter
	case len(values) == 1:
		seq, err := strconv.ParseInt(values[0], 10, 64)
		if err != nil || seq < 0 || seq > maxAfter {
			return errAfter
		}
		if err := a.feed.Reach(ctx, seq); err != nil {
			return err
		}
	}
	caller.AsOf = a.feed.Applied()
	return nil
}
