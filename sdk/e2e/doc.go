// Package e2e runs the Go SDK against the real Signet: a program of its own (SIGNET_BIN, or built from this tree), with SQLite, and with the
// Postgres and Redis that DATABASE_URI and REDIS_URL name, if they do.
//
// It is a module of its own because it needs the SDK, which the server's module must not require. follower/ is the program that test/load
// measures revocations with.
package e2e
