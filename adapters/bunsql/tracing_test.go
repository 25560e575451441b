package bunsql_test

import (
	"context"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func TestSpansOfStatements(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		spans := tracetest.NewSpanRecorder()
		tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
		db, err := e.open(e.current(t), bunsql.Options{Tracer: tracer})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closes(t, db.Close) })
		email, err := domain.ParseEmail("qx7@example.com")
		if err != nil {
			t.Fatal(err)
		}
		ask := func(ctx context.Context) {
			if _, err := db.Read().Users.ByEmail(ctx, email); err == nil {
				t.Error("somebody is there")
			}
			err := db.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.Meta.Put(ctx, "qx7", "qx7 from hunter'") })
			if err != nil {
				t.Error(err)
			}
			if _, _, err := db.Rotate(ctx, domain.Family{ID: anID, Hash: []byte("qx7")}, domain.Family{ID: anID}, domain.SessionPolicy{}); err != nil {
				t.Error(err)
			}
		}

		ask(t.Context())
		if got := spans.Ended(); len(got) != 0 {
			t.Errorf("%d spans without a trace", len(got))
		}

		ctx, root := tracer.Start(t.Context(), "request")
		ask(ctx)
		root.End()
		var names []string
		for _, span := range spans.Ended() {
			names = append(names, span.Name())
			if span.Status().Code == codes.Error {
				t.Errorf("%s failed", span.Name())
			}
			for _, a := range span.Attributes() {
				if strings.Contains(a.Value.String(), "qx7") || strings.Contains(a.Value.String(), "hunter") {
					t.Errorf("%s has a value: %s = %s", span.Name(), a.Key, a.Value.String())
				}
			}
			if span.Name() != "request" && span.Parent().SpanID() != root.SpanContext().SpanID() {
				t.Errorf("%s has another parent", span.Name())
			}
		}
		all := strings.Join(names, ",")
		for _, want := range []string{"SELECT users", "COMMIT", "UPDATE refresh_families", "request"} {
			if !strings.Contains(all, want) {
				t.Errorf("no span %q among %q", want, names)
			}
		}
	})
}

func TestTheSummaryOfAStatementHoldsNoValue(t *testing.T) {
	for statement, want := range map[string]string{
		`SELECT "u"."id" FROM "users" AS "u" WHERE email = 'from hunter'`:         "SELECT users",
		`SELECT 'from hunter' AS x FROM users`:                                    "SELECT ",
		`INSERT INTO "flows" ("id") VALUES ('into hunter')`:                       "INSERT flows",
		"UPDATE outbox SET x = 'UPDATE hunter'":                                   "UPDATE outbox",
		"DELETE FROM sessions":                                                    "DELETE sessions",
		"WITH due AS (SELECT id FROM outbox) UPDATE outbox SET a = 'FROM hunter'": "WITH outbox",
		"COMMIT":                        "COMMIT ",
		"hunter FROM hunter":            "statement ",
		"SELECT pg_notify(FROM HUNTER)": "SELECT ",
	} {
		if operation, table := bunsql.Summary(statement); operation+" "+table != want {
			t.Errorf("%s: %s %s", statement, operation, table)
		}
	}
}
