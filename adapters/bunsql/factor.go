package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type factorRow struct {
	bun.BaseModel `bun:"table:factors,alias:f"`

	ID             domain.FactorID   `bun:"id,pk,type:uuid"`
	UserID         domain.UserID     `bun:"user_id,type:uuid"`
	Kind           domain.FactorKind `bun:"kind"`
	Name           string            `bun:"name"`
	SessionID      domain.SessionID  `bun:"session_id,type:uuid,nullzero"`
	Secret         []byte            `bun:"secret,type:bytea"`
	LastStep       int64             `bun:"last_step"`
	CredentialID   []byte            `bun:"credential_id,type:bytea"`
	PublicKey      []byte            `bun:"public_key,type:bytea"`
	RPID           string            `bun:"rp_id"`
	SignCount      int64             `bun:"sign_count"`
	Transports     []string          `bun:"transports,type:jsonb"`
	BackupEligible bool              `bun:"backup_eligible"`
	BackedUp       bool              `bun:"backed_up"`
	CreatedAt      time.Time         `bun:"created_at"`
	ConfirmedAt    time.Time         `bun:"confirmed_at,nullzero"`
	LastUsedAt     time.Time         `bun:"last_used_at,nullzero"`
	SuspendedAt    time.Time         `bun:"suspended_at,nullzero"`
}

var factorColumns = columns[factorRow]("")

func factorOf(f domain.Factor) *factorRow {
	c := f.Credential
	return &factorRow{
		ID: f.ID, UserID: f.UserID, Kind: f.Kind, Name: f.Name, SessionID: f.SessionID, Secret: f.Secret, LastStep: f.LastStep,
		CredentialID: c.ID, PublicKey: c.PublicKey, RPID: c.RPID, SignCount: int64(c.SignCount), Transports: c.Transports,
		BackupEligible: c.BackupEligible, BackedUp: c.BackedUp, CreatedAt: f.CreatedAt, ConfirmedAt: f.ConfirmedAt, LastUsedAt: f.LastUsedAt,
		SuspendedAt: f.SuspendedAt,
	}
}

func (r *factorRow) factor() domain.Factor {
	return domain.Factor{
		ID: r.ID, UserID: r.UserID, Kind: r.Kind, Name: r.Name, SessionID: r.SessionID, Secret: r.Secret, LastStep: r.LastStep,
		Credential: domain.Credential{
			ID: r.CredentialID, PublicKey: r.PublicKey, RPID: r.RPID, SignCount: uint32(r.SignCount), Transports: r.Transports,
			BackupEligible: r.BackupEligible, BackedUp: r.BackedUp,
		},
		CreatedAt: utc(r.CreatedAt), ConfirmedAt: utc(r.ConfirmedAt), LastUsedAt: utc(r.LastUsedAt), SuspendedAt: utc(r.SuspendedAt),
	}
}

type recoveryCodeRow struct {
	bun.BaseModel `bun:"table:recovery_codes,alias:c"`

	ID        domain.RecoveryCodeID `bun:"id,pk,type:uuid"`
	UserID    domain.UserID         `bun:"user_id,type:uuid"`
	Hash      []byte                `bun:"hash,type:bytea"`
	CreatedAt time.Time             `bun:"created_at"`
	UsedAt    time.Time             `bun:"used_at,nullzero"`
}

type factors struct{ conn }

func (s factors) ByUser(ctx context.Context, user domain.UserID) ([]domain.Factor, error) {
	if !isID(user) {
		return nil, nil
	}
	var rows []factorRow
	err := s.scan(ctx, &rows, "SELECT ? FROM factors WHERE user_id = ? ORDER BY created_at, id", factorColumns, user)
	return mapped(rows, (*factorRow).factor), list(err)
}

func (s factors) ByCredential(ctx context.Context, id []byte) (domain.Factor, error) {
	var row factorRow
	err := s.scan(ctx, &row, "SELECT ? FROM factors WHERE credential_id = ?", factorColumns, id)
	return row.factor(), err
}

func (s factors) CountKeysOfOthers(ctx context.Context, rpID string) (n int, err error) {
	err = s.scan(ctx, &n, "SELECT count(*) FROM factors WHERE credential_id IS NOT NULL AND confirmed_at IS NOT NULL AND rp_id <> ?", rpID)
	return n, err
}

func (s factors) Codes(ctx context.Context, user domain.UserID) (domain.RecoveryCodes, error) {
	if !isID(user) {
		return domain.RecoveryCodes{}, nil
	}
	var row struct {
		Left      int       `bun:"left"`
		CreatedAt time.Time `bun:"created_at"`
	}
	err := s.scan(ctx, &row, `SELECT count(*) - count(used_at) AS "left", max(created_at) AS created_at FROM recovery_codes WHERE user_id = ?`, user)
	return domain.RecoveryCodes{Left: row.Left, CreatedAt: utc(row.CreatedAt)}, err
}

func (s factors) HasCode(ctx context.Context, user domain.UserID, hash []byte) (has bool, err error) {
	if !isID(user) {
		return false, nil
	}
	err = s.scan(ctx, &has, "SELECT EXISTS (SELECT 1 FROM recovery_codes WHERE hash = ? AND user_id = ? AND used_at IS NULL)", hash, user)
	return has, err
}

func (s factors) Insert(ctx context.Context, f domain.Factor) error {
	return s.insertUnique(ctx, factorOf(f), domain.ErrCredentialTaken)
}

func (s factors) Confirm(ctx context.Context, f domain.Factor) (bool, error) {
	if !isID(f.ID) {
		return false, nil
	}
	n, err := s.count(ctx, "UPDATE factors SET confirmed_at = ?, last_step = ?, last_used_at = ?, session_id = NULL WHERE id = ? AND confirmed_at IS NULL",
		f.ConfirmedAt, f.LastStep, f.ConfirmedAt, f.ID)
	return n > 0, err
}

func (s factors) Rename(ctx context.Context, user domain.UserID, id domain.FactorID, name string) error {
	if !isID(user) || !isID(id) {
		return domain.ErrNotFound
	}
	if err := checkText(&factorRow{Name: name}); err != nil {
		return s.fail(ctx, err)
	}
	return found(s.count(ctx, "UPDATE factors SET name = ? WHERE id = ? AND user_id = ? AND confirmed_at IS NOT NULL", name, id, user))
}

func (s factors) Delete(ctx context.Context, user domain.UserID, id domain.FactorID) error {
	if !isID(user) || !isID(id) {
		return domain.ErrNotFound
	}
	return found(s.count(ctx, "DELETE FROM factors WHERE id = ? AND user_id = ? AND confirmed_at IS NOT NULL", id, user))
}

func (s factors) DeleteUnconfirmed(ctx context.Context, user domain.UserID, kind domain.FactorKind) error {
	if !isID(user) {
		return nil
	}
	return s.execute(ctx, "DELETE FROM factors WHERE user_id = ? AND kind = ? AND confirmed_at IS NULL", user, kind)
}

func (s factors) DeleteAll(ctx context.Context, user domain.UserID) error {
	if !isID(user) {
		return nil
	}
	if err := s.execute(ctx, "DELETE FROM recovery_codes WHERE user_id = ?", user); err != nil {
		return err
	}
	return s.execute(ctx, "DELETE FROM factors WHERE user_id = ?", user)
}

func (s factors) UseStep(ctx context.Context, id domain.FactorID, step int64, now time.Time) (bool, error) {
	if !isID(id) {
		return false, nil
	}
	n, err := s.count(ctx, `UPDATE factors SET last_step = ?, last_used_at = ?
		WHERE id = ? AND last_step < ? AND kind = ? AND confirmed_at IS NOT NULL AND suspended_at IS NULL`,
		step, now, id, step, domain.FactorTOTP)
	return n > 0, err
}

func (s factors) UseCredential(ctx context.Context, f domain.Factor, now time.Time) (bool, error) {
	if !isID(f.ID) || !isID(f.UserID) {
		return false, nil
	}
	c := f.Credential
	n, err := s.count(ctx, `UPDATE factors SET sign_count = ?, backup_eligible = backup_eligible OR ?, backed_up = ?, last_used_at = ?
		WHERE id = ? AND user_id = ? AND credential_id IS NOT NULL AND confirmed_at IS NOT NULL AND suspended_at IS NULL
		AND (sign_count < ? OR sign_count = 0 AND ? = 0)`,
		int64(c.SignCount), c.BackupEligible, c.BackedUp, now, f.ID, f.UserID, int64(c.SignCount), int64(c.SignCount))
	return n > 0, err
}

func (s factors) Suspend(ctx context.Context, user domain.UserID, id domain.FactorID, since, now time.Time) (bool, error) {
	if !isID(user) || !isID(id) {
		return false, nil
	}
	n, err := s.count(ctx, `UPDATE factors SET suspended_at = ?
		WHERE id = ? AND user_id = ? AND credential_id IS NOT NULL AND confirmed_at IS NOT NULL AND suspended_at IS NULL
		AND (last_used_at IS NULL OR last_used_at < ?)`, now, id, user, since)
	return n > 0, err
}

func (s factors) Resume(ctx context.Context, user domain.UserID, id domain.FactorID) error {
	if !isID(user) || !isID(id) {
		return domain.ErrNotFound
	}
	return found(s.count(ctx, "UPDATE factors SET suspended_at = NULL, sign_count = 0 WHERE id = ? AND user_id = ? AND suspended_at IS NOT NULL", id, user))
}

func (s factors) ReplaceCodes(ctx context.Context, user domain.UserID, codes []domain.RecoveryCode) error {
	if !isID(user) {
		return domain.ErrNotFound
	}
	if err := s.execute(ctx, "DELETE FROM recovery_codes WHERE user_id = ?", user); err != nil || len(codes) == 0 {
		return err
	}
	rows := make([]recoveryCodeRow, len(codes))
	for i, c := range codes {
		rows[i] = recoveryCodeRow{ID: c.ID, UserID: user, Hash: c.Hash, CreatedAt: c.CreatedAt}
	}
	return s.insert(ctx, &rows)
}

func (s factors) UseCode(ctx context.Context, user domain.UserID, hash []byte, now time.Time) (bool, error) {
	if !isID(user) {
		return false, nil
	}
	n, err := s.count(ctx, "UPDATE recovery_codes SET used_at = ? WHERE hash = ? AND user_id = ? AND used_at IS NULL", now, hash, user)
	return n > 0, err
}
