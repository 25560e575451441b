package bunsql_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// The rows stay for operators; the secrets in them must not.
func TestPayloadsAreBlankedWhenAMessageIsSettledOrParked(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	each(t, func(t *testing.T, e engine) {
		db, raw := e.migrated(t)
		err := db.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			for range 3 {
				m := domain.Message{ID: id[domain.MessageID](), Topic: domain.TopicForgot, Payload: []byte("sealed"), RunAt: now, CreatedAt: now}
				if err := tx.Outbox.Add(ctx, m); err != nil {
					return err
				}
			}
			claimed, err := tx.Outbox.Claim(ctx, now, time.Minute, []domain.Topic{domain.TopicForgot}, 3)
			if err != nil || len(claimed) != 3 {
				t.Fatalf("claimed %d, %v", len(claimed), err)
			}
			_, settled := tx.Outbox.Settle(ctx, claimed[0], now)
			_, parked := tx.Outbox.Park(ctx, claimed[1], now, "refused")
			_, retried := tx.Outbox.Retry(ctx, claimed[2], now, "busy")
			return errors.Join(settled, parked, retried)
		})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, texts(t, raw, `SELECT last_error || '|' || CASE WHEN payload IS NULL THEN 'blank' ELSE 'kept' END
			|| '|' || CASE WHEN delivered_at IS NULL THEN '' ELSE 'delivered' END
			|| '|' || CASE WHEN parked_at IS NULL THEN '' ELSE 'parked' END FROM outbox ORDER BY last_error`),
			[]string{"|blank|delivered|", "busy|kept||", "refused|blank||parked"})
	})
}
