package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type keyRow struct {
	bun.BaseModel `bun:"table:signing_keys,alias:k"`

	KID         string           `bun:"kid,pk"`
	Algorithm   domain.Algorithm `bun:"algorithm"`
	State       domain.KeyState  `bun:"state"`
	Private     []byte           `bun:"private,type:bytea"`
	Public      []byte           `bun:"public,type:bytea"`
	CreatedAt   time.Time        `bun:"created_at"`
	ActivatedAt time.Time        `bun:"activated_at,nullzero"`
	RetiredAt   time.Time        `bun:"retired_at,nullzero"`
	ExpiresAt   time.Time        `bun:"expires_at,nullzero"`
}

var keyColumns = columns[keyRow]("")

func keyOf(k domain.SigningKey) *keyRow {
	return &keyRow{
		KID: k.KID, Algorithm: k.Algorithm, State: k.State, Private: k.Private, Public: k.Public, CreatedAt: k.CreatedAt,
		ActivatedAt: k.ActivatedAt, RetiredAt: k.RetiredAt, ExpiresAt: k.ExpiresAt,
	}
}

func (r *keyRow) key() domain.SigningKey {
	return domain.SigningKey{
		KID: r.KID, Algorithm: r.Algorithm, State: r.State, Private: r.Private, Public: r.Public, CreatedAt: utc(r.CreatedAt),
		ActivatedAt: utc(r.ActivatedAt), RetiredAt: utc(r.RetiredAt), ExpiresAt: utc(r.ExpiresAt),
	}
}

type keys struct{ conn }

func (s keys) All(ctx context.Context) ([]domain.SigningKey, error) {
	var rows []keyRow
	err := s.scan(ctx, &rows, "SELECT ? FROM signing_keys WHERE state <> ? ORDER BY created_at DESC, kid", keyColumns, domain.KeyRevoked)
	return mapped(rows, (*keyRow).key), list(err)
}

func (s keys) LockRing(ctx context.Context) error { return s.hold(ctx, "key ring", nil) }

func (s keys) Insert(ctx context.Context, k domain.SigningKey) error {
	return s.insertUnique(ctx, keyOf(k), domain.ErrKeyExists)
}

func (s keys) Update(ctx context.Context, k domain.SigningKey) error {
	return s.conflict(s.update(ctx, keyOf(k), "state", "private", "created_at", "activated_at", "retired_at", "expires_at"), domain.ErrKeyExists)
}

func (s keys) Delete(ctx context.Context, kid string) error {
	return s.execute(ctx, "DELETE FROM signing_keys WHERE kid = ?", kid)
}
