package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// TestAReleaseThatKnowsNoFactorsLetsNobodyInWhoHasOne: it writes sessions without a level. The refusal is one that it tries again and then
// answers as unavailable, and not as a fault of its own.
func TestAReleaseThatKnowsNoFactorsLetsNobodyInWhoHasOne(t *testing.T) {
	const user, factor = domain.UserID("018f6f7e-0000-7000-8000-000000000001"), domain.FactorID("018f6f7e-0000-7000-8000-000000000002")
	url := current(t)
	db, raw := open(t, url), conn(t, url)
	now := time.Now().UTC().Truncate(time.Microsecond)
	write := func(fn func(ctx context.Context, tx *store.Tx) error) {
		t.Helper()
		if err := db.WithinTx(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	begins := func(columns, values string) error {
		_, err := raw.ExecContext(t.Context(), `INSERT INTO sessions (id, user_id, amr, auth_time, created_at, expires_at`+columns+`)
			VALUES (gen_random_uuid(), '`+string(user)+`', '["pwd"]', now(), now(), now()`+values+`)`)
		return err
	}
	before := func() error { return begins("", "") }
	email, err := domain.ParseEmail("ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	f := domain.Factor{ID: factor, UserID: user, Kind: domain.FactorTOTP, Secret: []byte("sealed"), SessionID: domain.SessionID(factor), CreatedAt: now}
	write(func(ctx context.Context, tx *store.Tx) error {
		return errors.Join(tx.Users.Insert(ctx, domain.NewUser(user, email, "hash", domain.PersonName{}, now)), tx.Factors.Insert(ctx, f))
	})
	if err := before(); err != nil {
		t.Errorf("while the factor is not confirmed: %v", err)
	}
	f.ConfirmedAt = now
	write(func(ctx context.Context, tx *store.Tx) error { _, err := tx.Factors.Confirm(ctx, f); return err })
	if refusal, ok := errors.AsType[*pgconn.PgError](before()); !ok || refusal.Code != "40001" {
		t.Errorf("got %v", refusal)
	}
	if err := begins(", level", ", 1"); err != nil { // this release, which has asked for the factor where it must
		t.Errorf("with a level: %v", err)
	}
	write(func(ctx context.Context, tx *store.Tx) error { return tx.Factors.Delete(ctx, user, factor) })
	if err := before(); err != nil {
		t.Errorf("without the factor: %v", err)
	}
}
