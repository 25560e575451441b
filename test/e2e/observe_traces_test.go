package e2e_test

import (
	"bytes"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/collector"
)

func TestTraces(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		c := collector.Start(t)
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Bearer%20collector-secret", "OTEL_SERVICE_NAME": "accounts",
			"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test", "RATE_LIMITS": "on",
		}})
		if s.Env["REDIS_URL"] != "" {
			s.Eventually(15*time.Second, func() bool { return s.Metric("signet_redis_up") == 1 })
		}
		account := s.NewAccount()
		s.Client().Login(account)
		s.Settled()
		s.Stop() // sends what is left

		one := func(name string) *tracepb.Span {
			t.Helper()
			found := c.Named(name)
			if len(found) != 1 {
				t.Fatalf("%d spans are called %s", len(found), name)
			}
			return found[0]
		}
		login := one("POST /api/auth/login")
		var below []string
		for _, span := range c.Spans() {
			if bytes.Equal(span.GetTraceId(), login.GetTraceId()) {
				below = append(below, span.GetName())
			}
		}
		wanted := []string{"COMMIT", "INSERT sessions"}
		if s.Env["REDIS_URL"] != "" {
			wanted = []string{"COMMIT", "limit take"} // there statements go in one message, which is one span
		}
		for _, want := range wanted {
			if !slices.Contains(below, want) {
				t.Errorf("the login's trace has no %q: %q", want, below)
			}
		}
		message := one("outbox mail.verify")
		if !slices.ContainsFunc(c.Named("mail send"), func(s *tracepb.Span) bool { return bytes.Equal(s.GetParentSpanId(), message.GetSpanId()) }) {
			t.Error("the mail was sent, but not within the span of its message")
		}
		if c.Resource("service.name") != "accounts" || c.Resource("deployment.environment.name") != "test" || c.Resource("service.version") == "" {
			t.Errorf("the resource is called %q", c.Resource("service.name"))
		}
		if !slices.ContainsFunc(c.Headers(), func(h http.Header) bool { return h.Get("Authorization") == "Bearer collector-secret" }) {
			t.Error("the collector's header is missing")
		}
		if id := `"trace.id":"` + hex.EncodeToString(login.GetTraceId()) + `"`; strings.Count(s.Log.String(), id) == 0 {
			t.Errorf("no line of the log has %s", id)
		}
		if strings.Contains(s.Log.String(), "collector-secret") || !strings.Contains(s.Log.String(), `"service.name":"accounts"`) {
			t.Error("the log has the collector's secret, or another name of the service")
		}
	})
}

func TestWithoutACollector(t *testing.T) {
	t.Parallel()
	t.Run("that answers, all is served, and stops in time", func(t *testing.T) {
		t.Parallel()
		s := testkit.Start(t, testkit.Options{Env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}})
		s.Client().Login(s.NewAccount())
		begun := time.Now()
		s.Stop()
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("the stop took %v", took)
		}
		s.Eventually(20*time.Second, func() bool { return strings.Count(s.Log.String(), "traces can't be sent") == 1 })
	})
	t.Run("or with OTEL_SDK_DISABLED nothing is sent and no line names a trace", func(t *testing.T) {
		t.Parallel()
		c := collector.Start(t)
		for _, env := range []map[string]string{{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL, "OTEL_SDK_DISABLED": "true"}, {}} {
			s := testkit.Start(t, testkit.Options{Env: env})
			s.Client().Login(s.NewAccount())
			s.Stop()
			if strings.Contains(s.Log.String(), "trace.id") || len(c.Headers()) > 0 {
				t.Errorf("%v: traces are made", env)
			}
		}
	})
}
