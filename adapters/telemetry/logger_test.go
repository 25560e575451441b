package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/adapters/telemetry"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/sys"
)

func logger(t testing.TB, w io.Writer, format telemetry.Format) *slog.Logger {
	t.Helper()
	l, err := telemetry.NewLogger(w, slog.LevelDebug, "signet", "1.2.3", format)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// record is the one record that log writes, decoded.
func record(t testing.TB, log func(*slog.Logger)) map[string]any {
	t.Helper()
	var out bytes.Buffer
	log(logger(t, &out, telemetry.JSON))
	if n := bytes.Count(out.Bytes(), []byte("\n")); n != 1 {
		t.Fatalf("%d lines, want 1:\n%s", n, out.String())
	}
	var decoded map[string]any
	if err := json.Unmarshal(out.Bytes(), &decoded); err != nil {
		t.Fatalf("%v:\n%s", err, out.String())
	}
	return decoded
}

func TestECS(t *testing.T) {
	ctx := sys.WithRequestID(t.Context(), "req-1")
	got := record(t, func(l *slog.Logger) {
		l.WarnContext(ctx, "Redis is lost", "error", io.EOF, "count", 3, slog.Group("client", "ip", "192.0.2.7"))
	})
	at, err := time.Parse("2006-01-02T15:04:05.000000Z", fmt.Sprint(got["@timestamp"]))
	if err != nil || time.Since(at) > time.Minute || time.Since(at) < -time.Minute {
		t.Errorf("@timestamp = %v: %v", got["@timestamp"], err)
	}
	delete(got, "@timestamp")
	want := map[string]any{
		"log.level": "warn", "message": "Redis is lost", "ecs.version": "8.17.0",
		"service.name": "signet", "service.version": "1.2.3", "http.request.id": "req-1",
		"error.message": "EOF", "count": 3.0, "client": map[string]any{"ip": "192.0.2.7"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheRequestIDStaysOutsideOfGroups(t *testing.T) {
	ctx := sys.WithRequestID(t.Context(), "req-1")
	got := record(t, func(l *slog.Logger) {
		l.With("a", 1).WithGroup("g").With("b", 2).WithGroup("").WithGroup("h").InfoContext(ctx, "m", "c", 3)
	})
	for key, want := range map[string]any{
		"http.request.id": "req-1", "a": 1.0, "g": map[string]any{"b": 2.0, "h": map[string]any{"c": 3.0}},
	} {
		if diff := cmp.Diff(want, got[key]); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}

func TestALineNamesItsTrace(t *testing.T) {
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1, 15: 255}, SpanID: trace.SpanID{2, 7: 254}})
	ctx := trace.ContextWithSpanContext(sys.WithRequestID(t.Context(), "req-1"), span)
	for name, log := range map[string]func(*slog.Logger){
		"of a request":     func(l *slog.Logger) { l.InfoContext(ctx, "m", "a", 1, "http.request.id", "req-1") },
		"inside of groups": func(l *slog.Logger) { l.WithGroup("g").InfoContext(ctx, "m", "a", 1) },
	} {
		got := record(t, log)
		if got["trace.id"] != "010000000000000000000000000000ff" || got["span.id"] != "02000000000000fe" || got["http.request.id"] != "req-1" {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestTheRequestIDIsThereOnce(t *testing.T) {
	var out bytes.Buffer
	ctx, cancel := context.WithCancel(sys.WithRequestID(t.Context(), "req-1"))
	defer cancel()
	logger(t, &out, telemetry.JSON).WarnContext(ctx, "m", "a", 1, "http.request.id", "req-1")
	if n := strings.Count(out.String(), `"http.request.id":"req-1"`); n != 1 {
		t.Errorf("%d times in %s", n, out.String())
	}
}

func TestWithoutARequestThereIsNoID(t *testing.T) {
	for _, ctx := range []context.Context{t.Context(), sys.WithRequestID(t.Context(), "")} {
		got := record(t, func(l *slog.Logger) { l.WithGroup("g").InfoContext(ctx, "m", "a", 1) })
		if _, ok := got["http.request.id"]; ok {
			t.Errorf("%v", got)
		}
	}
}

func TestOneRecordIsOneLine(t *testing.T) {
	hostile := "x\n{\"log.level\":\"error\",\"message\":\"forged\"}\r\n\u2028\x00\x1b[31m"
	for _, format := range []telemetry.Format{telemetry.JSON, telemetry.Text} {
		var out bytes.Buffer
		logger(t, &out, format).Info(hostile, hostile, hostile, "error", errors.New(hostile), slog.Group(hostile, hostile, hostile))
		if n := strings.Count(out.String(), "\n"); n != 1 || strings.ContainsAny(out.String(), "\r\x00\x1b") {
			t.Errorf("%s: %q", format, out.String())
		}
	}
}

func TestLevels(t *testing.T) {
	var out bytes.Buffer
	level := new(slog.LevelVar)
	l, err := telemetry.NewLogger(&out, level, "signet", "1", telemetry.JSON)
	if err != nil {
		t.Fatal(err)
	}
	if l.Debug("no"); out.Len() != 0 {
		t.Error("logged below the level")
	}
	level.Set(slog.LevelDebug)
	if l.WithGroup("g").Debug("yes"); out.Len() == 0 {
		t.Error("the level cannot be lowered while running")
	}
}

func TestAnUnknownFormatIsRefused(t *testing.T) {
	if _, err := telemetry.NewLogger(io.Discard, slog.LevelInfo, "signet", "1", "xml"); err == nil {
		t.Error("no error")
	}
}

func TestTextFormatRedactsToo(t *testing.T) {
	var out bytes.Buffer
	logger(t, &out, telemetry.Text).Info("for ada@example.com", "password", "hunter2", "error", errors.New("sgrt_abc123"))
	if got := out.String(); strings.Contains(got, "hunter2") || strings.Contains(got, "abc123") || strings.Contains(got, "ada@") {
		t.Error(got)
	}
}

func TestDomainTypesPrintAsTheyMean(t *testing.T) {
	email, err := domain.ParseEmail("Ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	got := record(t, func(l *slog.Logger) {
		l.Info("m", "to", email, "with", domain.NewSecret("hunter2"), "took", 1500*time.Millisecond, "at", time.Unix(0, 0).UTC(), "ok", true)
	})
	for key, want := range map[string]any{"to": "a***@example.com", "with": "[redacted]", "took": 1.5e9, "at": "1970-01-01T00:00:00Z", "ok": true} {
		if got[key] != want {
			t.Errorf("%s = %v, want %v", key, got[key], want)
		}
	}
}

func BenchmarkLogger(b *testing.B) {
	ctx := sys.WithRequestID(b.Context(), "7d444840-9dc0-11d1-b245-5ffdce74fad2")
	b.ReportAllocs()
	b.Run("an ordinary record", func(b *testing.B) {
		l := logger(b, io.Discard, telemetry.JSON)
		for b.Loop() {
			l.InfoContext(ctx, "request", "http.route", "/api/auth/me", "http.response.status_code", 200, "took", time.Millisecond)
		}
	})
	b.Run("a level that is off", func(b *testing.B) {
		l, err := telemetry.NewLogger(io.Discard, slog.LevelError, "signet", "1", telemetry.JSON)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			l.InfoContext(ctx, "request", "http.route", "/api/auth/me")
		}
	})
}
