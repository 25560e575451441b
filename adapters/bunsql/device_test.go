package bunsql_test

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// A user's devices are personal data: they must not outlive the user's row.
func TestDevicesGoWithTheirUser(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	each(t, func(t *testing.T, e engine) {
		db, raw := e.migrated(t)
		email, err := domain.ParseEmail("ada@example.com")
		if err != nil {
			t.Fatal(err)
		}
		user := domain.NewUser(anID, email, "", domain.PersonName{}, now)
		err = db.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Users.Insert(ctx, user); err != nil {
				return err
			}
			_, err := tx.Devices.RecordLogin(ctx, user.ID, "Firefox on Linux", now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if e.name == "sqlite" { // off unless asked for: the store's own connections do
			raw.SetMaxOpenConns(1)
			if _, err := raw.ExecContext(t.Context(), "PRAGMA foreign_keys = ON"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := raw.ExecContext(t.Context(), "DELETE FROM users"); err != nil {
			t.Fatal(err)
		}
		if left, err := db.Read().Devices.ByUser(t.Context(), user.ID); err != nil || len(left) != 0 {
			t.Errorf("%v are left, %v", left, err)
		}
	})
}
