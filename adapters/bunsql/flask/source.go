// Package flask reads the tables of the Flask service. The names of the tables are certain, their columns are not: they are looked up, keys
// may be integers or UUIDs, and missing values are empty.
//
//	Open ─► one read-only transaction with one snapshot ─► Users, Services, … ─► Close
package flask

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Source is a Flask service's database at one moment.
type Source struct {
	db      *sql.DB
	tx      *sql.Tx
	columns map[string][]string // of each table that is there
}

// ofService are the columns of permissions and roles, which may belong to a service.
var ofService = []column{
	{"id", []string{"id"}},
	{"name", []string{"name"}},
	{"description", []string{"description"}},
	{"service", []string{"service_id"}},
	{"created", []string{"created_at"}},
	{"", []string{"updated_at"}},
}

// tables are the tables to read, with the names of their columns here and there. A column without a name here is known but not imported.
var tables = map[string][]column{
	"users": {
		{"id", []string{"id"}},
		{"email", []string{"email"}},
		{"hash", []string{"password_hash", "password"}},
		{"first", []string{"first_name"}},
		{"last", []string{"last_name"}},
		{"active", []string{"is_active", "active"}},
		{"verified", []string{"is_email_verified", "email_verified", "is_verified"}},
		{"created", []string{"created_at"}},
		{"", []string{"updated_at", "last_login", "last_login_at"}},
	},
	"oauth_accounts": {
		{"id", []string{"id"}},
		{"user", []string{"user_id"}},
		{"provider", []string{"provider"}},
		{"subject", []string{"provider_user_id"}},
		{"email", []string{"email", "provider_email"}},
		{"", []string{"created_at", "updated_at", "access_token", "refresh_token", "expires_at", "token_expires_at"}},
	},
	"services": {
		{"id", []string{"id"}},
		{"name", []string{"name"}},
		{"description", []string{"description"}},
		{"active", []string{"is_active", "active"}},
		{"created", []string{"created_at"}},
		{"", []string{"updated_at"}},
	},
	"permissions":      ofService,
	"roles":            ofService,
	"role_permissions": {{"role", []string{"role_id"}}, {"permission", []string{"permission_id"}}, {"", []string{"id", "created_at"}}},
	"user_service_roles": {
		{"id", []string{"id"}},
		{"user", []string{"user_id"}},
		{"service", []string{"service_id"}},
		{"role", []string{"role_id"}},
		{"created", []string{"created_at"}},
		{"", []string{"updated_at", "granted_by", "assigned_by"}},
	},
	"app_tokens": {
		{"id", []string{"id"}},
		{"name", []string{"name"}},
		{"service", []string{"service_id"}},
		{"active", []string{"is_active", "active"}},
		{"expires", []string{"expires_at"}},
		{"", []string{"token_hash", "token", "created_at", "updated_at", "last_used", "last_used_at", "created_by"}},
	},
}

// column is what a column is called here, and the names it may have there, the likeliest first.
type column struct {
	name  string
	there []string
}

// ErrNotPostgres is the error of an address of anything else.
var ErrNotPostgres = errors.New("only Postgres is read: give an address such as postgresql://user@host/database. A database of another kind must be brought to Postgres first, with pgloader for instance")

// Open connects and finds out which columns exist. It also accepts addresses in the form of SQLAlchemy.
func Open(ctx context.Context, dsn string) (*Source, error) {
	scheme, rest, ok := strings.Cut(dsn, "://")
	scheme, _, _ = strings.Cut(scheme, "+") // postgresql+psycopg2
	if !ok || scheme != "postgres" && scheme != "postgresql" {
		return nil, ErrNotPostgres
	}
	config, err := pgx.ParseConfig("postgresql://" + rest)
	if err != nil {
		return nil, errors.New("the address can't be read: reserved characters of a password are percent-encoded, @ as %40 and / as %2F")
	}
	config.RuntimeParams["timezone"] = "UTC" // times without a zone count as UTC
	config.RuntimeParams["application_name"] = "signet import"
	db := stdlib.OpenDB(*config)
	s := &Source{db: db, columns: map[string][]string{}}
	if s.tx, err = db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}); err == nil {
		err = s.look(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the Flask service's database can't be read: %w", err), s.Close())
	}
	if len(s.columns["users"]) == 0 {
		return nil, errors.Join(errors.New("there is no table users: this is no database of the Flask service"), s.Close())
	}
	return s, nil
}

// Close ends the connection.
func (s *Source) Close() error {
	if s.tx != nil {
		_ = s.tx.Rollback()
	}
	return s.db.Close()
}

func (s *Source) look(ctx context.Context) error {
	rows, err := s.tx.QueryContext(ctx, "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var table, name string
		if err := rows.Scan(&table, &name); err != nil {
			return err
		}
		if _, known := tables[table]; known {
			s.columns[table] = append(s.columns[table], name)
		}
	}
	return rows.Err()
}

// Unknown are the columns, as table.column, that this package does not know.
func (s *Source) Unknown() (unknown []string) {
	for table, names := range s.columns {
		for _, name := range names {
			if !slices.ContainsFunc(tables[table], func(c column) bool { return slices.Contains(c.there, name) }) {
				unknown = append(unknown, table+"."+name)
			}
		}
	}
	slices.Sort(unknown)
	return unknown
}

// record is a row, by our names of its columns; NULL and missing columns are empty.
type record map[string]string

// each reads a table, the oldest row first if it has a time. A missing table has no rows.
func (s *Source) each(ctx context.Context, table string, do func(record) error) error {
	if len(s.columns[table]) == 0 {
		return nil
	}
	var names, wanted []string
	for _, c := range tables[table] {
		if c.name == "" {
			continue
		}
		for _, there := range c.there {
			if slices.Contains(s.columns[table], there) {
				names, wanted = append(names, c.name), append(wanted, expression(c.name, there))
				break
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	rows, err := s.tx.QueryContext(ctx, fmt.Sprintf("SELECT %s FROM %s ORDER BY 1", strings.Join(wanted, ", "), table))
	if err != nil {
		return fmt.Errorf("read the table %s: %w", table, err)
	}
	defer func() { _ = rows.Close() }()
	values, into := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("read the table %s: %w", table, err)
		}
		r := record{}
		for i, name := range names {
			r[name] = strings.TrimSpace(values[i].String)
		}
		if err := do(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// expression is a column as text, whatever its type. Its name comes from our list.
func expression(name, there string) string {
	if name == "created" || name == "expires" {
		return fmt.Sprintf(`to_char(%s::timestamp, 'YYYY-MM-DD"T"HH24:MI:SS.US')`, there)
	}
	return there + "::text"
}

func (r record) time(name string) time.Time {
	at, _ := time.Parse("2006-01-02T15:04:05.000000", r[name]) // it comes from the database's catalog
	return at
}

// is reads a boolean, which has several types across installations.
func (r record) is(name string, unless bool) bool {
	switch strings.ToLower(r[name]) {
	case "true", "t", "1", "yes":
		return true
	case "false", "f", "0", "no":
		return false
	}
	return unless
}
