// Package domain is the centre of Signet: entities, value objects, their invariants, and errors.
//
// Everything here is plain data with behaviour. Constructors validate, so an entity that exists is a valid one; decisions
// (may this token refresh, does this pattern grant that permission, is this address possible) are methods on the entity that
// knows. Nothing here reads a clock, makes randomness, or knows of SQL, HTTP or JSON: time, IDs and entropy are parameters.
//
// Where to look:
//
//	who can act          principal, user, profile, service, client, app_token (and its secrets and use), actor
//	how they get in      registration, password, lockout, candidate (what a password is judged on), identity (external logins),
//	                     session, family and refresh_token, device, flow and one_time_purposes (links and codes)
//	what they may        permission and vocabulary (what there is), role and role_graph (with what it includes), assignment, grant (what
//	                     roles held come to), scope (of a credential), right and cover (over others' rights), platform_permissions
//	what is signed       signing_key, key_policy, key_course, claims
//	what is said of it   event (audit), change (what caches follow), message (outbox)
//	plain values         email, text, language, metadata, secret, id, opaque (tokens and cursors as text), cursor, error
package domain
