// Package keys keeps the signing keys: made once, sealed, published before they sign, and read again when any replica changes
// them.
//
//	next ──(published ≥ 24 h)──► active ──► retired ──(last token expired)──► gone
//	  └────────────────────────────┴───────────┴──(an operator)──► revoked: gone at once
//
// Ring holds the keys with which a replica signs and verifies. Keeper changes keys: on schedule (Maintain), and at an operator's command
// (Rotate, Revoke). domain.KeyPolicy decides under a lock what has to be done, so that of any number of replicas one does it.
package keys
