// Package apptoken looks after the application tokens by which services prove themselves to Signet.
//
//	create ─► token + secret, whose text is shown once      rotate ─► another secret; the one before lives on for a while
//	revoke ─► over for good, listed for 90 days             delete ─► revoked and gone
//
// A token may do what its service's account may. So a person who makes one, or gets another secret of it, must hold every platform permission of
// that account, and what they hold for a time only they pass on for that time: access.RequireRank.
//
//	lock the service (shared) ─► lock its account, and the actor ─► right and rank ─► scopes, limits ─► write ─► tell every replica
package apptoken
