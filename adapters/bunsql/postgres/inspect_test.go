package postgres_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestInspectSeesWhatStandsBetween(t *testing.T) {
	direct := backend.Postgres(t)
	if err := migrate(direct); err != nil {
		t.Fatal(err)
	}
	const session = "pool_mode = session"
	for address, want := range map[string]bunsql.Pooler{
		direct: bunsql.NoPooler, backend.Pooler(t, direct, 10): bunsql.TransactionPooler,
		backend.Pooler(t, direct, 10, session): bunsql.SessionPooler, backend.Pooler(t, direct, 1, session): bunsql.SessionPooler,
	} {
		found, err := open(t, address).Inspect(t.Context())
		if err != nil || found.Pooler != want {
			t.Errorf("%q, %v, want %q", found.Pooler, err, want)
		}
	}
}

func TestInspectFindsTheRightsThatARoleLacks(t *testing.T) {
	owner := backend.Postgres(t)
	if err := migrate(owner); err != nil {
		t.Fatal(err)
	}
	role := "reader_" + strings.ToLower(rand.Text()) // roles are the whole server's, which other tests have, too
	execute(t, owner, `CREATE ROLE "`+role+`" LOGIN PASSWORD 'reader'`)
	t.Cleanup(func() { execute(t, owner, `DROP OWNED BY "`+role+`"; DROP ROLE "`+role+`"`) })
	execute(t, owner, `GRANT SELECT ON ALL TABLES IN SCHEMA public TO "`+role+`"; GRANT INSERT, UPDATE, DELETE ON users TO "`+role+`"`)
	u, err := url.Parse(owner)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "reader")
	found, err := open(t, u.String()).Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(found.Lacks, "INSERT on sessions") || slices.Contains(found.Lacks, "SELECT on sessions") || slices.Contains(found.Lacks, "DELETE on users") ||
		slices.Contains(found.Lacks, "INSERT on migrations") || found.Superuser || found.OwnsSchema || found.Role != role {
		t.Errorf("%+v", found)
	}
}

func execute(t *testing.T, url, script string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // a test
	if _, err := conn.Exec(context.Background(), script); err != nil {
		t.Fatal(err)
	}
}
