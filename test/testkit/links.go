package testkit

import (
	"net/url"
	"testing"

	"github.com/signet-auth/signet/test/testkit/backend"
)

// Links are Postgres and Redis behind proxies, for tests that take them away from a server. The database itself stays
// reachable at DatabaseURI.
type Links struct {
	Backends
	Postgres, Redis *backend.Proxy
	DatabaseURI     string
	RedisURL        string
}

// NewLinks makes empty databases and the links to them.
func NewLinks(tb testing.TB) Links {
	tb.Helper()
	l := Links{DatabaseURI: backend.Postgres(tb), RedisURL: backend.Redis(tb)}
	var database, redis string
	l.Postgres, database = Link(tb, l.DatabaseURI)
	l.Redis, redis = Link(tb, l.RedisURL)
	l.Backends = Backends{Name: "postgres+redis behind proxies", Env: func(testing.TB) map[string]string {
		return map[string]string{
			"DATABASE_URI": database, "REDIS_URL": redis, "SECRET_KEY": SecretKey, "SIGNET_ENV": "development",
		}
	}}
	return l
}

// Link puts a proxy before the server that a URL names, and returns the URL through it.
func Link(tb testing.TB, at string) (*backend.Proxy, string) {
	tb.Helper()
	u, err := url.Parse(at)
	if err != nil {
		tb.Fatal(err)
	}
	proxy := backend.NewProxy(tb, u.Host)
	u.Host = proxy.Addr()
	return proxy, u.String()
}
