package bunsql

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type flowRow struct {
	bun.BaseModel `bun:"table:flows,alias:f"`

	ID            domain.FlowID  `bun:"id,pk,type:uuid"`
	Purpose       domain.Purpose `bun:"purpose"`
	SecretHash    []byte         `bun:"secret_hash,type:bytea"`
	CodeHash      []byte         `bun:"code_hash,type:bytea"`
	Subject       string         `bun:"subject"`
	Address       string         `bun:"address"`
	Payload       []byte         `bun:"payload,type:bytea"`
	Tries         int            `bun:"tries"`
	CreatedAt     time.Time      `bun:"created_at"`
	CodeExpiresAt time.Time      `bun:"code_expires_at,nullzero"`
	ExpiresAt     time.Time      `bun:"expires_at"`
	ConsumedAt    time.Time      `bun:"consumed_at,nullzero"`
}

var flowColumns = columns[flowRow]("")

func (r *flowRow) flow() domain.Flow {
	return domain.Flow{
		ID: r.ID, Purpose: r.Purpose, SecretHash: r.SecretHash, CodeHash: r.CodeHash, Subject: r.Subject, Address: r.Address,
		Payload: r.Payload, Tries: r.Tries, CreatedAt: utc(r.CreatedAt), CodeExpiresAt: utc(r.CodeExpiresAt),
		ExpiresAt: utc(r.ExpiresAt), ConsumedAt: utc(r.ConsumedAt),
	}
}

type flows struct{ conn }

func (s flows) BySecret(ctx context.Context, hash []byte) (domain.Flow, error) {
	var row flowRow
	err := s.scan(ctx, &row, "SELECT ? FROM flows WHERE secret_hash = ?", flowColumns, hash)
	return row.flow(), err
}

func (s flows) ByID(ctx context.Context, id domain.FlowID) (domain.Flow, error) {
	if !isID(id) {
		return domain.Flow{}, domain.ErrNotFound
	}
	var row flowRow
	err := s.scan(ctx, &row, "SELECT ? FROM flows WHERE id = ?", flowColumns, id)
	return row.flow(), err
}

func (s flows) LiveBySubject(ctx context.Context, subject string, now time.Time, n int) ([]domain.Flow, error) {
	if checkText(subject) != nil {
		return nil, nil //nolint:nilerr // text that can't be stored is in no row
	}
	var rows []flowRow
	err := s.scan(ctx, &rows, `SELECT ? FROM flows WHERE subject = ? AND consumed_at IS NULL AND expires_at > ?
		ORDER BY created_at DESC, id DESC LIMIT ?`, flowColumns, subject, now, n)
	return mapped(rows, (*flowRow).flow), list(err)
}

func flowOf(f domain.Flow) *flowRow {
	return &flowRow{
		ID: f.ID, Purpose: f.Purpose, SecretHash: f.SecretHash, CodeHash: f.CodeHash, Subject: f.Subject, Address: f.Address,
		Payload: f.Payload, Tries: f.Tries, CreatedAt: f.CreatedAt, CodeExpiresAt: f.CodeExpiresAt, ExpiresAt: f.ExpiresAt,
		ConsumedAt: f.ConsumedAt,
	}
}

func (s flows) Insert(ctx context.Context, f domain.Flow) error { return s.insert(ctx, flowOf(f)) }

func (s flows) InsertFirst(ctx context.Context, f domain.Flow) error {
	row := flowOf(f)
	if err := checkText(row); err != nil {
		return s.fail(ctx, err)
	}
	n, err := s.affect(ctx, s.idb.NewInsert().Model(row).On("CONFLICT DO NOTHING").Returning("NULL"))
	if err == nil && n == 0 {
		return s.fail(ctx, domain.ErrFlowExists)
	}
	return err
}

// LockByAddress locks in the order of ids, so that two calls never deadlock.
func (s flows) LockByAddress(ctx context.Context, purposes []domain.Purpose, address string, now time.Time) ([]domain.Flow, error) {
	if len(purposes) == 0 || checkText(address) != nil {
		return nil, nil //nolint:nilerr // text that can't be stored is in no row
	}
	var rows []flowRow
	err := s.scan(ctx, &rows, `SELECT ? FROM flows
		WHERE address = ? AND purpose IN (?) AND consumed_at IS NULL AND expires_at > ? ORDER BY id ?`,
		flowColumns, address, bun.List(purposes), now, s.owner.dialect.RowLock)
	return mapped(rows, (*flowRow).flow), list(err)
}

func (s flows) Consume(ctx context.Context, id domain.FlowID, now time.Time) (bool, error) {
	if !isID(id) {
		return false, nil
	}
	n, err := s.count(ctx, "UPDATE flows SET consumed_at = ? WHERE id = ? AND consumed_at IS NULL AND expires_at > ?", now, id, now)
	return n > 0, err
}

func (s flows) ReserveTry(ctx context.Context, id domain.FlowID, limit int, now time.Time) (before int, ok bool, err error) {
	if !isID(id) {
		return 0, false, nil
	}
	err = s.scan(ctx, &before, `UPDATE flows SET tries = tries + 1
		WHERE id = ? AND tries < ? AND consumed_at IS NULL AND expires_at > ? RETURNING tries - 1`, id, limit, now)
	if errors.Is(err, domain.ErrNotFound) {
		return 0, false, nil
	}
	return before, err == nil, err
}

func (s flows) CountTry(ctx context.Context, all []domain.FlowID) error {
	known := ids(all)
	if len(known) == 0 {
		return nil
	}
	return s.execute(ctx, "UPDATE flows SET tries = tries + 1 WHERE id IN (?)", bun.List(known))
}

func (s flows) Supersede(ctx context.Context, purpose domain.Purpose, subject string, now time.Time) error {
	if err := checkText(subject); err != nil {
		return nil //nolint:nilerr // no row has a subject that can't be stored
	}
	return s.execute(ctx, `UPDATE flows SET consumed_at = ?
		WHERE subject = ? AND purpose = ? AND consumed_at IS NULL AND expires_at > ?`, now, subject, purpose, now)
}
