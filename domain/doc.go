// Package domain is the centre of Signet: entities, value objects, their invariants, and errors.
//
// Everything here is plain data with behaviour. Constructors validate, so an entity that exists is a valid one; decisions
// (may this token refresh, does this pattern grant that permission, is this address possible) are methods on the entity that
// knows. Nothing here reads a clock, makes randomness, or knows of SQL, HTTP or JSON: time, IDs and entropy are parameters.
//
// Where to look: who can act (principal.go, user.go, service.go, actor.go), how they got in (registration.go, session.go,
// family.go, flow.go, lockout.go), what they may (permission.go, role.go, grant.go, platform.go), and what is said about it
// (event.go, change.go, message.go).
package domain
