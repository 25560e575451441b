// Package api is the wire format of Signet: the JSON bodies of requests and answers, the codes of errors, and the names of
// events. The HTTP adapter and the Go SDK share it, so it knows the standard library only and nothing of ours.
//
// A name that ends in Request is a body (members tagged json) with its parameters (tagged path or query, and json:"-"); one
// that ends in Response is a success. The shape of a member is said by its validate tag, which is also what the OpenAPI
// document shows; what a value means is checked by the core. Absent and empty are the same unless said otherwise.
//
// Identifiers are opaque. Times are RFC 3339 in UTC, with microseconds at most. Secrets are plain strings here, because a
// client needs them: the structs that carry one print as "[redacted]" (redact.go), so that one logged in haste leaks nothing.
package api
