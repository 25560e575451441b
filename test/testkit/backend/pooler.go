package backend

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// poolerFolders are where packages put PgBouncer.
var poolerFolders = []string{"/usr/sbin", "/usr/local/bin"}

// Pooler starts PgBouncer in transaction mode before the database of a URI, with so many connections to it, and returns the URI
// through it. Settings, such as "pool_mode = session", count before its own. It skips or fails the test where the program is not
// installed.
func Pooler(tb testing.TB, uri string, conns int, settings ...string) string {
	tb.Helper()
	requireMain(tb, "PgBouncer")
	through, err := startPooler(tb, uri, conns, settings)
	if err != nil {
		(&engine{name: "PgBouncer", env: "PATH"}).unavailable(tb, err)
	}
	return through
}

func startPooler(tb testing.TB, uri string, conns int, settings []string) (string, error) {
	tb.Helper()
	program, err := findProgram("pgbouncer", poolerFolders...)
	if err != nil {
		return "", err
	}
	to, err := url.Parse(uri)
	if err != nil {
		return "", err
	}
	p, err := newProcess("signet-pgbouncer-")
	if err != nil {
		return "", err
	}
	tb.Cleanup(p.remove)
	password, _ := to.User.Password()
	p.command = func(port int) []string {
		// A port is known only now. What can't be written shows when the program does not start.
		_ = p.write("pgbouncer.ini", fmt.Sprintf(`[databases]
* = host=%s port=%s user=%s password=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = %d
%s
`, to.Hostname(), to.Port(), to.User.Username(), password, port, conns, strings.Join(settings, "\n"))) // the last of a name counts
		return []string{program, filepath.Join(p.dir, "pgbouncer.ini")}
	}
	via := *to
	p.ping = func(ctx context.Context, addr string) error {
		via.Host = addr
		config, err := pgx.ParseConfig(via.String())
		if err != nil {
			return err
		}
		config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	addr, err := p.start(ctx)
	if err != nil {
		return "", fmt.Errorf("pgbouncer: %w", err)
	}
	via.Host = addr
	return via.String(), nil
}
