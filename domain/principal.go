package domain

import "time"

// PrincipalKind says what a principal is.
type PrincipalKind string

// The kinds of principals.
const (
	KindUser           PrincipalKind = "user"
	KindServiceAccount PrincipalKind = "service_account"
)

// PrincipalState says whether a principal may act. Deleted is a tombstone: the id is never used again.
type PrincipalState string

// The states of a principal.
const (
	Active   PrincipalState = "active"
	Disabled PrincipalState = "disabled"
	Deleted  PrincipalState = "deleted"
)

// Principal is anything that can act or hold a role. PV counts changes of what it holds; CredentialEpoch counts changes of its credentials,
// so that work that began with the old ones (such as a 300 ms hash) notices this in its transaction.
type Principal struct {
	ID              PrincipalID
	Kind            PrincipalKind
	State           PrincipalState
	DisabledReason  string
	DisabledUntil   time.Time // zero: until somebody enables it
	PV              int64
	CredentialEpoch int64
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// ReplaceCredentials counts a change of the principal's credentials, so that a pending decision based on the old ones is detected.
func (p *Principal) ReplaceCredentials(now time.Time) {
	p.CredentialEpoch++
	p.UpdatedAt = now
}

// Disable keeps it from acting until a time; zero: until somebody enables it.
func (p *Principal) Disable(reason string, until, now time.Time) {
	p.State, p.DisabledReason, p.DisabledUntil, p.UpdatedAt = Disabled, reason, until, now
}

// Enable lets it act again.
func (p *Principal) Enable(now time.Time) {
	p.State, p.DisabledReason, p.DisabledUntil, p.UpdatedAt = Active, "", time.Time{}, now
}

// Delete makes it a tombstone: the id stays taken, and nothing in it identifies a person.
func (p *Principal) Delete(now time.Time) {
	p.State, p.DisabledReason, p.DisabledUntil, p.UpdatedAt = Deleted, "", time.Time{}, now
	p.CredentialEpoch++
	p.PV++
}

// AsOf is the principal at that time: a disablement that has ended no longer counts.
func (p Principal) AsOf(now time.Time) Principal {
	if p.State == Disabled && p.IsActive(now) {
		p.State, p.DisabledReason, p.DisabledUntil = Active, "", time.Time{}
	}
	return p
}

// IsActive tells whether it may act at that time: a disablement ends at its end.
func (p Principal) IsActive(now time.Time) bool {
	return p.State == Active || p.State == Disabled && !p.DisabledUntil.IsZero() && !now.Before(p.DisabledUntil)
}
