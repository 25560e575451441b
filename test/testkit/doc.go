// Package testkit starts the real server for tests and talks to it as a client would.
//
//	Each(t, …) ─► Start(t, Options) ─► Server ─► Client ─► every answer is checked against /openapi.json
//	                                     └─► Inbox, Clock, Restart, Replica, Log
//
// The servers run in the test's process on port 0, with the program's own wiring; only the clock is ours. What must survive
// kill -9 is tested with the built binary instead (see test/fault).
package testkit
