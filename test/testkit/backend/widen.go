package backend

import (
	"database/sql"
	"testing"
)

// Widen adds a column to every table that the query names, as a later release would. Those of a partition come with its table's.
func Widen(tb testing.TB, db *sql.DB, tables string) {
	tb.Helper()
	rows, err := db.QueryContext(tb.Context(), tables)
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			tb.Fatal(err)
		}
		names = append(names, name)
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	if len(names) < 20 {
		tb.Fatalf("there are more tables than %v", names)
	}
	for _, name := range names {
		if _, err := db.ExecContext(tb.Context(), "ALTER TABLE "+name+" ADD COLUMN later text NOT NULL DEFAULT 'x'"); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
	}
}
