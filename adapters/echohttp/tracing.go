package echohttp

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// beginSpan begins the span of a request; health is left out. Only a trusted proxy chooses its trace, as for the request's id: otherwise
// strangers could force each of their requests to be kept, whatever the sampler says, and add spans to other people's traces. A trace that
// a stranger names is only linked.
func (e *edge) beginSpan(ctx context.Context, ex *exchange, r *http.Request, proxied bool) context.Context {
	if e.tracer == nil || strings.HasSuffix(r.URL.Path, "/livez") || strings.HasSuffix(r.URL.Path, "/readyz") {
		return ctx
	}
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
	if len(r.Header["Traceparent"]) == 1 {
		named := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header)))
		switch {
		case proxied:
			ctx = trace.ContextWithRemoteSpanContext(ctx, named)
		case named.IsValid():
			options = append(options, trace.WithLinks(trace.Link{SpanContext: named.WithTraceState(trace.TraceState{})}))
		}
	}
	ctx, ex.span = e.tracer.Start(ctx, knownMethod(r.Method), options...)
	return ctx
}

// endSpan names the span by the template of the route: paths and queries may carry tokens.
func (ex *exchange) endSpan(method string, status int) {
	if ex.span == nil {
		return
	}
	if ex.span.IsRecording() {
		ex.span.SetName(knownMethod(method) + " " + ex.route)
		ex.span.SetAttributes(
			attribute.String("http.request.method", knownMethod(method)), attribute.String("http.route", ex.route),
			attribute.Int("http.response.status_code", status), attribute.String("http.request.id", ex.id),
		)
		if status >= http.StatusInternalServerError {
			_, public := Classify(ex.failure)
			ex.span.SetAttributes(attribute.String("error.type", public.Code))
			ex.span.SetStatus(codes.Error, "")
		}
	}
	ex.span.End()
}
