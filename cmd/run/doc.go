// Package run is the program: configuration, wiring and subcommands. It takes its environment as a map and its streams as
// values, so that tests start the real thing on port 0.
//
//	Main ─► kong ─► serve ─► ParseConfig ─► Start ─► Server
//	                migrate, admin, dev, health
//
// Wiring is plain code, from the outside in: stores.go (database, limits, wake-up), mail.go, core.go (the use cases), server.go
// (listeners and background work, started and stopped in order).
package run
