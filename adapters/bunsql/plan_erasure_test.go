package bunsql_test

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// The cost of work on one person must depend only on that person's rows.
func TestQueriesAboutOnePersonHaveAnIndex(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	email, err := domain.ParseEmail("ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	mark := domain.Cursor{At: now, ID: anID}
	explainEach(t, map[string]func(context.Context, *store.Reader) error{
		"due": func(ctx context.Context, r *store.Reader) error { _, err := r.Erasure.Due(ctx, now, 10); return err },
		"events": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Audit.About(ctx, anID, domain.Cursor{}, 10)
			return err
		},
		"older events": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Audit.About(ctx, anID, mark, 10)
			return err
		},
		"sessions": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Sessions.ByUser(ctx, anID, 10)
			return err
		},
		"identities": func(ctx context.Context, r *store.Reader) error { _, err := r.Identities.ByUser(ctx, anID); return err },
		"roles": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Grants.Assigned(ctx, anID, 10)
			return err
		},
		"secrets": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Flows.LiveBySubject(ctx, anID, now, 10)
			return err
		},
		"newest users": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Users.List(ctx, store.UserFilter{Now: now}, store.Page{Limit: 10, After: domain.Cursor{At: now, ID: anID}})
			return err
		},
	}, map[string]func(context.Context, *store.Tx) error{
		"schedule": func(ctx context.Context, tx *store.Tx) error { return tx.Erasure.Schedule(ctx, anID, now) },
		"remove sessions": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Erasure.Sessions(ctx, anID, 10)
			return err
		},
		"remove traces of an identifier": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Erasure.IdentifierTraces(ctx, email, 10)
			return err
		},
		"remove traces": func(ctx context.Context, tx *store.Tx) error {
			return tx.Erasure.Traces(ctx, []domain.EventID{anID}, []domain.SessionID{anID})
		},
		"remove secrets":  func(ctx context.Context, tx *store.Tx) error { return tx.Erasure.Secrets(ctx, anID, email) },
		"remove messages": func(ctx context.Context, tx *store.Tx) error { return tx.Erasure.Messages(ctx, [][]byte{[]byte("s")}) },
		"remove a user":   func(ctx context.Context, tx *store.Tx) error { return tx.Erasure.User(ctx, anID) },
		"last administrator": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Assignments.LastAdmin(ctx, anID, now)
			return err
		},
	}, nil)
}
