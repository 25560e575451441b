package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type registrationRow struct {
	bun.BaseModel `bun:"table:registrations,alias:r"`

	ID             domain.RegistrationID `bun:"id,pk,type:uuid"`
	UserID         domain.UserID         `bun:"user_id,type:uuid"`
	Email          string                `bun:"email"`
	EmailCanonical string                `bun:"email_canonical"`
	PasswordHash   string                `bun:"password_hash,nullzero"`
	FirstName      string                `bun:"first_name"`
	LastName       string                `bun:"last_name"`
	Locale         string                `bun:"locale"`
	CreatedAt      time.Time             `bun:"created_at"`
	ExpiresAt      time.Time             `bun:"expires_at"`
}

var registrationColumns = columns[registrationRow]("")

func (r *registrationRow) registration() domain.Registration {
	return domain.Registration{
		ID: r.ID, UserID: r.UserID, Email: domain.RestoreEmail(r.Email, r.EmailCanonical), PasswordHash: r.PasswordHash,
		Name:      domain.PersonName{First: r.FirstName, Last: r.LastName, Locale: r.Locale},
		CreatedAt: utc(r.CreatedAt), ExpiresAt: utc(r.ExpiresAt),
	}
}

type registrations struct{ conn }

func (s registrations) ByID(ctx context.Context, id domain.RegistrationID) (domain.Registration, error) {
	if !isID(id) {
		return domain.Registration{}, domain.ErrNotFound
	}
	var row registrationRow
	err := s.scan(ctx, &row, "SELECT ? FROM registrations WHERE id = ?", registrationColumns, id)
	return row.registration(), err
}

func (s registrations) LiveByEmail(ctx context.Context, email domain.Email, now time.Time) ([]domain.Registration, error) {
	var rows []registrationRow
	err := s.scan(ctx, &rows, `SELECT ? FROM registrations WHERE email_canonical = ? AND expires_at > ?
		ORDER BY created_at DESC, id DESC`, registrationColumns, email.Canonical(), now)
	return mapped(rows, (*registrationRow).registration), list(err)
}

func (s registrations) LockAddress(ctx context.Context, email domain.Email) error {
	return s.hold(ctx, "address", []byte(email.Canonical()))
}

func (s registrations) Insert(ctx context.Context, r domain.Registration) error {
	return s.insert(ctx, &registrationRow{
		ID: r.ID, UserID: r.UserID, Email: r.Email.Mailbox(), EmailCanonical: r.Email.Canonical(), PasswordHash: r.PasswordHash,
		FirstName: r.Name.First, LastName: r.Name.Last, Locale: r.Name.Locale, CreatedAt: r.CreatedAt, ExpiresAt: r.ExpiresAt,
	})
}

func (s registrations) Extend(ctx context.Context, id domain.RegistrationID, expires time.Time) error {
	return s.update(ctx, &registrationRow{ID: id, ExpiresAt: expires}, "expires_at")
}

func (s registrations) Delete(ctx context.Context, all ...domain.RegistrationID) error {
	known := ids(all)
	if len(known) == 0 {
		return nil
	}
	if err := s.execute(ctx, "DELETE FROM flows WHERE subject IN (?)", bun.List(known)); err != nil {
		return err
	}
	return s.execute(ctx, "DELETE FROM registrations WHERE id IN (?)", bun.List(known))
}

func (s registrations) DeleteByEmail(ctx context.Context, email domain.Email) error {
	var known []domain.RegistrationID
	err := s.scan(ctx, &known, "SELECT id FROM registrations WHERE email_canonical = ?", email.Canonical())
	if err = list(err); err != nil {
		return err
	}
	return s.Delete(ctx, known...)
}

// mapped turns rows into entities; without rows it is nil.
func mapped[R, E any](rows []R, entity func(*R) E) []E {
	if len(rows) == 0 {
		return nil
	}
	all := make([]E, len(rows))
	for i := range rows {
		all[i] = entity(&rows[i])
	}
	return all
}
