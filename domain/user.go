package domain

import (
	"strings"
	"time"
)

const maxName = 100

// User is a person with an account. Its state (active, disabled) and counters are its principal's.
type User struct {
	ID UserID
	Principal
	Email           Email
	PasswordHash    string // empty: no password, only other ways to log in
	FirstName       string
	LastName        string
	Locale          string // BCP 47, or empty
	EmailVerifiedAt time.Time
	Metadata        string    // a JSON object, checked at the edge
	EraseAt         time.Time // when a closed account is erased; zero: it is not closed
	LastLoginAt     time.Time
	HasFactors      bool // at least one that is confirmed; derived
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// NewUser makes a user whose mailbox is not proved yet.
func NewUser(id UserID, email Email, passwordHash string, name PersonName, now time.Time) User {
	return User{
		ID:        id,
		Principal: Principal{ID: id.Principal(), Kind: KindUser, State: Active, CreatedAt: now, UpdatedAt: now},
		Email:     email, PasswordHash: passwordHash,
		FirstName: name.First, LastName: name.Last, Locale: name.Locale,
		Metadata: "{}", CreatedAt: now, UpdatedAt: now,
	}
}

// IsEmailVerified tells whether the mailbox was proved.
func (u User) IsEmailVerified() bool { return !u.EmailVerifiedAt.IsZero() }

// ReasonClosed is the reason of disablement for an account that its owner closed.
const ReasonClosed = "closed"

// IsClosed tells whether the account is closed and waits to be erased. Until then it may be opened again.
func (u User) IsClosed() bool { return !u.EraseAt.IsZero() }

// VerifyEmail records the proof of the mailbox, once.
func (u *User) VerifyEmail(now time.Time) {
	if u.EmailVerifiedAt.IsZero() {
		u.EmailVerifiedAt, u.UpdatedAt = now, now
	}
}

// AssignEmail replaces the account's address on an administrator's word: the new mailbox is not proved.
func (u *User) AssignEmail(to Email, now time.Time) {
	u.Email, u.EmailVerifiedAt, u.UpdatedAt = to, time.Time{}, now
}

// Name is the person's profile, as at registration.
func (u User) Name() PersonName {
	return PersonName{First: u.FirstName, Last: u.LastName, Locale: u.Locale}
}

// PersonName is the profile that a person gives at registration. All of it is optional.
type PersonName struct{ First, Last, Locale string }

// NewPersonName validates the three; fields are named as in the API.
func NewPersonName(first, last, locale string) (PersonName, error) {
	err := MergeFields(CheckLine("first_name", first, maxName), CheckLine("last_name", last, maxName), checkLocale(locale))
	return PersonName{First: first, Last: last, Locale: locale}, err
}

// CleanName is the usable part of a profile from a third party: long texts are cut, and an invalid language is left out.
func CleanName(first, last, locale string) PersonName {
	name := PersonName{First: Line(Clip(first, maxName)), Last: Line(Clip(last, maxName)), Locale: strings.ReplaceAll(locale, "_", "-")}
	if checkLocale(name.Locale) != nil {
		name.Locale = ""
	}
	return name
}

// checkLocale accepts the shape of a language tag (RFC 5646 §2.1): what is behind it is looked up, never parsed further.
func checkLocale(tag string) error {
	bad := ErrInvalidFields(FieldError{Field: "locale", Code: "invalid", Text: "locale must be a language tag such as en or pt-BR"})
	if tag == "" {
		return nil
	}
	if len(tag) > 35 || tag[0] == '-' || tag[len(tag)-1] == '-' {
		return bad
	}
	part := 0
	for i := range len(tag) {
		c := tag[i]
		switch {
		case c == '-' && part > 0:
			part = 0
			continue
		case c == '-' || !isAlnum(c):
			return bad
		}
		if part++; part > 8 {
			return bad
		}
	}
	return nil
}

// Place is the user's place in lists, which have the newest first.
func (u User) Place() Cursor { return Cursor{At: u.CreatedAt, ID: string(u.ID)} }
