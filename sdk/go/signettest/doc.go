// Package signettest is an issuer for unit tests: it makes tokens that the real verifier takes, and says over the real protocol what becomes of
// them. No server, no database, no container.
//
//	i := signettest.New(t)
//	v := i.Verifier("billing")
//	token := i.Token(signettest.User("u-1", "invoice:read"))
//	// … requests with token are let through
//	i.Disable("u-1")
//	// … and are refused
//
// It listens on the loopback only. What it changes has arrived at verifiers made by [Issuer.Verifier] when the call returns.
package signettest
