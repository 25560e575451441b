package auth

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// RegistrationDoor says who may register.
type RegistrationDoor string

// The doors.
const (
	DoorOpen   RegistrationDoor = "open"
	DoorInvite RegistrationDoor = "invite"
	DoorOff    RegistrationDoor = "off"
)

// RegistrationPolicy is the policy of registration.
type RegistrationPolicy struct {
	Door RegistrationDoor
	// Friendly says that an address is taken. Strict, the default, answers the same for taken and free ones.
	Friendly bool
	// Unproved makes the user at once (EMAIL_VERIFICATION=optional), the mailbox to be proved later. The weaker mode.
	Unproved bool
	TTL      time.Duration // of a pending registration
}

// RegisterInput is a registration as typed.
type RegisterInput struct {
	From      domain.Origin
	Email     string
	Password  domain.Secret
	FirstName string
	LastName  string
	Locale    string
	// AcceptLanguage is the header of that name, for who says no locale.
	AcceptLanguage string
}

// RegisterOutput says which id the user will have. Under the strict policy a taken address gets one too, of nobody.
type RegisterOutput struct {
	UserID  domain.UserID
	Pending bool // the mailbox must be proved first
}

// Register begins an account.
type Register struct {
	Store        store.Store
	System       sys.System
	Hasher       secure.PasswordHasher
	Guard        *Guard
	Postbox      outbox.Postbox
	Policy       RegistrationPolicy
	Password     domain.PasswordPolicy
	Verification *Verification
	// Languages are those that mails are written in.
	Languages []string
}

// Handle validates, hashes and stores. Known and unknown addresses cost the same hash and write the same rows; what differs
// happens behind the outbox (ASVS 6.3.8).
func (u *Register) Handle(ctx context.Context, in RegisterInput) (RegisterOutput, error) {
	if u.Policy.Door != DoorOpen {
		return RegisterOutput{}, domain.ErrForbidden.Saying("Registration is not open here")
	}
	email, name, err := u.validate(in)
	if err != nil {
		return RegisterOutput{}, err
	}
	if err := u.Guard.Registration(ctx, in.From); err != nil {
		return RegisterOutput{}, err
	}
	mail, mayMail := u.Guard.AllowMail(ctx, email, in.From)
	hash, err := u.hash(ctx, email, in.Password)
	if err != nil {
		mail.Return()
		return RegisterOutput{}, err
	}
	now := u.System.Now()
	r := domain.NewRegistration(domain.RegistrationID(u.System.NewOrderedID()), domain.UserID(u.System.NewID()), email, hash, name, now, u.Policy.TTL)
	out := RegisterOutput{UserID: r.UserID, Pending: !u.Policy.Unproved}
	if u.Policy.Unproved {
		err = u.create(ctx, r, in.From, mayMail)
	} else {
		err = u.pend(ctx, r, in.From, mayMail)
	}
	if err != nil {
		mail.Return() // nothing is sent
		return RegisterOutput{}, err
	}
	return out, nil
}

func (u *Register) validate(in RegisterInput) (domain.Email, domain.PersonName, error) {
	email, err := domain.ParseEmail(in.Email)
	if in.Locale == "" { // kept, so that mails of a year from now are in the language of today's
		_, in.Locale = domain.PreferredLanguage(in.AcceptLanguage, u.Languages)
	}
	name, nameErr := domain.NewPersonName(in.FirstName, in.LastName, in.Locale)
	passwordErr := u.Password.Check("password", in.Password, email.Canonical(), in.FirstName, in.LastName)
	return email, name, domain.MergeFields(err, passwordErr, nameErr)
}

// hash takes a place before the account is looked at, then looks, then hashes. A database that is away is noticed before, as
// in Credentials.check.
func (u *Register) hash(ctx context.Context, email domain.Email, password domain.Secret) (string, error) {
	if err := u.Store.Ping(ctx); err != nil {
		return "", err
	}
	place, err := u.Hasher.Reserve(ctx)
	if err != nil {
		return "", err
	}
	defer place.Release()
	_, err = u.Store.Read().Users.ByEmail(ctx, email)
	switch {
	case err == nil && u.Policy.Friendly:
		return "", domain.ErrEmailTaken
	case err != nil && !errors.Is(err, domain.ErrNotFound):
		return "", err
	}
	return place.Hash(password)
}

// pend stores the registration and asks for its mail. Over the limit of mails it is stored all the same: whoever used the limit
// up, the owner of the mailbox gets a mail for the newest by asking for another one later.
func (u *Register) pend(ctx context.Context, r domain.Registration, from domain.Origin, mayMail bool) error {
	return u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
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
		return u.Postbox.Put(ctx, tx, domain.TopicRegistration, registrationAsked{outbox.By(from), r.ID}, r.ExpiresAt)
	})
}

// create makes the user at once and asks for the mail that proves the mailbox later.
func (u *Register) create(ctx context.Context, r domain.Registration, from domain.Origin, mayMail bool) error {
	user := domain.NewUser(r.UserID, r.Email, r.PasswordHash, r.Name, r.CreatedAt)
	return u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := InsertUser(ctx, tx, u.System, user, domain.Anonymous(), from, r.CreatedAt); err != nil {
			return err
		}
		if !mayMail {
			return nil
		}
		asked := resendAsked{Asker: outbox.By(from), Mailbox: r.Email.Mailbox(), Address: r.Email.Canonical(), AskedAt: r.CreatedAt}
		return u.Postbox.Put(ctx, tx, domain.TopicResend, asked, r.CreatedAt.Add(u.Verification.TTL))
	})
}

// InsertUser writes a user with the roles that every user gets.
func InsertUser(ctx context.Context, tx *store.Tx, system sys.System, user domain.User, by domain.Actor, from domain.Origin, now time.Time) error {
	if err := tx.Users.Insert(ctx, user); err != nil {
		return err
	}
	defaults, err := tx.Roles.Defaults(ctx, domain.PlatformID)
	if err != nil {
		return err
	}
	for _, role := range defaults {
		a := domain.Assignment{ID: domain.AssignmentID(system.NewOrderedID()), PrincipalID: user.ID.Principal(), RoleID: role, CreatedAt: now}
		if _, err := tx.Roles.Assign(ctx, a); err != nil {
			return err
		}
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID))
	return tx.Audit.Add(ctx, domain.NewEvent(domain.EventID(system.NewOrderedID()), now, domain.EventUserRegistered, by, from, "user", string(user.ID)))
}
