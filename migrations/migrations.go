// Package migrations is the one timeline of the schema, for Postgres and SQLite alike.
//
// A migration is a pair of files of one name, up/<timestamp>-<name>.sql and down/<timestamp>-<name>.sql, run in the order of
// their timestamps by adapters/bunsql. Types are chosen so that the same statements run on both databases; where they can't,
// a line "-- dialect: postgres", "-- dialect: sqlite" or "-- dialect: any" opens a section. "-- transaction: none" on the
// first line of a file runs its pair outside a transaction (CREATE INDEX CONCURRENTLY); every other file is all or nothing.
//
// Identifiers and times come from the application, and so do all values with a meaning: the schema has keys, not triggers.
// Expand first, contract a release later: while a release rolls out, old and new replicas work on the same tables.
package migrations

import "embed"

// Files are the migrations that this binary knows.
//
//go:embed up/*.sql down/*.sql
var Files embed.FS
