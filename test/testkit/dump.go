package testkit

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/uptrace/bun/dialect"
)

// tables are the names of all tables that hold rows, partitions included.
func (r *Record) tables() []string {
	r.tb.Helper()
	if r.sql.Dialect().Name() == dialect.PG {
		return r.Texts("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename")
	}
	return r.Texts("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
}

// Rows counts the rows of every table, for tests that something left no trace.
func (r *Record) Rows() map[string]int {
	r.tb.Helper()
	rows := map[string]int{}
	for _, table := range r.tables() {
		rows[table] = r.Count("SELECT count(*) FROM " + table)
	}
	return rows
}

// Settled waits until the outbox holds nothing that is still to be done: from then on what has not been mailed is not going
// to be.
func (s *Server) Settled() {
	s.tb.Helper()
	record := s.Record()
	s.Eventually(20*time.Second, func() bool {
		return record.Count("SELECT count(*) FROM outbox WHERE delivered_at IS NULL AND parked_at IS NULL") == 0
	})
}

// Dump is everything that a thief of the database gets: every row as text with Postgres; with SQLite the bytes of its files,
// which also hold what was deleted and not yet overwritten.
func (s *Server) Dump() []byte {
	s.tb.Helper()
	var all bytes.Buffer
	if s.Env["DATABASE_URI"] != "" {
		record := s.Record()
		for _, table := range record.tables() {
			fmt.Fprintf(&all, "%s\n%s\n", table, strings.Join(record.Texts("SELECT t::text FROM "+table+" t"), "\n"))
		}
		return all.Bytes()
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(filepath.Join(s.Env["DATA_DIR"], "signet.db"+suffix))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.tb.Fatal(err)
		}
		all.Write(content)
	}
	return all.Bytes()
}
