package user

import (
	"errors"
	"fmt"
	"time"

	"github.com/signet-auth/signet/domain"
)

// importLabel separates derived ids of imported users from other derived ids.
const importLabel = "imported user"

// oldest is before any account: an earlier time is an error in the conversion.
var oldest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// candidate checks an imported user by itself, with the same rules as registration.
func (i *Import) candidate(u ImportedUser, now time.Time) candidate {
	c := candidate{outcome: ImportOutcome{Result: Imported}}
	email, err := domain.ParseEmail(u.Email)
	if err != nil {
		c.refuse(reason(err))
		return c
	}
	id, err := i.idOf(u, email)
	if err == nil {
		err = u.check(now)
	}
	metadata, name := "", domain.PersonName{}
	if err == nil {
		name, err = domain.NewPersonName(domain.Line(u.FirstName), domain.Line(u.LastName), u.Locale)
	}
	if err == nil {
		metadata, err = domain.NewMetadata("metadata", u.Metadata)
	}
	if err != nil {
		c.refuse(reason(err))
		return c
	}
	if kind := i.unreadable(u.PasswordHash); kind != "" {
		if c.outcome.Why = "password_hash can't be read (" + kind + "), see docs/password-hashes.md"; !i.in.WithoutHash {
			c.refuse(c.outcome.Why)
			return c
		}
		u.PasswordHash = ""
	}
	if u.CreatedAt.IsZero() {
		u.CreatedAt = now
	}
	c.outcome.ID = id
	c.user = domain.NewUser(id, email, u.PasswordHash, name, u.CreatedAt.UTC().Truncate(time.Microsecond))
	c.user.Metadata = metadata
	c.user.UpdatedAt, c.user.Principal.UpdatedAt = now, now
	if u.EmailVerified {
		c.user.VerifyEmail(now)
	}
	if u.Disabled {
		c.user.Disable(u.Reason, u.Until.UTC().Truncate(time.Microsecond), now)
	}
	for _, identity := range u.Identities {
		c.identities = append(c.identities, domain.Identity{
			ID: domain.IdentityID(i.System.NewID()), UserID: id, Issuer: identity.Issuer, Subject: identity.Subject, Provider: identity.Provider,
			Email: identity.Email, CreatedAt: c.user.CreatedAt,
		})
	}
	return c
}

// idOf is the id that the user will have. It is the same in each run, so a second run finds existing accounts, and no column has to keep the
// key that they had elsewhere.
func (i *Import) idOf(u ImportedUser, email domain.Email) (domain.UserID, error) {
	switch {
	case u.ID != "":
		id, ok := domain.ParseID[domain.UserID](u.ID)
		if !ok {
			return "", invalid("id", "id must be a UUID; external_id may be any text")
		}
		return id, nil
	case u.ExternalID != "":
		return domain.DeriveID[domain.UserID](importLabel, i.in.Source+"\x00"+u.ExternalID), domain.CheckLine("external_id", u.ExternalID, 200)
	}
	return domain.DeriveID[domain.UserID](importLabel, email.Canonical()), nil
}

func (u ImportedUser) check(now time.Time) error {
	errs := []error{domain.CheckLine("disabled_reason", u.Reason, maxReason)}
	if !u.CreatedAt.IsZero() && (u.CreatedAt.Before(oldest) || u.CreatedAt.After(now)) {
		errs = append(errs, invalid("created_at", "created_at must be a time that has been"))
	}
	if len(u.Identities) > domain.MaxIdentities {
		errs = append(errs, invalid("identities", fmt.Sprintf("identities must be at most %d", domain.MaxIdentities)))
	}
	for _, identity := range u.Identities {
		if identity.Issuer == "" || identity.Subject == "" || identity.Provider == "" {
			errs = append(errs, invalid("identities", "identities must have provider, issuer and subject"))
		}
		errs = append(errs, domain.CheckLine("identities", identity.Issuer, 500), domain.CheckLine("identities", identity.Subject, 255),
			domain.CheckLine("identities", identity.Provider, 32), domain.CheckLine("identities", identity.Email, 254))
	}
	return domain.MergeFields(errs...)
}

func invalid(field, text string) error {
	return domain.ErrInvalidFields(domain.FieldError{Field: field, Code: "invalid", Text: text})
}

// reason is the text of an error about a value, for people; it never contains the value.
func reason(err error) string {
	if e, ok := errors.AsType[*domain.Error](err); ok {
		return e.Text
	}
	return err.Error()
}
