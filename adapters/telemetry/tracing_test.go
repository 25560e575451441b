package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/telemetry"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/collector"
)

func tracing(t *testing.T, endpoint string, log io.Writer, change func(*telemetry.TracingOptions)) *telemetry.Tracing {
	t.Helper()
	o := telemetry.TracingOptions{
		Endpoint: endpoint + "/v1/traces", Headers: http.Header{"Authorization": {"Bearer collector-secret"}}, Sampler: "parentbased_always_on", Ratio: 1,
		Service: "signet", Version: "1.2.3", Attributes: map[string]string{"deployment.environment.name": "test"},
		Log: slog.New(slog.NewTextHandler(log, nil)),
	}
	if change != nil {
		change(&o)
	}
	made, err := telemetry.NewTracing(o)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// stop sends what is left.
func stop(made *telemetry.Tracing) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	made.Stop(ctx)
}

func TestTracing(t *testing.T) {
	t.Run("sends spans with what they belong to, and no text of errors", func(t *testing.T) {
		var log bytes.Buffer
		c := collector.Start(t, http.StatusServiceUnavailable) // and again after it
		made := tracing(t, c.URL, &log, nil)
		ctx, end := made.Begin()(t.Context(), "outbox mail.verify")
		_, done := made.Begin()(ctx, "inner")
		done(errors.New("no mailbox of ada@example.com"))
		end(domain.ErrUnavailable.Because(errors.New("secret")))
		stop(made)
		outer, inner := c.Named("outbox mail.verify"), c.Named("inner")
		if len(outer) != 1 || len(inner) != 1 || !bytes.Equal(inner[0].GetParentSpanId(), outer[0].GetSpanId()) {
			t.Fatalf("spans: %v", c.Spans())
		}
		if a, b := collector.Attribute(outer[0], "error.type"), collector.Attribute(inner[0], "error.type"); a != "unavailable" || b != "failed" {
			t.Errorf("they failed by %q and %q", a, b)
		}
		for key, want := range map[string]string{"service.name": "signet", "service.version": "1.2.3", "deployment.environment.name": "test"} {
			if got := c.Resource(key); got != want {
				t.Errorf("%s = %q", key, got)
			}
		}
		if raw := string(c.Raw()); strings.Contains(raw, "ada@") || strings.Contains(raw, "secret") {
			t.Errorf("an error's text is in %q", raw)
		}
		for _, h := range c.Headers() {
			if h.Get("Authorization") != "Bearer collector-secret" {
				t.Errorf("headers: %v", h)
			}
		}
		if n := len(c.Headers()); n != 2 || log.Len() > 0 {
			t.Errorf("%d requests; log: %s", n, log.String())
		}
	})

	t.Run("says once that a collector refuses, and follows no redirect", func(t *testing.T) {
		for _, status := range []int{http.StatusBadRequest, http.StatusTemporaryRedirect} {
			var log bytes.Buffer
			c := collector.Start(t, status, status)
			made := tracing(t, c.URL, &log, nil)
			_, end := made.Begin()(t.Context(), "a")
			end(nil)
			stop(made)
			if strings.Count(log.String(), "can't be sent") != 1 || strings.Contains(log.String(), "collector-secret") || len(c.Headers()) != 1 {
				t.Errorf("%d: %d requests; log: %s", status, len(c.Headers()), log.String())
			}
		}
	})

	t.Run("that is off makes no tracer and no step", func(t *testing.T) {
		var none *telemetry.Tracing
		if none.Tracer() != nil || none.Begin() != nil {
			t.Error("something is made")
		}
		none.Stop(t.Context())
	})

	t.Run("keeps what the sampler says", func(t *testing.T) {
		for _, sampler := range telemetry.Samplers() {
			made := tracing(t, "http://127.0.0.1:1", io.Discard, func(o *telemetry.TracingOptions) { o.Sampler, o.Ratio = sampler, 0 })
			_, span := made.Tracer().Start(t.Context(), "a")
			if kept := span.SpanContext().IsSampled(); kept != strings.HasSuffix(sampler, "always_on") {
				t.Errorf("%s: %v", sampler, kept)
			}
		}
		if _, err := telemetry.NewTracing(telemetry.TracingOptions{Sampler: "xray"}); err == nil {
			t.Error("an unknown sampler is taken")
		}
	})
}
