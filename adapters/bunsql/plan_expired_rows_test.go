package bunsql_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/ports/store"
)

// The janitor works beside requests: its cost must depend on the rows to remove and not on the size of the table.
func TestCleaningHasAnIndex(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	explainEach(t, nil, map[string]func(context.Context, *store.Tx) error{
		"sessions": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExpiredRows.Sessions(ctx, now, 10)
			return err
		},
		"flows": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExpiredRows.Flows(ctx, now, 10)
			return err
		},
		"remembered devices": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExpiredRows.TrustedDevices(ctx, now, 10)
			return err
		},
		"registrations": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExpiredRows.Registrations(ctx, now, 10)
			return err
		},
		"messages": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExpiredRows.Messages(ctx, now, 10)
			return err
		},
		"application tokens": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExpiredRows.AppTokens(ctx, now, 10)
			return err
		},
		"assignments": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExpiredRows.Assignments(ctx, now, 10)
			return err
		},
		"deleted roles": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExpiredRows.OfDeletedRoles(ctx, 10)
			return err
		},
		"deleted services": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExpiredRows.OfDeletedServices(ctx, 10)
			return err
		},
		"what is left of deleted services": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExpiredRows.CountOfDeletedServices(ctx)
			return err
		},
		"lockouts": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.ExpiredRows.Lockouts(ctx, now, 10)
			return err
		},
	}, nil)
}

// explainEach asks for the plan of every statement that the calls send, on every database, and fails where one reads a whole table.
func explainEach(t *testing.T, reads map[string]func(context.Context, *store.Reader) error, writes map[string]func(context.Context, *store.Tx) error,
	others map[string]func(context.Context, *bunsql.DB) error,
) {
	t.Helper()
	each(t, func(t *testing.T, e engine) {
		db, raw := e.migrated(t)
		sent := db.Watch()
		explain := func(t *testing.T) {
			t.Helper()
			queries := sent()
			if len(queries) == 0 {
				t.Fatal("no statement was sent")
			}
			for q := range strings.SplitSeq(strings.Join(queries, ";\n"), ";\n") {
				if plan := explained(t, e, raw, q); scans(e, plan) {
					t.Errorf("%s\nreads a whole table:\n%s", q, strings.Join(plan, "\n"))
				}
			}
		}
		for name, read := range reads {
			t.Run(name, func(t *testing.T) {
				allowMissing(t, read(t.Context(), db.Read()))
				explain(t)
			})
		}
		for name, write := range writes {
			t.Run(name, func(t *testing.T) {
				allowMissing(t, db.WithinTx(t.Context(), write))
				explain(t)
			})
		}
		for name, other := range others {
			t.Run(name, func(t *testing.T) {
				allowMissing(t, other(t.Context(), db))
				explain(t)
			})
		}
	})
}
