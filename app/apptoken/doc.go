// Package apptoken manages the application tokens with which services authenticate to Signet.
//
//	create ─► token + secret, whose text is shown once      rotate ─► another secret; the one before lives on for a while
//	revoke ─► over for good, listed for 90 days             delete ─► revoked and gone
//
// A token may do what its service's account may. So a person who makes one, or gets a new secret of one, must hold every platform
// permission of that account. If they hold one only until some time, the token ends then, too: access.RequireRank.
//
//	lock the service (shared) ─► lock its account, and the actor ─► right and rank ─► scopes, limits ─► write ─► tell every replica
package apptoken
