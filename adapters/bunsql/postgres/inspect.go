package postgres

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"net"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
)

const (
	aboutRole = `SELECT 'PostgreSQL ' || current_setting('server_version'), r.rolname::text, r.rolsuper, current_setting('transaction_read_only') = 'on',
		coalesce((SELECT pg_has_role(c.relowner, 'USAGE') FROM pg_class c WHERE c.oid = to_regclass('migrations')), false),
		NOT EXISTS (SELECT FROM pg_partition_tree(to_regclass('audit_events')) p WHERE has_table_privilege(p.relid, 'UPDATE, DELETE, TRUNCATE'))
		FROM pg_roles r WHERE r.rolname = current_user`
	// Only tables of the owner of the migrations count: a schema may have others.
	lackingRights = `SELECT p.name || ' on ' || c.relname FROM pg_class m
		JOIN pg_class c ON c.relnamespace = m.relnamespace AND c.relowner = m.relowner AND c.relkind IN ('r', 'p') AND NOT c.relispartition
		CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS p (name)
		WHERE m.oid = to_regclass('migrations') AND (c.oid <> m.oid OR p.name = 'SELECT') AND NOT has_table_privilege(c.oid, p.name)
		ORDER BY c.relname, p.name`
)

// secondClient is how long a pooler may let a second client wait.
const secondClient = time.Second

// inspect examines the server through two connections of the pool.
func inspect(ctx context.Context, pool *sql.DB, now func() time.Time) (f bunsql.Inspection, err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if f.Ahead, err = ahead(ctx, conn, now); err != nil {
		return f, err
	}
	if err := conn.QueryRowContext(ctx, aboutRole).Scan(&f.Server, &f.Role, &f.Superuser, &f.ReadOnly, &f.OwnsSchema, &f.AppendOnly); err != nil {
		return f, err
	}
	if f.Lacks, err = lacking(ctx, conn); err != nil {
		return f, err
	}
	if err := way(conn, &f); err != nil {
		return f, err
	}
	f.Pooler, err = pooler(ctx, pool, conn)
	return f, err
}

// ahead compares the clocks, assuming that request and answer take equally long.
func ahead(ctx context.Context, conn *sql.Conn, now func() time.Time) (time.Duration, error) {
	var theirs time.Time
	asked := now()
	err := conn.QueryRowContext(ctx, "SELECT clock_timestamp()").Scan(&theirs)
	answered := now()
	return theirs.Sub(asked.Add(answered.Sub(asked) / 2)), err
}

func lacking(ctx context.Context, conn *sql.Conn) (rights []string, err error) {
	rows, err := conn.QueryContext(ctx, lackingRights)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var right string
		if err := rows.Scan(&right); err != nil {
			return nil, err
		}
		rights = append(rights, right)
	}
	return rights, rows.Err()
}

// pooler recognizes a pooler by a process number that differs from the one announced at connect. It finds the mode by whether a second
// client gets the process that the first one has just used, which it would keep in session mode.
func pooler(ctx context.Context, pool *sql.DB, conn *sql.Conn) (bunsql.Pooler, error) {
	pid, promised, err := process(ctx, conn)
	if err != nil || pid == promised {
		return bunsql.NoPooler, err
	}
	limited, cancel := context.WithTimeout(ctx, secondClient)
	defer cancel()
	second, err := pool.Conn(limited)
	if err != nil {
		return bunsql.SessionPooler, nil // no connection is left for a second client, so connections are bound to clients
	}
	defer func() { _ = second.Close() }()
	for range 3 { // a third client may come in between
		first, _, err := process(ctx, conn)
		if err != nil {
			return bunsql.NoPooler, err
		}
		if pid, _, err = process(limited, second); err != nil {
			return bunsql.SessionPooler, nil
		}
		if pid == first {
			return bunsql.TransactionPooler, nil
		}
	}
	return bunsql.SessionPooler, nil
}

// way looks at the connection itself: what sslmode asked for may be less than what was agreed on, or more.
func way(conn *sql.Conn, f *bunsql.Inspection) error {
	return conn.Raw(func(raw any) error {
		c, ok := raw.(*connection)
		if !ok {
			return nil
		}
		there := c.server().Conn()
		switch at := there.RemoteAddr().(type) {
		case *net.UnixAddr:
			f.Local = true
		case *net.TCPAddr:
			f.Local = at.IP.IsLoopback()
		}
		if encrypted, ok := there.(*tls.Conn); ok {
			f.Encryption = tls.VersionName(encrypted.ConnectionState().Version)
			asked := c.Conn.Conn().Config().TLSConfig // verify-ca skips the name by a verification of its own
			f.Verified = asked != nil && (!asked.InsecureSkipVerify || asked.VerifyPeerCertificate != nil)
		}
		return nil
	})
}

// process returns the number of the server's process that serves a connection, and the number that was announced at connect.
func process(ctx context.Context, conn *sql.Conn) (pid, promised int64, err error) {
	err = conn.Raw(func(raw any) error {
		if c, ok := raw.(*connection); ok {
			promised = int64(c.server().PID())
		}
		return nil
	})
	if err == nil {
		err = conn.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&pid)
	}
	return pid, promised, err
}
