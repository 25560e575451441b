package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// month creates a table's partition of a month, and tells whether it did. The partition is created as a separate table and then attached,
// because that does not lock out others (CREATE TABLE … PARTITION OF does). It gives up soon if it has to wait for a lock, because requests
// would queue behind it.
func month(ctx context.Context, db *sql.DB, table string, begin time.Time) (made bool, err error) {
	name := table + begin.Format("_2006_01")
	var there bool
	if err := db.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", name).Scan(&there); err != nil || there {
		return false, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }() // after a commit: nothing
	for _, statement := range []string{
		"SET LOCAL lock_timeout = '200ms'",
		"SET LOCAL statement_timeout = '2s'",
		fmt.Sprintf("CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS)", name, table),
		fmt.Sprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')",
			table, name, begin.Format(time.RFC3339), begin.AddDate(0, 1, 0).Format(time.RFC3339)),
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "23514" { // check_violation
				return false, nil // the default partition has rows of that month: it keeps it
			}
			return false, err
		}
	}
	return true, tx.Commit()
}

// dropMonths drops one month in each transaction. Like month, it gives up soon if it has to wait for a lock, and tries again the next day.
func dropMonths(ctx context.Context, db *sql.DB, table string, until time.Time) (dropped int, err error) {
	rows, err := db.QueryContext(ctx, "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = to_regclass($1) ORDER BY 1", table)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	var over []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return 0, err
		}
		begin, err := time.Parse(table+"_2006_01", name)
		if err == nil && !begin.AddDate(0, 1, 0).After(until) {
			over = append(over, name)
		}
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	for _, name := range over {
		if err := dropMonth(ctx, db, name); err != nil {
			return dropped, err
		}
		dropped++
	}
	return dropped, nil
}

func dropMonth(ctx context.Context, db *sql.DB, name string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit: nothing
	for _, statement := range []string{"SET LOCAL lock_timeout = '200ms'", "SET LOCAL statement_timeout = '5s'", "DROP TABLE " + name} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}
