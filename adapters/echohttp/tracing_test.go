package echohttp_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/signet-auth/signet/adapters/echohttp"
)

const (
	fromProxy    = "10.0.0.1:1"
	fromStranger = "192.0.2.1:1"

	named    = "4bf92f3577b34da6a3ce929d0e0e4736"
	namedBy  = "00f067aa0ba902b7"
	sampled  = "Traceparent: 00-" + named + "-" + namedBy + "-01"
	unwanted = "Traceparent: 00-" + named + "-" + namedBy + "-00"
)

// traced is a kernel whose spans are recorded as the sampler says.
func traced(t *testing.T, sampler sdktrace.Sampler) (*kernel, func() []sdktrace.ReadOnlySpan) {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans), sdktrace.WithSampler(sdktrace.ParentBased(sampler)))
	k := newKernel(t, func(o *echohttp.Options) { o.Tracer, o.TrustedProxies = provider.Tracer("test"), proxies })
	return k, func() []sdktrace.ReadOnlySpan { defer spans.Reset(); return spans.Ended() }
}

func (k *kernel) through(remote string, headers ...string) {
	r := request(http.MethodGet, "/things/a?secret="+marker, nil, headers...)
	r.RemoteAddr = remote
	k.do(r)
}

func TestSpans(t *testing.T) {
	k, ended := traced(t, sdktrace.AlwaysSample())

	t.Run("are named by the route and tell of no path, query or header", func(t *testing.T) {
		k.get("/things/"+marker+"?q="+marker, "Authorization: Bearer "+marker, "X-Thing: "+marker)
		k.get("/nowhere/" + marker)
		k.get("/fail/unknown?q=" + marker)
		var names []string
		for _, span := range ended() {
			names = append(names, span.Name())
			for _, a := range span.Attributes() {
				if strings.Contains(a.Value.String(), marker) {
					t.Errorf("%s: %s = %s", span.Name(), a.Key, a.Value.String())
				}
			}
			if failed := span.Status().Code == codes.Error; failed != (span.Name() == "GET /fail/unknown") || span.Status().Description != "" {
				t.Errorf("%s: %+v", span.Name(), span.Status())
			}
		}
		if !slices.Equal(names, []string{"GET /things/{id}", "GET unmatched", "GET /fail/unknown"}) {
			t.Errorf("names: %q", names)
		}
	})

	t.Run("are not made of questions after health", func(t *testing.T) {
		k.get("/livez")
		k.get("/readyz")
		if got := ended(); len(got) != 0 {
			t.Errorf("%d", len(got))
		}
	})

	t.Run("continue the trace of a trusted proxy", func(t *testing.T) {
		k.through(fromProxy, sampled)
		span := ended()[0]
		if span.SpanContext().TraceID().String() != named || span.Parent().SpanID().String() != namedBy {
			t.Errorf("trace %s, parent %s", span.SpanContext().TraceID(), span.Parent().SpanID())
		}
		k.through(fromProxy, unwanted)
		if got := ended(); len(got) != 0 {
			t.Error("a proxy that keeps a trace out is not heard")
		}
	})

	t.Run("of strangers begin a trace and link the one they name", func(t *testing.T) {
		for _, header := range []string{sampled, unwanted} {
			k.through(fromStranger, header)
			span := ended()[0]
			if span.SpanContext().TraceID().String() == named || span.Parent().IsValid() {
				t.Error("a stranger chose the trace")
			}
			if links := span.Links(); len(links) != 1 || links[0].SpanContext.TraceID().String() != named {
				t.Errorf("links: %+v", links)
			}
		}
		for _, broken := range []string{"Traceparent: 00-0-0-01", "Traceparent: " + strings.Repeat("a", 10_000)} {
			k.through(fromStranger, broken)
			if links := ended()[0].Links(); len(links) != 0 {
				t.Errorf("%.40s: %+v", broken, links)
			}
		}
	})

	t.Run("of strangers are kept as the sampler says, not as they ask", func(t *testing.T) {
		k, ended := traced(t, sdktrace.NeverSample())
		k.through(fromStranger, sampled)
		if got := ended(); len(got) != 0 {
			t.Error("a stranger had a trace kept")
		}
		k.through(fromProxy, sampled)
		if got := ended(); len(got) != 1 {
			t.Error("the proxy's choice was not heard")
		}
	})
}
