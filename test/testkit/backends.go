package testkit

import (
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/signet-auth/signet/signetserver"
	"github.com/signet-auth/signet/test/testkit/backend"
)

// Backends is a pair of a system of record and a keeper of counters.
type Backends struct {
	Name string
	// Env makes the settings of a fresh, empty pair.
	Env func(tb testing.TB) map[string]string
	// Ready, if not nil, is Env with the schema in it: a copy, since bringing it up is the longest part of a start.
	Ready func(tb testing.TB) map[string]string
}

// Embedded is SQLite in a temp folder, and everything else in process.
var Embedded = Backends{Name: "embedded", Env: func(tb testing.TB) map[string]string {
	return map[string]string{"DATA_DIR": tb.TempDir()}
}, Ready: func(tb testing.TB) map[string]string {
	dir := tb.TempDir()
	if err := os.WriteFile(filepath.Join(dir, signetserver.DatabaseFile), signetserver.Database(tb), 0o600); err != nil {
		tb.Fatal(err)
	}
	return map[string]string{"DATA_DIR": dir}
}}

// Production is Postgres and Redis. On a busy machine their answers may take longer than requests usually wait for them: limits would
// count in two places, and requests be refused that a test counts on.
var Production = Backends{
	Name: "postgres+redis",
	Env:  func(tb testing.TB) map[string]string { return production(tb, backend.Postgres(tb)) },
	Ready: func(tb testing.TB) map[string]string {
		return production(tb, backend.PostgresPrepared(tb, func(uri string) error { return signetserver.Command(tb, production(tb, uri), "", "migrate", "up") }))
	},
}

func production(tb testing.TB, uri string) map[string]string {
	return map[string]string{
		"DATABASE_URI": uri, "REDIS_URL": backend.Redis(tb),
		"SECRET_KEY": SecretKey, "SIGNET_ENV": "development", "REDIS_TIMEOUT": "10s", "DATABASE_TIMEOUT": "10s",
	}
}

// SecretKey is the SECRET_KEY of test servers.
const SecretKey = "3Zk9wQ7rT1yUe5Xc8Vb2Nm6Lp4Js0HgFd-test-only"

// Each runs a test on every pair of backends.
func Each(t *testing.T, test func(t *testing.T, b Backends)) {
	t.Helper()
	for _, b := range []Backends{Embedded, Production} {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			test(t, b)
		})
	}
}

// defaults make tests quick and quiet: cheap hashes, no budgets unless a test is about them.
func defaults() map[string]string {
	return map[string]string{
		// All servers of a test run share one Postgres, which opens one connection after the other, and a burst opens as many as may be:
		// where that takes 20 ms each, more of them would eat up the deadline of a neighbour's statement.
		"DATABASE_POOL": "6",
		"HOST":          "127.0.0.1", "PORT": "0", "ADMIN_ADDR": "127.0.0.1:0", "BCRYPT_COST": "4", "RATE_LIMITS": "off",
		"LOG_LEVEL": "debug", "LOG_FORMAT": "json", "LOG_REQUESTS": "on",
	}
}

func merged(all ...map[string]string) map[string]string {
	env := map[string]string{}
	for _, m := range all {
		maps.Copy(env, m)
	}
	return env
}
