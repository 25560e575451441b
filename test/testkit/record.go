package testkit

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/adapters/bunsql/sqlite"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Record is a server's database, past the server: for what no call does yet, and to compare what was answered with what is
// stored. Through Within it is one more writer, as the command line is.
type Record struct {
	tb    testing.TB
	sql   *bun.DB
	store *bunsql.DB
}

// Record is the server's database at the address that the server has; see RecordAt to go around a proxy. It is opened once: a connection costs
// Postgres more than most of what tests ask, and SQLite reads the whole schema for it.
func (s *Server) Record() *Record {
	s.tb.Helper()
	at := s.Env["DATABASE_URI"]
	if at == "" {
		at = s.Env["DATA_DIR"]
	}
	known, ok := s.records.Load(at)
	if !ok {
		known = s.open()
		s.records.Store(at, known)
	}
	r := *known.(*Record)
	r.tb = s.tb
	return &r
}

func (s *Server) open() *Record {
	s.tb.Helper()
	if uri := s.Env["DATABASE_URI"]; uri != "" {
		return RecordAt(s.tb, uri)
	}
	path := filepath.Join(s.Env["DATA_DIR"], "signet.db")
	raw, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?_pragma=busy_timeout(10000)")
	if err != nil {
		s.tb.Fatal(err)
	}
	db, err := sqlite.Open(path, bunsql.Options{Now: s.Clock.Now})
	return newRecord(s.tb, bun.NewDB(raw, sqlitedialect.New()), db, err)
}

// RecordAt opens a Postgres database.
func RecordAt(tb testing.TB, uri string) *Record {
	tb.Helper()
	config, err := pgx.ParseConfig(uri)
	if err != nil {
		tb.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	db, err := postgres.Open(uri, bunsql.Options{MaxConns: 2})
	return newRecord(tb, bun.NewDB(stdlib.OpenDB(*config), pgdialect.New()), db, err)
}

func newRecord(tb testing.TB, raw *bun.DB, db *bunsql.DB, err error) *Record {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _, _ = raw.Close(), db.Close() })
	return &Record{tb: tb, sql: raw, store: db}
}

// Exec runs a statement with ? for its arguments and returns how many rows it changed. Nothing is told to the change feed.
func (r *Record) Exec(query string, args ...any) int64 {
	r.tb.Helper()
	result, err := r.sql.NewRaw(query, args...).Exec(r.tb.Context())
	if err != nil {
		r.tb.Fatalf("%s: %v", query, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		r.tb.Fatal(err)
	}
	return n
}

// Texts is the first column of a query's rows, as text.
func (r *Record) Texts(query string, args ...any) []string {
	r.tb.Helper()
	var found []string
	if err := r.sql.NewRaw(query, args...).Scan(r.tb.Context(), &found); err != nil {
		r.tb.Fatalf("%s: %v", query, err)
	}
	return found
}

// Text is the only column of a query's only row.
func (r *Record) Text(query string, args ...any) string {
	r.tb.Helper()
	found := r.Texts(query, args...)
	if len(found) != 1 {
		r.tb.Fatalf("%s: %d rows, want one", query, len(found))
	}
	return found[0]
}

// Count is a query's only number.
func (r *Record) Count(query string, args ...any) int {
	r.tb.Helper()
	var n int
	if err := r.sql.NewRaw(query, args...).Scan(r.tb.Context(), &n); err != nil {
		r.tb.Fatalf("%s: %v", query, err)
	}
	return n
}

// Begin opens a transaction for a test that leaves one open.
func (r *Record) Begin() bun.Tx {
	r.tb.Helper()
	tx, err := r.sql.BeginTx(r.tb.Context(), nil)
	if err != nil {
		r.tb.Fatal(err)
	}
	return tx
}

// Within writes as another replica does: what fn says has changed goes into the feed.
func (r *Record) Within(fn func(ctx context.Context, tx *store.Tx) error) error {
	return r.store.WithinTx(r.tb.Context(), fn)
}

// Insist is Within, again while the database is too busy.
func (r *Record) Insist(fn func(ctx context.Context, tx *store.Tx) error) error {
	for {
		if err := r.Within(fn); !errors.Is(err, domain.ErrUnavailable) {
			return err
		}
	}
}

// Changed puts one change into the feed.
func (r *Record) Changed(kind domain.ChangeKind, subject string) {
	r.tb.Helper()
	err := r.Insist(func(_ context.Context, tx *store.Tx) error { tx.Changed(kind, subject, domain.TokensStale); return nil })
	if err != nil {
		r.tb.Fatal(err)
	}
}

// LiveSessions is how many sessions of a user have not ended.
func (r *Record) LiveSessions(user string) int {
	r.tb.Helper()
	return r.Count("SELECT count(*) FROM sessions WHERE user_id = ? AND ended_at IS NULL", user)
}

// Events are the audit events of a type about a subject, newest first.
func (r *Record) Events(kind domain.EventType, subject string) []domain.Event {
	r.tb.Helper()
	events, err := r.store.Read().Audit.List(r.tb.Context(), store.AuditFilter{Types: []domain.EventType{kind}, SubjectID: subject})
	if err != nil {
		r.tb.Fatal(err)
	}
	return events
}
