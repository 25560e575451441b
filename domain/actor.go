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

// Actor is the one that asks a use case to do something, as the authenticator found out. Use cases authorize it; HTTP only makes it.
type Actor struct {
	Kind      ActorKind
	ID        PrincipalID
	SessionID SessionID
	Audience  string // the key of the service the token was issued for
	ClientID  string
	TokenID   string    // jti
	AuthTime  time.Time // when the session's credentials were checked
	ExpiresAt time.Time // of the token

	// AppToken is the application token of a service: the one that was sent, or the one that the access token was got with.
	AppToken AppTokenID
	Raw      bool             // the application token itself was sent
	Secret   AppTokenSecretID // by which of its secrets, where it was sent
	Scopes   Scopes           // of the application token, and of the access token that was got with it
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

// Block is the address block that limits count by: an IPv4 address, or the /64 that one IPv6 customer has at least. What is
// no address is one block of its own.
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
