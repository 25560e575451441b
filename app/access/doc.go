// Package access answers "who is this, and may they?" from memory.
//
//	token ─► Authenticator ─► claims by hash ─► session by sid ─► principal by sub ─► domain.Actor
//	                            (immutable)       (live?)           (active?)
//	principal, service ─► Directory.Grants ─► Minter ─► token
//
// Memory is filled from the store on first use and dropped by the change feed, so that in the steady state a request costs no
// query and a revocation is seen within a second.
package access
