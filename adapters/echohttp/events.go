package echohttp

import (
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/labstack/echo/v4"
)

// MediaEvents is the media type of server-sent events.
const MediaEvents = "text/event-stream"

// eventDeadline is how long a client may take to read one piece.
const eventDeadline = 10 * time.Second

// Events sends pieces until it is done or write fails; write sends a piece at once. ctx ends when the client hangs up. If it is never
// called, because the client is gone already, Close must still release what it holds.
type Events struct {
	Run   func(ctx context.Context, write func(piece []byte) error)
	Close func()
}

// HandleEvents registers a GET that answers with server-sent events for as long as they come. op.Timeout bounds the opening only.
func HandleEvents[Req any](a *API, path string, op Op, open func(context.Context, Caller, Req) (Events, error)) {
	in := inputOf(reflect.TypeFor[Req](), op.Strict)
	a.check.learn(reflect.TypeFor[Req]())
	a.document.add(http.MethodGet, path, op, in, new(Req), op.Produces...)
	a.mount(http.MethodGet, path, op, func(ctx context.Context, ex *exchange, c echo.Context, caller *Caller) error {
		var req Req
		if err := in.read(ex, c, &req, a.check); err != nil {
			return err
		}
		events, err := open(ctx, *caller, req)
		if err != nil {
			return err
		}
		defer events.Close()
		ex.stream(c.Request().Context(), events)
		return nil
	})
}

// stream sends events. Proxies on the way are asked to pass each piece on.
func (ex *exchange) stream(ctx context.Context, events Events) {
	h := ex.Header()
	setHeader(h, "Content-Type", MediaEvents)
	setHeader(h, "Cache-Control", "no-store, no-transform")
	setHeader(h, "X-Accel-Buffering", "no") // nginx
	control := http.NewResponseController(ex.ResponseWriter)
	_ = control.SetReadDeadline(time.Time{}) // where it can't be set, the server's own deadline ends the stream, and the client comes again
	ex.WriteHeader(http.StatusOK)
	ex.opened = time.Since(ex.begun)
	events.Run(ctx, func(piece []byte) error {
		_ = control.SetWriteDeadline(time.Now().Add(eventDeadline))
		if _, err := ex.Write(piece); err != nil {
			return err
		}
		return control.Flush()
	})
}

// extend gives an answer more time than the server's own deadlines.
func (ex *exchange) extend(timeout time.Duration) {
	control := http.NewResponseController(ex.ResponseWriter)
	_ = control.SetReadDeadline(time.Time{}) // where they can't be set, the server's end it
	_ = control.SetWriteDeadline(time.Now().Add(timeout + eventDeadline))
}
