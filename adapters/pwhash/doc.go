// Package pwhash implements secure.PasswordHasher with bcrypt and argon2id of golang.org/x/crypto, verifies the hashes of accounts that
// come from elsewhere, and lists passwords that are too common to be allowed (common_passwords.go).
//
// Hashing is the only expensive thing that Signet does on request, so it is rationed and, as far as an outsider can measure, always costs
// the same:
//
//   - queue.go hands out places, one per worker, first come first served. Waiting is bounded by time, and a caller who hung up
//     leaves the queue at once. Memory of argon2id is bounded with it: workers × the size of one hash.
//   - hasher.go spends the work of the current setting on every comparison: on a decoy when there is no hash or none that can
//     be read, on decoys beside a cheaper bcrypt hash, and as waiting (Match.Settle) for a hash of another kind. Who gets an
//     answer learns nothing about which accounts exist (ASVS 6.3.8, CVE-2025-6011).
//   - scheme.go has the tables of hash texts by prefix: those that Signet writes (bcrypt.go, argon2id.go), and those that other
//     programs wrote (pbkdf2.go, scrypt.go, firebase.go), which are verified and never made. A stored text is read with
//     bounds, so that an imported one can't exhaust memory or time. A new kind of hash is one more file and one more line there.
//   - estimate.go learns how long things take, for the queue and for Settle.
//
// The path of a login: Reserve → (read the user) → Verify → Release → Settle.
package pwhash
