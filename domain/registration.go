package domain

import (
	"slices"
	"time"
)

// MaxPendingRegistrations is how many unproved registrations one address may have: enough for a person who tries again, too
// few for an attacker who wants to fill a table.
const MaxPendingRegistrations = 5

// Registration is a pending account: its mailbox is not proved. It already knows the id of the user it will become, so that a caller can
// store that id at once. Anybody can start one for any address; only the mailbox decides which counts.
type Registration struct {
	ID           RegistrationID
	UserID       UserID
	Email        Email
	PasswordHash string
	Name         PersonName
	CreatedAt    time.Time
	ExpiresAt    time.Time
}

// NewRegistration makes a registration that lives for ttl.
func NewRegistration(id RegistrationID, user UserID, email Email, hash string, name PersonName, now time.Time, ttl time.Duration) Registration {
	return Registration{ID: id, UserID: user, Email: email, PasswordHash: hash, Name: name, CreatedAt: now, ExpiresAt: now.Add(ttl)}
}

// IsLive tells whether it can still be proved.
func (r Registration) IsLive(now time.Time) bool { return now.Before(r.ExpiresAt) }

// User is the account that a proof of the mailbox turns it into.
func (r Registration) User(now time.Time) User {
	u := NewUser(r.UserID, r.Email, r.PasswordHash, r.Name, now)
	u.VerifyEmail(now)
	return u
}

// Surplus is the live registrations of one address that must be deleted, oldest first, so that another one fits.
func Surplus(live []Registration) []RegistrationID {
	live = slices.Clone(live)
	slices.SortFunc(live, func(a, b Registration) int { return a.CreatedAt.Compare(b.CreatedAt) })
	var drop []RegistrationID
	for i := 0; i <= len(live)-MaxPendingRegistrations; i++ {
		drop = append(drop, live[i].ID)
	}
	return drop
}

// Newest is the latest of several registrations.
func Newest(all []Registration) (Registration, bool) {
	if len(all) == 0 {
		return Registration{}, false
	}
	return slices.MaxFunc(all, func(a, b Registration) int { return a.CreatedAt.Compare(b.CreatedAt) }), true
}
