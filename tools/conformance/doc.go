// Conformance writes sdk/conformance/cases.json, which says what every verifier of Signet's tokens does: each case is a list of steps from
// what Signet sends (keys, facts, answers) and what a caller presents to the verdict. The SDKs run all of it.
//
//	go run ./tools/conformance
//
// The flow: format.go has the members of the file, key.go the test keys, token.go signs, and the files named after what they test add the
// cases. Everything is a function of this source: signatures are deterministic, and no time or randomness goes in.
package main
