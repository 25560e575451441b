package bunsql_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/ports/store"
)

func TestMigrationsGoDownAndUpAgain(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		address := e.empty(t)
		m, db := e.migratorOn(t, address, migrations.Files), e.raw(t, address)
		up(t, m, 0)
		first := catalog(t, e, db)
		if len(first) < 30 {
			t.Fatalf("the catalog is too small to be true: %v", first)
		}
		fill(t, e, address)
		undone, err := m.Down(t.Context(), 0, true)
		if err != nil {
			t.Fatal(err)
		}
		if len(undone) != len(status(t, m)) {
			t.Errorf("%d of %d were undone", len(undone), len(status(t, m)))
		}
		for _, thing := range catalog(t, e, db) {
			if !strings.Contains(thing, "migrations") {
				t.Errorf("left behind: %s", thing)
			}
		}
		up(t, m, 0)
		if diff := cmp.Diff(first, catalog(t, e, db)); diff != "" {
			t.Errorf("the catalog has changed (-first +second):\n%s", diff)
		}
		hasPlatform(t, db)
		for _, s := range slices.Backward(status(t, m)) { // the platform's rows, and what tells that they are seeded, go together
			if _, err := m.Down(t.Context(), 1, false); err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(s.Name, "-platform-data") {
				break
			}
		}
		up(t, m, 0)
		hasPlatform(t, db)
	})
}

func TestMigrationsStepByStep(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		m := e.migratorOn(t, e.empty(t), migrations.Files)
		pending := func(want bool) {
			t.Helper()
			if got, err := m.Pending(t.Context()); err != nil || got != want {
				t.Errorf("pending is %t, %v", got, err)
			}
		}
		pending(true)
		all := status(t, m)
		if applied := up(t, m, 2); len(applied) != 2 || applied[0].Name != all[0].Name || applied[1].Version != all[1].Version {
			t.Errorf("two steps up were %v", applied)
		}
		pending(true)
		if undone, err := m.Down(t.Context(), 1, false); err != nil || len(undone) != 1 || undone[0].Name != all[1].Name {
			t.Errorf("one step down was %v, %v", undone, err)
		}
		now := status(t, m)
		if at := now[0].AppliedAt; at.IsZero() || time.Since(at).Abs() > time.Hour || at.Location() != time.UTC || !now[1].AppliedAt.IsZero() {
			t.Errorf("the status is %v", now)
		}
		if applied := up(t, m, 0); len(applied) != len(all)-1 {
			t.Errorf("%d were left to apply, want %d", len(applied), len(all)-1)
		}
		pending(false)
		if applied := up(t, m, 0); len(applied) != 0 {
			t.Errorf("applied again: %v", applied)
		}
		if undone, err := m.Down(t.Context(), 0, false); err != nil || len(undone) != 0 {
			t.Errorf("no step down was %v, %v", undone, err)
		}
	})
}

func TestReplicasThatMigrateTogetherTakeTurns(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		const replicas = 8
		address := e.empty(t)
		all := make([]*bunsql.Migrator, replicas)
		for i := range all {
			all[i] = e.migratorOn(t, address, migrations.Files)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		var applied []bunsql.Migration
		for _, m := range all {
			wg.Go(func() {
				mine, err := m.Up(t.Context(), 0)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				applied = append(applied, mine...)
				mu.Unlock()
			})
		}
		wg.Wait()
		if len(applied) != len(status(t, all[0])) {
			t.Errorf("%d were applied, want each of %d once", len(applied), len(status(t, all[0])))
		}
	})
}

func TestAFailingMigrationLeavesNothingBehind(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		address := e.empty(t)
		files := pairs(
			"20260101000000-good", "CREATE TABLE good (id bigint);", "DROP TABLE good;",
			"20260102000000-bad", "CREATE TABLE half (id bigint);\nINSERT INTO half VALUES (1);\nINSERT INTO nowhere VALUES ('secret-value');", "DROP TABLE half;",
		)
		m, db := e.migratorOn(t, address, files), e.raw(t, address)
		applied, err := m.Up(t.Context(), 0)
		if err == nil || !strings.Contains(err.Error(), "20260102000000-bad") || strings.Contains(err.Error(), "secret-value") {
			t.Errorf("the error is %v", err)
		}
		if len(applied) != 1 {
			t.Errorf("applied were %v", applied)
		}
		all := strings.Join(catalog(t, e, db), "\n")
		if !strings.Contains(all, "good") || strings.Contains(all, "half") {
			t.Errorf("the catalog is\n%s", all)
		}
		if s := status(t, m); s[0].AppliedAt.IsZero() || !s[1].AppliedAt.IsZero() {
			t.Errorf("the status is %v", s)
		}
	})
}

func TestAMigrationOfAnotherReleaseIsReported(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		address := e.empty(t)
		one := []string{"20260101000000-one", "CREATE TABLE one (id bigint);", "DROP TABLE one;"}
		three := []string{"20260103000000-three", "CREATE TABLE three (id bigint);", "DROP TABLE three;"}
		up(t, e.migratorOn(t, address, pairs(slices.Concat(one, three)...)), 0)

		older := e.migratorOn(t, address, pairs(slices.Concat(one, []string{
			"20260102000000-two", "CREATE TABLE two (id bigint);", "DROP TABLE two;",
		})...))
		s := status(t, older)
		if len(s) != 3 || !s[2].Unknown || s[2].Version != 20260103000000 || s[2].AppliedAt.IsZero() || s[1].Unknown {
			t.Errorf("the status is %+v", s)
		}
		if applied := up(t, older, 0); len(applied) != 1 || applied[0].Version != 20260102000000 {
			t.Errorf("what came late was applied as %v", applied)
		}
		if pending, err := older.Pending(t.Context()); err != nil || pending {
			t.Errorf("pending is %t, %v", pending, err)
		}
		if _, err := older.Down(t.Context(), 1, false); err == nil || !strings.Contains(err.Error(), "another release") {
			t.Errorf("down gave %v", err)
		}
	})
}

func TestSectionsOfMigrations(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		text := "CREATE TABLE common (id bigint);\n-- dialect: postgres\nCREATE TABLE for_postgres (id bigint);\n" +
			"  -- dialect:sqlite\nCREATE TABLE for_sqlite (id bigint);\n-- dialect: any\nCREATE TABLE after_all (id bigint);"
		address := e.empty(t)
		m, db := e.migratorOn(t, address, pairs("20260101000000-sections", text, "DROP TABLE common;")), e.raw(t, address)
		up(t, m, 0)
		all := strings.Join(catalog(t, e, db), "\n")
		other := map[string]string{"sqlite": "for_postgres", "postgres": "for_sqlite"}[e.name]
		for name, want := range map[string]bool{"common": true, "after_all": true, "for_" + e.name: true, other: false} {
			if strings.Contains(all, name) != want {
				t.Errorf("table %s is there: %t, want %t", name, !want, want)
			}
		}
	})
}

func TestAMigrationWithoutATransaction(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		concurrently := map[string]string{"sqlite": "", "postgres": "CONCURRENTLY"}[e.name]
		address := e.empty(t)
		m, db := e.migratorOn(t, address, pairs("20260101000000-index",
			"-- transaction: none\nCREATE TABLE things (id bigint);\nCREATE INDEX "+concurrently+" things_id ON things (id);\n", "DROP TABLE things;")), e.raw(t, address)
		up(t, m, 0)
		if !strings.Contains(strings.Join(catalog(t, e, db), "\n"), "things_id") {
			t.Error("the index is not there")
		}
	})
}

func TestMigrationsThatCantBeRead(t *testing.T) {
	broken := map[string]fs.FS{
		"an unknown dialect":   pairs("20260101000000-a", "-- dialect: mysql\nSELECT 1;", "SELECT 1;"),
		"a bad name":           pairs("a", "SELECT 1;", "SELECT 1;"),
		"two of one timestamp": pairs("20260101000000-a", "SELECT 1;", "SELECT 1;", "20260101000000-b", "SELECT 1;", "SELECT 1;"),
		"half a pair":          fstest.MapFS{"up/20260101000000-a.sql": {Data: []byte("SELECT 1;")}},
		"another half":         fstest.MapFS{"up/20260101000000-a.sql": {}, "down/20260102000000-b.sql": {}},
	}
	for name, files := range broken {
		t.Run(name, func(t *testing.T) {
			e := engines[0]
			if m, err := e.migrator(e.empty(t), files); err == nil {
				t.Error("it was read")
				closes(t, m.Close)
			}
		})
	}
}

// fill puts a user who logged in and holds a role of the platform.
func fill(t *testing.T, e engine, address string) {
	t.Helper()
	db, err := e.open(address, bunsql.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer closes(t, db.Close)
	u, s, f := login(t)
	err = db.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		if err := errors.Join(tx.Users.Insert(ctx, u), tx.Sessions.Insert(ctx, s, f)); err != nil {
			return err
		}
		_, err := tx.Assignments.Assign(ctx, domain.Assignment{
			ID: id[domain.AssignmentID](), PrincipalID: u.Principal.ID, RoleID: domain.RolePlatformAdmin, ServiceID: domain.PlatformID, CreatedAt: u.CreatedAt,
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// pairs are migrations, each given as name, up and down.
func pairs(texts ...string) fs.FS {
	files := fstest.MapFS{}
	for p := range slices.Chunk(texts, 3) {
		files["up/"+p[0]+".sql"] = &fstest.MapFile{Data: []byte(p[1])}
		files["down/"+p[0]+".sql"] = &fstest.MapFile{Data: []byte(p[2])}
	}
	return files
}

func up(t *testing.T, m *bunsql.Migrator, steps int) []bunsql.Migration {
	t.Helper()
	applied, err := m.Up(t.Context(), steps)
	if err != nil {
		t.Fatal(err)
	}
	return applied
}

func status(t *testing.T, m *bunsql.Migrator) []bunsql.Migration {
	t.Helper()
	all, err := m.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// catalog is everything that the schema consists of, one line each.
func catalog(t *testing.T, e engine, db *sql.DB) []string {
	t.Helper()
	if e.name == "sqlite" {
		return texts(t, db, `SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master
			WHERE name NOT LIKE 'sqlite_sequence' ORDER BY 1`)
	}
	return texts(t, db, `
		SELECT 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' '
			|| a.attidentity::text || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' ' || coalesce(c.reloptions::text, '')
			|| ' ' || coalesce(pg_get_expr(c.relpartbound, c.oid), '')
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
		WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
		UNION ALL SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
		UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL SELECT 'function ' || proname || ' ' || coalesce(proconfig::text, '') || ' ' || prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
		UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0
		UNION ALL SELECT 'sequence ' || sequencename FROM pg_sequences WHERE schemaname = 'public'
		ORDER BY 1`)
}
