package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type identityRow struct {
	bun.BaseModel `bun:"table:identities,alias:i"`

	ID            domain.IdentityID `bun:"id,pk,type:uuid"`
	UserID        domain.UserID     `bun:"user_id,type:uuid"`
	Issuer        string            `bun:"issuer"`
	Subject       string            `bun:"subject"`
	Provider      string            `bun:"provider"`
	Email         string            `bun:"email"`
	EmailVerified bool              `bun:"email_verified"`
	CreatedAt     time.Time         `bun:"created_at"`
	LastLoginAt   time.Time         `bun:"last_login_at,nullzero"`
}

var identityColumns = columns[identityRow]("")

func (r *identityRow) identity() domain.Identity {
	return domain.Identity{
		ID: r.ID, UserID: r.UserID, Issuer: r.Issuer, Subject: r.Subject, Provider: r.Provider, Email: r.Email,
		EmailVerified: r.EmailVerified, CreatedAt: utc(r.CreatedAt), LastLoginAt: utc(r.LastLoginAt),
	}
}

func identityOf(i domain.Identity) *identityRow {
	return &identityRow{
		ID: i.ID, UserID: i.UserID, Issuer: i.Issuer, Subject: i.Subject, Provider: i.Provider, Email: i.Email,
		EmailVerified: i.EmailVerified, CreatedAt: i.CreatedAt, LastLoginAt: i.LastLoginAt,
	}
}

type identities struct{ conn }

func (s identities) ByUser(ctx context.Context, user domain.UserID) ([]domain.Identity, error) {
	if !isID(user) {
		return nil, nil
	}
	var rows []identityRow
	err := s.scan(ctx, &rows, "SELECT ? FROM identities WHERE user_id = ? ORDER BY created_at, id", identityColumns, user)
	return mapped(rows, (*identityRow).identity), list(err)
}

func (s identities) ByUsers(ctx context.Context, users []domain.UserID) (map[domain.UserID][]domain.Identity, error) {
	known := ids(users)
	if len(known) == 0 {
		return nil, nil //nolint:nilnil // an empty map
	}
	var rows []identityRow
	err := s.scan(ctx, &rows, "SELECT ? FROM identities WHERE user_id IN (?) ORDER BY created_at, id", identityColumns, bun.List(known))
	all := map[domain.UserID][]domain.Identity{}
	for i := range rows {
		all[rows[i].UserID] = append(all[rows[i].UserID], rows[i].identity())
	}
	return all, list(err)
}

func (s identities) BySubject(ctx context.Context, issuer, subject string) (domain.Identity, error) {
	if checkText(issuer) != nil || checkText(subject) != nil {
		return domain.Identity{}, domain.ErrNotFound
	}
	var row identityRow
	err := s.scan(ctx, &row, "SELECT ? FROM identities WHERE issuer = ? AND subject = ?", identityColumns, issuer, subject)
	return row.identity(), err
}

func (s identities) Lock(ctx context.Context, issuer, subject string) error {
	return s.hold(ctx, "identity", []byte(issuer+"\x00"+subject))
}

func (s identities) Insert(ctx context.Context, i domain.Identity) error {
	return s.insertUnique(ctx, identityOf(i), domain.ErrIdentityTaken)
}

func (s identities) Update(ctx context.Context, i domain.Identity) error {
	return s.update(ctx, identityOf(i), "provider", "email", "email_verified", "last_login_at")
}

func (s identities) Delete(ctx context.Context, user domain.UserID, id domain.IdentityID) (domain.Identity, error) {
	if !isID(user) || !isID(id) {
		return domain.Identity{}, domain.ErrNotFound
	}
	var row identityRow
	err := s.scan(ctx, &row, "DELETE FROM identities WHERE id = ? AND user_id = ? RETURNING ?", id, user, identityColumns)
	return row.identity(), err
}

func (s identities) DeleteByUser(ctx context.Context, user domain.UserID) error {
	if !isID(user) {
		return nil
	}
	return s.execute(ctx, "DELETE FROM identities WHERE user_id = ?", user)
}
