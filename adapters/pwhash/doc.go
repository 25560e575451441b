// Package pwhash implements secure.PasswordHasher with bcrypt and argon2id of golang.org/x/crypto, and knows the passwords
// that are too common to be anybody's (common.go).
//
// Hashing is the one dear thing Signet does on request, so it is rationed and, as far as an outsider can tell, always costs
// the same:
//
//   - queue.go hands out places, one per worker, first come first served. Waiting is bounded by time, and a caller who hung up
//     leaves the queue at once. Memory of argon2id is bounded with it: workers × the size of one hash.
//   - hasher.go spends the work of the current setting on every comparison: on a decoy when there is no hash or none that can
//     be read, on decoys beside a cheaper bcrypt hash, and as waiting (Match.Settle) for a hash of another kind. Who gets an
//     answer learns nothing about which accounts exist (ASVS 6.3.8, CVE-2025-6011).
//   - scheme.go is the table of hash texts by prefix; bcrypt.go and argon2id.go are its entries. A stored text is read with
//     bounds, so that an imported one can't exhaust memory. A new kind of hash is one more file and one more line there.
//   - estimate.go learns how long things take, for the queue and for Settle.
//
// The path of a login: Reserve → (read the user) → Verify → Release → Settle.
package pwhash
