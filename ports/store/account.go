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

// Principals writes principals.
type Principals interface {
	PrincipalReader
	// Lock reads a principal and locks its row until the transaction ends, so that decisions based on it stay valid. domain.ErrNotFound when
	// there is none or it is deleted.
	Lock(ctx context.Context, id domain.PrincipalID) (domain.Principal, error)
	// LockAll locks several in the order of their ids, the targets exclusively and the others shared, and returns those that exist.
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
	// WithCredential finds an account and its factor with the id of a WebAuthn credential, in one round trip. domain.ErrNotFound when either is
	// missing.
	WithCredential(ctx context.Context, id domain.UserID, credential []byte) (domain.User, domain.Factor, error)
	// Candidate reads the data by which a password for an address is judged, in one round trip and with the same queries for known and unknown
	// addresses.
	Candidate(ctx context.Context, email domain.Email, runKey []byte, now time.Time) (domain.Candidate, error)
	// Occupied tells which of the ids and addresses are taken, each in one statement.
	Occupied(ctx context.Context, ids []domain.UserID, emails []domain.Email) (Occupied, error)
	// List is newest first.
	List(ctx context.Context, f UserFilter, page Page) ([]domain.User, error)
	// Search finds those whose address, first or last name begins with a text, in any case (on SQLite of ASCII letters), newest first, at most
	// n. It reads at most 1 000 entries of each of the three; cut tells that any of them has more.
	Search(ctx context.Context, prefix string, f UserFilter, n int) (users []domain.User, cut bool, err error)
}

// Occupied is the taken ones of some ids and addresses.
type Occupied struct {
	IDs    map[domain.PrincipalID]domain.Principal // of any kind, deleted ones too
	Emails map[string]domain.UserID                // by canonical address
}

// UserFilter selects users; zero members select everything.
type UserFilter struct {
	State domain.PrincipalState // active or disabled; an ended disablement does not count
	// Closed selects, among the disabled, accounts that their owners closed.
	Closed bool
	Now    time.Time
}

// Users writes users.
type Users interface {
	UserReader
	// Insert writes the user and its principal. domain.ErrEmailTaken when the canonical address is another user's.
	Insert(ctx context.Context, u domain.User) error
	// InsertAll is Insert for many imported users, with one statement a table. It writes all or none.
	InsertAll(ctx context.Context, all []domain.User) error
	// Update writes address, names, locale, verification, metadata and UpdatedAt. domain.ErrEmailTaken as with Insert.
	Update(ctx context.Context, u domain.User) error
	// SetPassword writes the hash of a new password. The caller raises the credential epoch.
	SetPassword(ctx context.Context, id domain.UserID, hash string, now time.Time) error
	// ReplaceHash writes a hash if the old one is unchanged, and tells whether it did: a re-hash after a login must not overwrite a password
	// change in between.
	ReplaceHash(ctx context.Context, id domain.UserID, old, hash string) (bool, error)
	// RecordLogin stores the time of the last login, beside the user's row; an earlier time never overwrites a later one.
	RecordLogin(ctx context.Context, id domain.UserID, at time.Time) error
}

// IdentityReader reads identities at providers.
type IdentityReader interface {
	// ByUser lists a user's, oldest first.
	ByUser(ctx context.Context, user domain.UserID) ([]domain.Identity, error)
	// ByUsers lists those of several users, each oldest first.
	ByUsers(ctx context.Context, users []domain.UserID) (map[domain.UserID][]domain.Identity, error)
	// BySubject is the identity of an issuer's subject, or domain.ErrNotFound.
	BySubject(ctx context.Context, issuer, subject string) (domain.Identity, error)
}

// Identities writes identities at providers.
type Identities interface {
	IdentityReader
	// Lock lets one transaction at a time decide about an issuer's subject, before there is a row to lock.
	Lock(ctx context.Context, issuer, subject string) error
	// Insert writes an identity. It returns domain.ErrIdentityTaken when the issuer's subject has one.
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
	// ByKey is the zero run, with the key, if nothing failed.
	ByKey(ctx context.Context, key []byte) (domain.Lockout, error)
}

// Lockouts writes runs of failed logins.
type Lockouts interface {
	// Lock reads a run and locks it; parallel failures are counted one after the other.
	Lock(ctx context.Context, key []byte) (domain.Lockout, error)
	Save(ctx context.Context, l domain.Lockout) error
	// Clear ends the run. Unknown keys are no error.
	Clear(ctx context.Context, key []byte) error
}
