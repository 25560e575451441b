// Package bunsql is the system of record on Postgres and SQLite, by Bun.
//
// The flow: postgres.Open and sqlite.Open make a [DB] of connection pools and a [Dialect], the one value that holds what
// differs between the databases. [DB.Read] hands out repositories on the reading pool, [DB.WithinTx] (tx.go) the same
// repositories on one transaction. Repositories (one file per aggregate) are written once, as rows that mirror a table plus
// queries. Every statement passes conn.do, which gives it a deadline and turns what the database says into a *domain.Error.
//
// Statements name their columns, taken from the tags of their rows (column.go), and unknown columns in a result are discarded: a release
// serves on the schema of the next one during a rollout.
//
// A transaction waits for the network as rarely as possible. A statement whose result nobody needs (conn.enqueue: writes that name no
// error, locks of names, BEGIN itself) is queued as text and goes out in one message with the next statement that has an answer, or with
// COMMIT. The server still runs them one by one, each with its own snapshot of committed data, so a lock that is taken ahead of a read in
// the same message protects that read. If one of them is refused, the message returns the error, which becomes that of the transaction
// (attempt.late). SQLite has no network to wait for, so there each statement runs at once.
//
// A statement that fails voids its transaction, on both databases alike: Postgres refuses all that follows, so on SQLite, which would go
// on, the next statement and the commit are refused too. So a use case that must record a refusal detects it by reading under a lock, never
// by violating a constraint and carrying on.
//
// [Migrator] (migrate.go) brings the schema up and down, and the platform's roles and permissions to what this release has in domain
// (seed.go); it has its own connections, because it needs rights that the rest does not.
package bunsql
