// Package keys keeps the signing keys: made once, sealed, published before they sign, and read again when any replica changes
// them.
//
//	next ──(published ≥ 24 h)──► active ──► retired ──(last token expired)──► gone
//	  └────────────────────────────┴───────────┴──(an operator)──► revoked: gone at once
//
// Ring is what a replica signs and verifies with. Keeper changes keys: by the calendar (Maintain), and when an operator says so
// (Rotate, Revoke). domain.KeyPolicy decides what is to be done, under a lock: of any number of replicas one does it.
package keys
