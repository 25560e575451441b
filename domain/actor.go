package domain

import (
	"net/netip"
	"time"
)

// ActorKind says who acts.
type ActorKind string

// The kinds of actors.
const (
	ActorAnonymous ActorKind = "anonymous"
	ActorUser      ActorKind = "user"
	ActorService   ActorKind = "service"
	ActorSystem    ActorKind = "system" // Signet itself, or an operator at the command line
)

// Actor is the caller of a use case, as found by the authenticator. Use cases authorize it; HTTP only creates it.
type Actor struct {
	Kind      ActorKind
	ID        PrincipalID
	SessionID SessionID
	Audience  string // the key of the service the token was issued for
	ClientID  string
	TokenID   string    // jti
	Level     Level     // of the token, which may be lower than its session's; 0 for a service
	AuthTime  time.Time // when that level was last proved
	ExpiresAt time.Time // of the token
	// MustEnrol tells of a user without a second factor where one is required: they may only add one, and what that needs.
	MustEnrol bool

	// AppToken is the application token of a service: the one that was sent, or the one that was exchanged for the access token.
	AppToken AppTokenID
	Raw      bool             // the application token itself was sent
	Secret   AppTokenSecretID // which of its secrets was sent, if it was sent itself
	Scopes   Scopes           // of the application token, and of an access token that was issued for it
}

// RoleLevel is the level that counts for the actor's roles.
func (a Actor) RoleLevel() Level {
	if a.Kind == ActorUser {
		return a.Level.OrLowest()
	}
	return NoLevel
}

// System is the actor of Signet's own work and of the command line.
func System() Actor { return Actor{Kind: ActorSystem} }

// Anonymous is the actor of a request without credentials.
func Anonymous() Actor { return Actor{Kind: ActorAnonymous} }

// Origin is where a request came from, for limits, audit and the list of sessions. IP is textual, already resolved through
// the trusted proxies.
type Origin struct {
	IP        string
	UserAgent string
	RequestID string
}

// Block is the address block that limits count by: an IPv4 address, or the /64 that one IPv6 customer has at least. Malformed addresses
// share one block.
func (o Origin) Block() string {
	addr, err := netip.ParseAddr(o.IP)
	if err != nil {
		return "unknown"
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	prefix, _ := addr.Prefix(64)
	return prefix.String()
}
