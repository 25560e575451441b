package sys

import "context"

type requestIDKey struct{}

// requestContext is a context with the ID of its request. It is a type of its own because context.WithValue would take two
// allocations on every request: one for itself, and one for the ID.
type requestContext struct {
	context.Context
	id string
}

func (c *requestContext) Value(key any) any {
	if key == (requestIDKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// WithRequestID makes a context with a request's ID, so that its log lines can be found by the ID that the client got.
func WithRequestID(ctx context.Context, id string) context.Context {
	return &requestContext{ctx, id}
}

// RequestID is the ID of the request that a context belongs to, empty when it belongs to none.
func RequestID(ctx context.Context) string {
	if c, ok := ctx.Value(requestIDKey{}).(*requestContext); ok {
		return c.id
	}
	return ""
}
