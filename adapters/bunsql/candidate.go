package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

// candidateRow is the run of an address and the newest registration that waits for it; Bun joins the rest.
type candidateRow struct {
	bun.BaseModel `bun:"alias:c"`

	Email          string                `bun:"email"`
	RegistrationID domain.RegistrationID `bun:"registration_id,type:uuid,nullzero"`
	Failures       int                   `bun:"failures"`
	Locks          int                   `bun:"locks"`
	LockedUntil    time.Time             `bun:"locked_until,nullzero"`
	UpdatedAt      time.Time             `bun:"updated_at,nullzero"`

	User         *userRow         `bun:"rel:belongs-to,join:email=email_canonical"`
	Registration *registrationRow `bun:"rel:belongs-to,join:registration_id=id"`
}

func (r *candidateRow) candidate(runKey []byte) domain.Candidate {
	c := domain.Candidate{Run: domain.Lockout{
		Key: runKey, Failures: r.Failures, Locks: r.Locks, LockedUntil: utc(r.LockedUntil), UpdatedAt: utc(r.UpdatedAt),
	}}
	switch {
	case r.User != nil && r.User.Principal != nil && r.User.Principal.State != domain.Deleted:
		c.User = r.User.user()
	case r.Registration != nil:
		c.Registration = r.Registration.registration()
	}
	return c
}

// Candidate asks the same of every address: the time it takes must not tell which ones have an account.
func (s users) Candidate(ctx context.Context, email domain.Email, runKey []byte, now time.Time) (domain.Candidate, error) {
	var row candidateRow
	err := s.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		return idb.NewSelect().Model(&row).
			ModelTableExpr(`(SELECT ?0 AS email, f.failures, f.locks, f.locked_until, f.updated_at,
					(SELECT r.id FROM registrations r WHERE r.email_canonical = ?0 AND r.expires_at > ?1
						ORDER BY r.created_at DESC, r.id DESC LIMIT 1) AS registration_id
				FROM (SELECT 1 AS one) o LEFT JOIN login_failures f ON f.key = ?2) AS c`, email.Canonical(), now, runKey).
			Relation("User").Relation("User.Principal").Relation("User.Activity").Relation("Registration").Scan(ctx)
	})
	return row.candidate(runKey), err
}
