// Package jwtoken implements the token ports of ports/secure (KeyMaker, TokenIssuer, TokenVerifier): access tokens of RFC 9068, signed with
// golang-jwt; go-jose reads and writes JWKs and RFC 7638 thumbprints, and nothing else. It also implements provider.IDTokens: tokens that
// others sign (id_token.go, key_set.go), and the client secret for Apple.
//
// The flow of an access token: KeyMaker makes a pair, Issuer prepares its private half, Signer signs. A token that comes back is
// taken apart by header.go alone (Peek: its form, algorithm and kid, no cryptography), the caller finds the key of that kid
// in its own ring, and Verify checks signature and claims.
//
// These rules rule out the usual mistakes of JWT verifiers:
//
//   - The algorithm belongs to the key. The header's is compared with it and chooses nothing (RFC 8725 §3.1).
//   - Signet writes headers in one spelling only, so one spelling is all it reads: no "crit", "b64", "jku", "jwk", "x5u",
//     "x5c", no duplicate, no blank ever reaches a JSON decoder.
//   - A claim has one name and one type: duplicates, strings for numbers, fractions and arrays for "aud" are refused.
//   - Every use goes through one list of options (options in verifier.go).
//
// An ECDSA signature can be rewritten into a second valid one by anyone who holds the token (r, n−s), so a text does not
// identify a token: revocation goes by sid and jti.
package jwtoken

// maxToken is how long a token may be, in bytes; servers take headers of 16 KB for everything.
const maxToken = 8 << 10
