package password

import (
	"cmp"
	"context"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/credential"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/reauth"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	guard     *guard.Guard
	passwords *credential.Passwords
	proofs    *proof.Service
	reauth    *reauth.Service
	signin    *signin.Service
	directory *access.Directory
}

// Parts are what the service is made of.
type Parts struct {
	Guard     *guard.Guard
	Passwords *credential.Passwords
	Proofs    *proof.Service
	Reauth    *reauth.Service
	SignIn    *signin.Service
	Directory *access.Directory
}

// New makes the service.
func New(b *base.Base, p Parts) *Service {
	return &Service{
		Base: b, guard: p.Guard, passwords: p.Passwords, proofs: p.Proofs, reauth: p.Reauth, signin: p.SignIn, directory: p.Directory,
	}
}

// Policy says which new passwords are accepted, for forms that show the rules.
func (s *Service) Policy() domain.PasswordPolicy { return s.passwords.Policy() }

// replacement is a new password and its circumstances.
type replacement struct {
	hash   string
	by     domain.Actor
	from   domain.Origin
	reason domain.EndReason // of the sessions that end
	event  domain.EventType
	except []domain.SessionID
	told   domain.Origin // the origin that the owner is told
	mail   mailer.Kind   // empty: mailer.PasswordChanged
}

// replace gives a user a new password, or none, under the lock of their principal, with all consequences. The epoch rises, so that work that began
// with the old password fails; links that were sent before become void (ASVS 6.4.3); failed guesses at the old password are forgotten;
// sessions end (ASVS 7.4.3); and the owner gets a mail, so that they notice a change by somebody else (ASVS 6.3.7).
func (s *Service) replace(ctx context.Context, tx *store.Tx, locked domain.Principal, user domain.User, r replacement, now time.Time) error {
	locked.ReplaceCredentials(now)
	if err := tx.Principals.Update(ctx, locked); err != nil {
		return err
	}
	if err := tx.Users.SetPassword(ctx, user.ID, r.hash, now); err != nil {
		return err
	}
	if err := s.proofs.Void(ctx, tx, domain.PasswordReplaced, user, now); err != nil {
		return err
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensUnaffected)
	if err := tx.Lockouts.Clear(ctx, s.guard.RunKey(user.Email)); err != nil {
		return err
	}
	ending := base.Ending{By: r.by, From: r.from, Reason: r.reason}
	if _, err := s.EndAllSessions(ctx, tx, user.ID, ending, now, r.except...); err != nil {
		return err
	}
	if err := s.Audit.Record(ctx, tx, now, domain.UserEvent(r.event, r.by, r.from, user.ID)); err != nil {
		return err
	}
	return s.tell(ctx, tx, user, cmp.Or(r.mail, mailer.PasswordChanged), r.told, now)
}

func (s *Service) tell(ctx context.Context, tx *store.Tx, user domain.User, kind mailer.Kind, from domain.Origin, now time.Time) error {
	return s.Mail.Notice(ctx, tx, outbox.MailTo(user, kind, from, mailer.Data{AskedAt: now}), now)
}
