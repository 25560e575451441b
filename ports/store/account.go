package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// PrincipalReader reads what users and service accounts have in common.
type PrincipalReader interface {
	// ByID is domain.ErrNotFound when there is none or it is deleted.
	ByID(ctx context.Context, id domain.PrincipalID) (domain.Principal, error)
	// ByIDs are those that are there and not deleted, by their ids.
	ByIDs(ctx context.Context, ids []domain.PrincipalID) (map[domain.PrincipalID]domain.Principal, error)
}

// Principals writes it.
type Principals interface {
	PrincipalReader
	// Lock reads a principal and holds its row until the transaction ends, so that what is decided on it stays true.
	// domain.ErrNotFound when there is none or it is deleted.
	Lock(ctx context.Context, id domain.PrincipalID) (domain.Principal, error)
	// LockAll holds several in the order of their ids, the targets exclusively and the others shared, and returns those that are there.
	LockAll(ctx context.Context, targets, others []domain.PrincipalID) (map[domain.PrincipalID]domain.Principal, error)
	// Bump counts a change of what each of them holds.
	Bump(ctx context.Context, ids []domain.PrincipalID, now time.Time) error
	// Update writes state, reason, end of disablement, counters and UpdatedAt.
	Update(ctx context.Context, p domain.Principal) error
}

// UserReader reads users, each with its principal and last login. Deleted users are not found.
type UserReader interface {
	ByID(ctx context.Context, id domain.UserID) (domain.User, error)
	// ByEmail finds the account by the canonical address.
	ByEmail(ctx context.Context, email domain.Email) (domain.User, error)
	// Candidate reads what a password at an address is judged on, in one trip and with the same queries for known and unknown addresses.
	Candidate(ctx context.Context, email domain.Email, runKey []byte, now time.Time) (domain.Candidate, error)
	// Occupied tells which of the ids and addresses are somebody's, each in one statement.
	Occupied(ctx context.Context, ids []domain.UserID, emails []domain.Email) (Occupied, error)
	// List is newest first.
	List(ctx context.Context, f UserFilter, page Page) ([]domain.User, error)
	// Search finds those whose address, first or last name begins with a text, in any case (on SQLite of ASCII letters), newest first, at
	// most n. It looks at up to 1 000 entries of each of the three, however many there are; cut tells that there are more, here or there.
	Search(ctx context.Context, prefix string, f UserFilter, n int) (users []domain.User, cut bool, err error)
}

// Occupied is what of some ids and addresses is somebody's.
type Occupied struct {
	IDs    map[domain.PrincipalID]domain.Principal // of any kind, deleted ones too
	Emails map[string]domain.UserID                // by canonical address
}

// UserFilter selects users; zero members select everything.
type UserFilter struct {
	State domain.PrincipalState // active or disabled; a disablement whose time is over is none
	// Closed selects, of the disabled, those whose owner closed the account.
	Closed bool
	Now    time.Time
}

// Users writes users.
type Users interface {
	UserReader
	// Insert writes the user and its principal. domain.ErrEmailTaken when the canonical address is another user's.
	Insert(ctx context.Context, u domain.User) error
	// InsertAll is Insert for many users that come from elsewhere, in a statement a table. It writes none or all.
	InsertAll(ctx context.Context, all []domain.User) error
	// Update writes address, names, locale, verification, metadata and UpdatedAt. domain.ErrEmailTaken as with Insert.
	Update(ctx context.Context, u domain.User) error
	// SetPassword writes a hash. It does not touch the credential epoch: the caller bumps it when the password changed, and
	// leaves it when the same password was hashed again.
	SetPassword(ctx context.Context, id domain.UserID, hash string, now time.Time) error
	// ReplaceHash writes a hash where the old one still stands, and tells whether it did: a re-hash after a login must lose
	// to a password change in between.
	ReplaceHash(ctx context.Context, id domain.UserID, old, hash string) (bool, error)
	// RecordLogin keeps the time of the last login, beside the user's row; an earlier time never overwrites a later one.
	RecordLogin(ctx context.Context, id domain.UserID, at time.Time) error
}

// IdentityReader reads the ways in through a provider.
type IdentityReader interface {
	// ByUser lists a user's, oldest first.
	ByUser(ctx context.Context, user domain.UserID) ([]domain.Identity, error)
	// ByUsers lists those of several users, each oldest first.
	ByUsers(ctx context.Context, users []domain.UserID) (map[domain.UserID][]domain.Identity, error)
	// BySubject is whose an issuer's subject is. domain.ErrNotFound when it is nobody's.
	BySubject(ctx context.Context, issuer, subject string) (domain.Identity, error)
}

// Identities writes the ways in through a provider.
type Identities interface {
	IdentityReader
	// Lock lets one transaction at a time decide about an issuer's subject, before there is a row to lock.
	Lock(ctx context.Context, issuer, subject string) error
	// Insert writes a way in. domain.ErrIdentityTaken when the issuer's subject has one.
	Insert(ctx context.Context, i domain.Identity) error
	// Update writes the label, the address that is shown and the last login.
	Update(ctx context.Context, i domain.Identity) error
	// Delete removes one of a user's, and returns what it was. domain.ErrNotFound when the user has none of that id.
	Delete(ctx context.Context, user domain.UserID, id domain.IdentityID) (domain.Identity, error)
	// DeleteByUser removes all of a user's. Having none is no error.
	DeleteByUser(ctx context.Context, user domain.UserID) error
}

// RegistrationReader reads registrations.
type RegistrationReader interface {
	ByID(ctx context.Context, id domain.RegistrationID) (domain.Registration, error)
	// LiveByEmail lists the registrations of a canonical address that can still be proved, newest first.
	LiveByEmail(ctx context.Context, email domain.Email, now time.Time) ([]domain.Registration, error)
}

// Registrations writes registrations.
type Registrations interface {
	RegistrationReader
	// LockAddress lets one transaction at a time decide about an address, before there is a row to lock.
	LockAddress(ctx context.Context, email domain.Email) error
	Insert(ctx context.Context, r domain.Registration) error
	// Extend sets the end of a registration's life.
	Extend(ctx context.Context, id domain.RegistrationID, expires time.Time) error
	// Delete removes registrations and the flows about them. Unknown ids are no error.
	Delete(ctx context.Context, ids ...domain.RegistrationID) error
	// DeleteByEmail removes all registrations of the address and the flows about them.
	DeleteByEmail(ctx context.Context, email domain.Email) error
}

// LockoutReader reads runs of failed logins.
type LockoutReader interface {
	// ByKey is the zero run, with the key, where nothing failed.
	ByKey(ctx context.Context, key []byte) (domain.Lockout, error)
}

// Lockouts writes runs of failed logins.
type Lockouts interface {
	// Lock reads a run and holds it; parallel failures are counted one after the other.
	Lock(ctx context.Context, key []byte) (domain.Lockout, error)
	Save(ctx context.Context, l domain.Lockout) error
	// Clear ends the run. Unknown keys are no error.
	Clear(ctx context.Context, key []byte) error
}
