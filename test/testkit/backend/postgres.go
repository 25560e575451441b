package backend

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/testcontainers/testcontainers-go"
	tcpostgres "github.com/testcontainers/testcontainers-go/modules/postgres"
)

var postgresEngine = &engine{
	name:      "Postgres",
	env:       "TEST_DATABASE_URI",
	container: postgresContainer,
	local:     postgresLocal,
	url:       postgresURL,
}

// Postgres returns the URI of an empty database of the test's own, dropped when the test ends, with all that is still
// connected to it. It skips or fails the test when there is no server (see the package comment).
func Postgres(tb testing.TB) string {
	tb.Helper()
	// template0 cannot have sessions, which would make parallel CREATE DATABASE fail.
	return postgresCopy(tb, "template0")
}

// PostgresPrepared is Postgres with a database that is a copy of the one that prepare fills, once a process: its first caller
// says how. prepare must leave nobody connected.
func PostgresPrepared(tb testing.TB, prepare func(uri string) error) string {
	tb.Helper()
	prepared.Lock()
	defer prepared.Unlock()
	if prepared.name == "" {
		server := *postgresEngine.sharedURL(tb)
		name, drop, err := postgresCreate(server, "template0")
		if err != nil {
			tb.Fatalf("backend: create a database: %v", err)
		}
		AtExit(func() { _ = drop() })
		server.Path = "/" + name
		if err := prepare(server.String()); err != nil {
			tb.Fatalf("backend: prepare a database: %v", err)
		}
		prepared.name = name
	}
	return postgresCopy(tb, prepared.name)
}

var prepared struct {
	sync.Mutex
	name string
}

func postgresCopy(tb testing.TB, template string) string {
	tb.Helper()
	server := *postgresEngine.sharedURL(tb)
	name, drop, err := postgresCreate(server, template)
	if err != nil {
		tb.Fatalf("backend: create a database: %v", err)
	}
	tb.Cleanup(func() {
		if err := drop(); err != nil {
			tb.Errorf("backend: drop the database: %v", err)
		}
	})
	server.Path = "/" + name
	return server.String()
}

// PostgresCopy is a copy of a database of this server that nobody is connected to, by its address.
func PostgresCopy(tb testing.TB, uri string) string {
	tb.Helper()
	of, err := url.Parse(uri)
	if err != nil {
		tb.Fatal(err)
	}
	return postgresCopy(tb, strings.TrimPrefix(of.Path, "/"))
}

// postgresCreate makes a database. A name of letters and digits needs no quoting.
func postgresCreate(server url.URL, template string) (name string, drop func() error, err error) {
	name = "signet_test_" + strings.ToLower(rand.Text())
	drop = func() error { return postgresExec(server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") }
	return name, drop, postgresExec(server, "CREATE DATABASE "+name+" TEMPLATE "+template+copyStrategy(server))
}

// copyStrategy is how a server that this process started copies a database: file by file, as Postgres 14 always does, takes it a quarter of
// the work that writing each page to its log takes. A given server may wait for its disk meanwhile.
func copyStrategy(server url.URL) string {
	administer(server)
	if os.Getenv(postgresEngine.env) != "" || administration.version < 150000 {
		return ""
	}
	return " STRATEGY file_copy"
}

// PostgresServer starts a server of the test's own, with an empty database.
func PostgresServer(tb testing.TB) *Server {
	tb.Helper()
	return newServer(tb, postgresEngine)
}

func postgresURL(addr, password string) *url.URL {
	return &url.URL{
		Scheme: "postgres", User: url.UserPassword("signet", password), Host: addr,
		Path: "/postgres", RawQuery: "sslmode=disable",
	}
}

// administration keeps connections to the shared server: a new one costs it more than most tests do.
var administration struct {
	sync.Once
	pool    *sql.DB
	version int // 170002 is 17.2
	err     error
}

func administer(server url.URL) {
	administration.Do(func() {
		if administration.pool, administration.err = sql.Open("pgx", server.String()); administration.err == nil {
			administration.pool.SetMaxOpenConns(4)
			AtExit(func() { _ = administration.pool.Close() })
			administration.err = administration.pool.QueryRow("SELECT current_setting('server_version_num')::int").Scan(&administration.version)
		}
	})
}

func postgresExec(server url.URL, statement string) error {
	administer(server)
	if administration.err != nil {
		return administration.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), adminTimeout)
	defer cancel()
	_, err := administration.pool.ExecContext(ctx, statement)
	return err
}

func postgresPing(password string) ping {
	return func(ctx context.Context, addr string) error {
		conn, err := pgx.Connect(ctx, postgresURL(addr, password).String())
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}
}

// postgresSettings give up what only a crash of the machine would miss. synchronous_commit stays on: a commit that was
// answered must outlive [Server.Stop], which kills the process alone.
// Databases live for seconds, so nothing is vacuumed, and little log is kept.
var postgresSettings = []string{
	"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300", "-c", "autovacuum=off", "-c", "max_wal_size=128MB",
}

func postgresContainer(password string, kept bool) machine {
	options := []testcontainers.ContainerCustomizer{
		tcpostgres.WithUsername("signet"), tcpostgres.WithPassword(password), tcpostgres.WithDatabase("postgres"),
		testcontainers.WithCmd(append([]string{"postgres"}, postgresSettings...)...),
	}
	if !kept { // hundreds of databases are made and dropped, each of some 300 files
		options = append(options, testcontainers.WithTmpfs(map[string]string{"/var/lib/postgresql/data": "rw"}))
	}
	return &container{
		image: cmp.Or(os.Getenv("SIGNET_TEST_POSTGRES_IMAGE"), "postgres:17-alpine"),
		port:  "5432/tcp",
		ping:  postgresPing(password),
		run: func(ctx context.Context, image string) (testcontainers.Container, error) {
			return tcpostgres.Run(ctx, image, options...)
		},
	}
}

// postgresFolders are where packages put the server programs, which Debian and Homebrew keep out of PATH.
var postgresFolders = []string{
	"/usr/lib/postgresql/*/bin",
	"/usr/pgsql-*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
}

func postgresLocal(password string) (machine, error) {
	initdb, err := findProgram("initdb", postgresFolders...)
	if err != nil {
		return nil, err
	}
	// PATH may hold links (Homebrew, nix); the server stands next to the real initdb.
	if initdb, err = filepath.EvalSymlinks(initdb); err != nil {
		return nil, err
	}
	p, err := newProcess("signet-postgres-")
	if err != nil {
		return nil, err
	}
	data, secret := filepath.Join(p.dir, "data"), filepath.Join(p.dir, "password")
	if err := p.write("password", password); err != nil {
		p.remove()
		return nil, err
	}
	// lower() must fold as it does in the official image, and C alone folds ASCII only.
	ctype := "--lc-ctype=C.UTF-8"
	if runtime.GOOS == "darwin" {
		ctype = "--lc-ctype=UTF-8"
	}
	// Not trust, although it is loopback: any account of the machine could run commands as the server's user.
	if err := p.run(initdb, "-D", data, "-U", "signet", "-A", "password", "--pwfile="+secret,
		"--no-sync", "--no-instructions", "-E", "UTF8", "--locale=C", ctype); err != nil {
		p.remove()
		return nil, fmt.Errorf("initdb: %w", err)
	}
	server := filepath.Join(filepath.Dir(initdb), "postgres")
	p.command = func(port int) []string {
		return append([]string{
			server, "-D", data, "-k", p.dir, "-p", strconv.Itoa(port), "-c", "listen_addresses=127.0.0.1",
		}, postgresSettings...)
	}
	p.ping = postgresPing(password)
	return p, nil
}
