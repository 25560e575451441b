package auth

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// RegisterInput is a registration as typed.
type RegisterInput struct {
	From      domain.Origin
	Email     string
	Password  domain.Secret
	FirstName string
	LastName  string
	Locale    string
	// AcceptLanguage is the header of that name, used when there is no locale.
	AcceptLanguage string
}

// RegisterOutput has the id that the user will have. Under the strict policy a taken address also gets an id, which belongs to nobody.
type RegisterOutput struct {
	UserID  domain.UserID
	Pending bool // the mailbox must be proved first
}

// Register begins an account: it validates, hashes and stores. Known and unknown addresses cost the same hash and write the same rows; the
// difference is made later, by the dispatcher (ASVS 6.3.8).
func (s *Service) Register(ctx context.Context, in RegisterInput) (RegisterOutput, error) {
	policy := s.settings.Registration
	if policy.Open != RegistrationOpen {
		return RegisterOutput{}, domain.ErrForbidden.Saying("Registration is not open here")
	}
	email, name, err := s.checkRegistration(in)
	if err != nil {
		return RegisterOutput{}, err
	}
	if !policy.Domains.Allow(email) {
		return RegisterOutput{}, domain.ErrRegistrationClosed.Saying("New accounts need an address of another domain")
	}
	if err := s.guard.Registration(ctx, in.From); err != nil {
		return RegisterOutput{}, err
	}
	mail, mayMail := s.guard.AllowMail(ctx, mailer.Verify, email, in.From)
	hash, err := s.passwords.HashAfter(ctx, in.Password, func(ctx context.Context) error { return s.lookFor(ctx, email) })
	if err != nil {
		mail.Return()
		return RegisterOutput{}, err
	}
	now := s.System.Now()
	r := domain.NewRegistration(domain.RegistrationID(s.System.NewOrderedID()), domain.UserID(s.System.NewID()), email, hash, name, now, policy.TTL)
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if policy.Unverified {
			return s.createUnverified(ctx, tx, r, in.From, mayMail)
		}
		return s.pend(ctx, tx, r, in.From, mayMail)
	})
	if err != nil {
		mail.Return() // nothing is sent
		return RegisterOutput{}, err
	}
	return RegisterOutput{UserID: r.UserID, Pending: !policy.Unverified}, nil
}

func (s *Service) checkRegistration(in RegisterInput) (domain.Email, domain.PersonName, error) {
	email, err := domain.ParseEmail(in.Email)
	if in.Locale == "" { // stored, so that mails a year later are in the language of today's
		_, in.Locale = domain.PreferredLanguage(in.AcceptLanguage, s.settings.Languages)
	}
	name, nameErr := domain.NewPersonName(in.FirstName, in.LastName, in.Locale)
	passwordErr := s.passwords.Policy().Check("password", in.Password, email.Canonical(), in.FirstName, in.LastName)
	return email, name, domain.MergeFields(err, passwordErr, nameErr)
}

// lookFor looks up the account for every address; only the friendly policy reports it.
func (s *Service) lookFor(ctx context.Context, email domain.Email) error {
	_, err := s.Store.Read().Users.ByEmail(ctx, email)
	switch {
	case err == nil && s.settings.Registration.Friendly:
		return domain.ErrEmailTaken
	case errors.Is(err, domain.ErrNotFound):
		return nil
	}
	return err
}

// pend stores the registration and asks for its mail. Over the limit of mails the registration is stored all the same: if somebody else has
// used up the limit, the owner of the mailbox can ask again later for a mail for the newest registration.
func (s *Service) pend(ctx context.Context, tx *store.Tx, r domain.Registration, from domain.Origin, mayMail bool) error {
	if err := tx.Registrations.LockAddress(ctx, r.Email); err != nil {
		return err
	}
	live, err := tx.Registrations.LiveByEmail(ctx, r.Email, r.CreatedAt)
	if err != nil {
		return err
	}
	if drop := domain.Surplus(live); len(drop) > 0 {
		if err := tx.Registrations.Delete(ctx, drop...); err != nil {
			return err
		}
	}
	if err := tx.Registrations.Insert(ctx, r); err != nil || !mayMail {
		return err
	}
	return s.Mail.Put(ctx, tx, domain.TopicRegistration, registrationAsked{From: from, ID: r.ID}, r.CreatedAt, r.ExpiresAt)
}

// createUnverified creates the user at once and asks for the mail that proves the mailbox later.
func (s *Service) createUnverified(ctx context.Context, tx *store.Tx, r domain.Registration, from domain.Origin, mayMail bool) error {
	user := domain.NewUser(r.UserID, r.Email, r.PasswordHash, r.Name, r.CreatedAt)
	if err := s.InsertUser(ctx, tx, user, base.NewAccount{By: domain.Anonymous(), From: from}, r.CreatedAt); err != nil || !mayMail {
		return err
	}
	return s.askForVerification(ctx, tx, r.Email, from, r.CreatedAt)
}
