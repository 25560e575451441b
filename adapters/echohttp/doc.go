// Package echohttp is the HTTP face of Signet: routes, strict decoding, validation of shape, problems, limits and the two
// listeners. It knows the use cases and Echo; nothing else in the tree knows either of HTTP.
//
// The flow of a request:
//
//	Server (listener.go, server.go: time-outs, connection limit, graceful stop)
//	  └► edge (middleware*.go: recover, request id, client address, headers, CORS, canonical path, log, metrics)
//	       └► Echo's router ─► Handle (handle.go)
//	            admit: bearer token, authentication, limits      bearer.go, throttle.go
//	            read:  path, query and body, each from its place bind.go, decode.go, scan.go, validate.go
//	            call:  the use case, by way of a function of the route
//	            reply: JSON, or a problem (RFC 9457)             answer.go, problem.go
//
// [Handle] and [HandleRaw] also describe the operation in the OpenAPI document (openapi.go), so that it can't drift. A
// resource's routes are one file each and contain nothing but the mapping between api structs and the inputs and outputs of
// use cases.
//
// Echo is used as a router and for its context. Its binder, its middleware chain (a closure per request and middleware) and
// its ideas of the client's address are not: see security.md on each.
package echohttp
