// Package echohttp is the kernel of the HTTP adapter: routing, strict decoding, validation of shape, problems, limits, the OpenAPI document
// and the two listeners. It knows Echo, but no use cases. Its two sub-packages register the routes; they know the use cases, but not each
// other: rest has the JSON resources, and pages the HTML behind the links in mails. HTTP statuses exist nowhere else in the tree.
//
// The flow of a request:
//
//	Server (listener.go, server.go: time-outs, connection limit, graceful stop)
//	  └► edge (middleware*.go: recover, request id, client address, headers, CORS, canonical path, log, metrics)
//	       └► Echo's router ─► Handle (handle.go)
//	            admit: token, authentication, limits             app_token.go, bearer.go, throttle.go
//	            read:  path, query and body, each from its place bind.go, decode.go, scan.go, validate.go
//	                   then clients and back ends, whose credentials are in what was read: client_auth.go, proxy.go
//	            call:  the use case, by way of a method in rest or pages
//	            reply: JSON, or a problem (RFC 9457)             answer.go, problem.go
//
// [Handle] and [HandleRaw] also describe the operation in the OpenAPI document (openapi.go), so that it can't drift.
//
// Echo is used as a router and for its context. Its binder, its middleware chain (a closure per request and middleware) and its notion of
// the client's address are not used.
package echohttp
