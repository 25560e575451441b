package telemetry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/ports/sys"
)

// ecsVersion is the version of the Elastic Common Schema whose names are used.
const ecsVersion = "8.17.0"

// Format is how a record is written.
type Format string

// The formats: JSON by ECS for machines, text for people.
const (
	JSON Format = "json"
	Text Format = "text"
)

// NewLogger makes a logger for a service. It is safe for concurrent use, writes one line per record, and fails for an unknown
// format only. (ASVS 16.2.2, 16.2.4, 16.2.5, 16.4.1)
func NewLogger(w io.Writer, level slog.Leveler, service, version string, format Format) (*slog.Logger, error) {
	options, r := &slog.HandlerOptions{Level: level}, new(redactor)
	switch format {
	case JSON:
		options.ReplaceAttr = r.ecs
		base := slog.NewJSONHandler(w, options).WithAttrs([]slog.Attr{
			slog.String("ecs.version", ecsVersion),
			slog.String("service.name", service),
			slog.String("service.version", version),
		})
		return slog.New(&handler{base: base}), nil
	case Text:
		options.ReplaceAttr = r.redact
		return slog.New(&handler{base: slog.NewTextHandler(w, options)}), nil
	}
	return nil, fmt.Errorf("telemetry: the log format is %q or %q", JSON, Text)
}

// ecs redacts, and gives the members of a record their ECS names.
func (r *redactor) ecs(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return r.redact(groups, a)
	}
	switch a.Key {
	case slog.TimeKey:
		if a.Value.Kind() == slog.KindTime {
			return slog.String("@timestamp", a.Value.Time().UTC().Format("2006-01-02T15:04:05.000000Z"))
		}
	case slog.LevelKey:
		if level, ok := a.Value.Any().(slog.Level); ok {
			return slog.String("log.level", strings.ToLower(level.String()))
		}
	case slog.MessageKey:
		a.Key = "message"
	case "error", "err":
		a = r.redact(nil, a)
		a.Key = "error.message"
		return a
	}
	return r.redact(nil, a)
}

// requestIDAttr is what a record has the ID of its request under.
const requestIDAttr = "http.request.id"

// handler adds the IDs of the request and of the trace from the context. The IDs must be outside of groups, so it remembers groups and
// attributes since the first group, and puts the IDs before them.
type handler struct {
	base  slog.Handler // without groups
	after []func(slog.Handler) slog.Handler
	full  slog.Handler // base with all of after; nil when there is nothing
}

func (h *handler) handler() slog.Handler {
	if h.full != nil {
		return h.full
	}
	return h.base
}

// Enabled asks the level.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.base.Enabled(ctx, level)
}

// Handle writes a record.
func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	attrs := make([]slog.Attr, 0, 3)
	if id := sys.RequestID(ctx); id != "" && (h.full != nil || !hasRequestID(record)) {
		attrs = append(attrs, slog.String(requestIDAttr, id))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		attrs = append(attrs, slog.String("trace.id", span.TraceID().String()), slog.String("span.id", span.SpanID().String()))
	}
	if len(attrs) == 0 {
		return h.handler().Handle(ctx, record)
	}
	if h.full == nil {
		record = record.Clone()
		record.AddAttrs(attrs...)
		return h.base.Handle(ctx, record)
	}
	full := h.base.WithAttrs(attrs)
	for _, step := range h.after {
		full = step(full)
	}
	return full.Handle(ctx, record)
}

// hasRequestID tells whether a record already has the ID, as the line about an answer does.
func hasRequestID(record slog.Record) (has bool) {
	record.Attrs(func(a slog.Attr) bool {
		has = a.Key == requestIDAttr
		return !has
	})
	return has
}

// WithAttrs adds attributes to the group that is open.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if h.full == nil {
		return &handler{base: h.base.WithAttrs(attrs)}
	}
	return h.then(func(next slog.Handler) slog.Handler { return next.WithAttrs(attrs) })
}

// WithGroup opens a group.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.then(func(next slog.Handler) slog.Handler { return next.WithGroup(name) })
}

func (h *handler) then(step func(slog.Handler) slog.Handler) slog.Handler {
	return &handler{base: h.base, after: append(slices.Clone(h.after), step), full: step(h.handler())}
}
