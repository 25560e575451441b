package postgres_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestAPasswordThatIsNotPercentEncodedIsRefusedAndNotRepeated(t *testing.T) {
	for address, ok := range map[string]bool{
		"postgres://u:p@ss/w#rd@host/db":       false,
		"postgres://u:p@ss/word@host/db":       false,
		"postgres://u:p@ss?word@host/db":       false,
		"postgres://u:12/word@host/db":         false,
		"postgres://u:12?word@host/db":         false,
		"postgres://u:pass#word@host/db":       false,
		"postgres://u:pa%ssword@host/db":       false,
		"postgres://u:p/ssword@host/db":        false,
		"postgres://u:p[ss:word@host/db":       true,
		"postgres://u:p%40ss%2Fword@host/db":   true,
		"postgres://u:p@ss:word@host/db":       false,
		"postgres://u:word@a,b:5433/db":        true,
		"postgres:///db?host=/run/postgresql":  true,
		"postgres://u@host/db?sslmode=require": true,
	} {
		err := postgres.CheckAddress(address)
		if ok != (err == nil) {
			t.Errorf("%s: %v", address, err)
		}
		if err != nil && (strings.Contains(strings.ReplaceAll(err.Error(), "user:password@host", ""), "word@") || !strings.Contains(err.Error(), "@ is written %40")) {
			t.Errorf("%s: the error is %v", address, err)
		}
	}
}

// A part of a password that is parsed as a host would be sent to a name server.
func FuzzThePasswordIsNeverTheHost(f *testing.F) {
	for _, seed := range []string{"p@ss/w#rd", "12/x", "12?x", "p%zz", "a,b", ":", "@", "[::1]", `\`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, password string) {
		address := "postgres://u:" + password + "@host.invalid/db"
		if postgres.CheckAddress(address) != nil {
			return
		}
		config, err := pgx.ParseConfig(address)
		if err != nil || config.Host != "host.invalid" || config.User != "u" || config.Database != "db" {
			t.Errorf("%q: host %q, user %q, database %q, %v", password, config.Host, config.User, config.Database, err)
		}
	})
}

func TestAStartSaysWhichPartOfTheAddressIsWrong(t *testing.T) {
	right := backend.Postgres(t)
	for name, row := range map[string]struct {
		change func(*url.URL)
		want   string
	}{
		"host":     {func(u *url.URL) { u.Host = "no-such-host.invalid:5432" }, "the host of the Postgres address is not known: no-such-host.invalid"},
		"port":     {func(u *url.URL) { u.Host = "127.0.0.1:1" }, "no Postgres server listens at 127.0.0.1:1"},
		"password": {func(u *url.URL) { u.User = url.UserPassword("signet", "hunter2") }, `refuses the password of the role "signet"`},
		"role":     {func(u *url.URL) { u.User = url.UserPassword("nobody", "hunter2") }, `of the role "nobody", or has no such role`},
		"database": {func(u *url.URL) { u.Path = "/nowhere" }, `refuses the database "nowhere"`},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(right)
			if err != nil {
				t.Fatal(err)
			}
			row.change(u)
			m, err := postgres.OpenMigrator(u.String(), migrations.Files)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close() //nolint:errcheck // a test
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err = m.Up(ctx, 0)
			if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "migrations:") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
