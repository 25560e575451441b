package bunsql

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strings"

	"github.com/uptrace/bun"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// tracing is a hook of Bun that makes a span of each statement within a trace. Statements outside of traces get none.
//
// A span tells what a statement does and to which table, but not its text: when it is sent, the text contains its values, such as addresses
// and hashes.
type tracing struct {
	tracer trace.Tracer
	system string // as OpenTelemetry calls the database
}

// spanKey is where an event of Bun keeps its span.
type spanKey struct{}

// BeforeQuery begins the span.
func (t *tracing) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	operation, table := summary(e.Query)
	attributes := []attribute.KeyValue{attribute.String("db.system.name", t.system), attribute.String("db.operation.name", operation)}
	if table != "" {
		attributes = append(attributes, attribute.String("db.collection.name", table))
	}
	ctx, span := t.tracer.Start(ctx, strings.TrimSpace(operation+" "+table), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	e.Stash = map[any]any{spanKey{}: span}
	return ctx
}

// AfterQuery ends it.
func (*tracing) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	span, ok := e.Stash[spanKey{}].(trace.Span)
	if !ok {
		return
	}
	if e.Err != nil && !errors.Is(e.Err, sql.ErrNoRows) {
		kind := "error" // the database's message may contain values
		if errors.Is(e.Err, context.DeadlineExceeded) || errors.Is(e.Err, context.Canceled) {
			kind = "timeout"
		}
		span.SetAttributes(attribute.String("error.type", kind))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

var (
	operations = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|BEGIN|COMMIT|ROLLBACK|SET)\b`)
	collection = regexp.MustCompile(`\b(?:FROM|INTO|UPDATE) "?([a-z_]{1,40})\b`)
	subquery   = regexp.MustCompile(`EXISTS \([^()]*\)|\(SELECT [^()]*\) AS`)
)

// summary is what a statement does, and the first table that it names outside of subqueries that yield one value. For a statement that
// contains values before the table, it is a fixed word or empty.
func summary(statement string) (operation, table string) {
	found := operations.FindStringSubmatch(statement)
	if found == nil {
		return "statement", ""
	}
	head, _, _ := strings.Cut(statement, "'") // values come after the first quote
	if name := collection.FindStringSubmatch(subquery.ReplaceAllString(head, "")); name != nil {
		table = name[1]
	}
	return found[1], table
}

// hooked tells a hook of the statements that bypass Bun, too.
func (d Dialect) hooked(hook bun.QueryHook) Dialect {
	if d.Answer == nil {
		return d
	}
	answer := d.Answer
	d.Answer = func(ctx context.Context, pool *bun.DB, query string, args ...any) (text string, err error) {
		event := &bun.QueryEvent{Query: query}
		ctx = hook.BeforeQuery(ctx, event)
		text, event.Err = answer(ctx, pool, query, args...)
		hook.AfterQuery(ctx, event)
		return text, event.Err
	}
	return d
}
