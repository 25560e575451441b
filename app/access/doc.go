// Package access answers "who is this, and may they?" from memory.
//
//	user's access token    ─► Authenticator ─► claims by hash ─► session by sid, user by sub   ─► domain.Actor
//	service's access token ─►                  claims by hash ─► application token by key,     ─►
//	                                           (immutable)       service and account by sub
//	application token      ─►                  token by the secret's id, service and account   ─►
//
// Whatever can end is checked in each request: session, user, application token and its secret, service, account, and the audience.
//
//	principal, service ─► Directory.Grants ─► Minter ─► token
//
// Memory is filled from the store on first use and dropped by the change feed, so that in the steady state a request costs no
// query and a revocation is seen within a second.
package access
