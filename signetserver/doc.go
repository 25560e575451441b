// Package signetserver starts the real Signet in a test: SQLite in the test's folder, every mail in an inbox, cheap hashes and no rate limits.
//
//	s := signetserver.Start(t)
//	s.Service("billing", "invoice:read")
//	clerk := s.User("clerk@example.com", "billing/readonly")
//	token := s.Login(clerk, "billing")
//	v, err := signet.New(signet.Config{Issuer: s.URL, Audience: "billing", AppToken: signet.Secret(s.AppToken("billing"))})
//
// It is the server's own module: a go.mod that requires it gets the server's libraries into its go.sum. Unit tests need none of it, see
// sdk/go/signettest; put tests with the real server into a module of their own if that matters.
package signetserver
