// Package signet protects a service with access tokens of Signet: strangers are refused, permissions count, and a logout, a disabled account
// or a role that was taken is felt within a second.
//
//	v, err := signet.New(signet.Config{Issuer: "https://auth.example.com", Audience: "billing", AppToken: token})
//	mux.Handle("GET /invoices", v.Require("invoice:read")(http.HandlerFunc(invoices))) // in it: signet.From(r.Context())
//
// The way of a token through the package:
//
//	middleware.go → parse.go: the text        → keyset.go: the key and the signature → claims.go: the claims
//	              → memory.go: what was verified before, by the text's hash
//	              → facts.go: what became of it since (stream.go hears, sse.go and poll.go read)
//	              → ask.go: a question to Signet where a fact says that the token is not up to date
//	              → principal.go: who it is, and what they may do (check.go asks for permissions that are not in the token)
//
// source.go has tokens of the service itself, to call other services with. Package signettest is an issuer for unit tests.
package signet
