// Package passkey asks for WebAuthn credentials and judges them with github.com/go-webauthn/webauthn: its types of options and responses, its
// parsers (of JSON, CBOR and COSE keys) and its signatures.
//
// A response is parsed (response.go), its key and its attestation are looked at (key.go, attestation.go), and what it says is compared
// with what was asked for (judge.go). That comparison is ours: the library's ignores the case and the path of an origin, has one error for a
// forged response and for one that was not what was asked for, and reads the clock.
package passkey
