package domain

import "time"

// Claims are what an access token says (RFC 9068). Roles and permissions are hints for the service that reads them; Signet
// itself decides on live data.
type Claims struct {
	Issuer        string
	Subject       PrincipalID
	Audience      string
	ExpiresAt     time.Time
	IssuedAt      time.Time
	TokenID       string
	SessionID     SessionID
	ClientID      string
	EmailVerified bool
	Roles         []string
	Permissions   []string
	PermRef       bool // permissions were left out for their size: ask authz/check
	PV            int64
	AsOf          int64 // the newest change that was applied before the data of the token was read; 0: issued by an older release
	AMR           []string
	Level         Level     // acr; 0: a token without it
	AuthTime      time.Time // when Level was last proved
	Type          TokenType

	// Kind is empty for users, whose tokens belong to a session. Tokens of services belong to an application token and have no session.
	Kind     PrincipalKind
	AppToken AppTokenID
	Scope    []string // the requested permissions, by their short names; nil: all that are held
}

// NotBefore is when the token becomes valid: a little before it was made, for verifiers whose clocks are behind and that allow no leeway.
func (c Claims) NotBefore() time.Time { return c.IssuedAt.Add(-5 * time.Second) }

// maxPermissionBytes is how much of a token its permissions may be, and its roles: above that every request header would carry
// them.
const maxPermissionBytes = 2048

// ShortestGrant is how long a role must still be held to be put into a token: otherwise tokens could live for only seconds, and be
// refreshed as often.
const ShortestGrant = time.Minute

// WithGrants puts roles and permissions in, or PermRef where either is too long, and shortens the token's life to that of the
// grants: no token outlives an assignment it speaks of.
func (c Claims) WithGrants(g Grants) Claims {
	c.Roles, c.Permissions, c.PermRef = g.Roles, g.Permissions(), false
	if jsonSize(c.Roles) > maxPermissionBytes {
		c.Roles, c.PermRef = nil, true
	}
	if jsonSize(c.Permissions) > maxPermissionBytes {
		c.Permissions, c.PermRef = nil, true
	}
	if !g.ValidUntil.IsZero() && g.ValidUntil.Before(c.ExpiresAt) {
		c.ExpiresAt = g.ValidUntil
	}
	return c
}

// jsonSize is what names take in a JSON array: quotes and a comma each.
func jsonSize(names []string) (n int) {
	for _, name := range names {
		n += len(name) + 3
	}
	return n
}
