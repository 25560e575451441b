package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/backend"
)

const soon = time.Second

func TestAServerThatIsDownAtStartIsNoErrorAndAnswersAtOnce(t *testing.T) {
	db, err := postgres.Open("postgresql://signet:topsecret@127.0.0.1:1/signet", bunsql.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing was opened
	unavailable(t, "Read", func() error { return get(t.Context(), db) })
	unavailable(t, "WithinTx", func() error { return put(t.Context(), db, "k") })
	unavailable(t, "Ping", func() error { return db.Ping(t.Context()) })
	unavailable(t, "Rotate", func() error { return rotate(t.Context(), db) })
	if err := get(t.Context(), db); strings.Contains(err.Error(), "topsecret") {
		t.Errorf("the error has the password: %v", err)
	}
}

func TestAnAddressThatCantBeReadIsNotRepeated(t *testing.T) {
	_, err := postgres.Open("postgresql://signet:topsecret@host:port/x", bunsql.Options{})
	if err == nil || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("got %v", err)
	}
	_, err = postgres.OpenMigrator("postgresql://signet:topsecret@host:port/x", migrations.Files)
	if err == nil || strings.Contains(err.Error(), "topsecret") {
		t.Errorf("got %v", err)
	}
}

func TestAServerThatGoesAndComesBack(t *testing.T) {
	server := backend.PostgresServer(t)
	if err := migrate(server.URL); err != nil {
		t.Fatal(err)
	}
	db := open(t, server.URL)
	if err := put(t.Context(), db, "before"); err != nil {
		t.Fatal(err)
	}
	for name, fail := range map[string]func(){"cut off": server.Proxy.Cut, "hanging": server.Proxy.Blackhole} {
		t.Run(name, func(t *testing.T) {
			fail()
			for range 3 {
				unavailable(t, "Read", func() error { return get(t.Context(), db) })
				unavailable(t, "WithinTx", func() error { return put(t.Context(), db, name) })
				unavailable(t, "Rotate", func() error { return rotate(t.Context(), db) })
				unavailable(t, "Feed", func() error {
					_, err := db.Read().Changes.After(t.Context(), 0, 1)
					return err
				})
			}
			server.Proxy.Restore()
			recovered(t, func() error { return put(t.Context(), db, name) })
			recovered(t, func() error { return rotate(t.Context(), db) })
			recovered(t, func() error {
				_, err := db.Read().Changes.After(t.Context(), 0, 1)
				return err
			})
		})
	}
	t.Run("stopped", func(t *testing.T) {
		server.Stop()
		unavailable(t, "WithinTx", func() error { return put(t.Context(), db, "stopped") })
		server.Start()
		recovered(t, func() error { return get(t.Context(), db) })
	})
}

func TestACommitWithoutAnAnswerIsNeverASuccess(t *testing.T) {
	server := backend.PostgresServer(t)
	if err := migrate(server.URL); err != nil {
		t.Fatal(err)
	}
	db := open(t, server.URL)
	heard := false
	db.OnCommit(func(store.Commit) { heard = true })
	for name, fail := range map[string]func(){"cut off": server.Proxy.Cut, "hanging": server.Proxy.Blackhole} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			err := db.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				err := tx.Meta.Put(ctx, name, "value")
				fail()
				return err
			})
			if !errors.Is(err, domain.ErrUnavailable) || !strings.Contains(err.Error(), "COMMIT") {
				t.Errorf("got %v", err)
			}
			if heard {
				t.Error("it was announced")
			}
			if took := time.Since(begin); took > 2*soon {
				t.Errorf("it took %v", took)
			}
			heard = false
			server.Proxy.Restore()
			recovered(t, func() error { return put(t.Context(), db, "again") })
			heard = false
		})
	}
}

func TestAPoolFullOfWaitersDoesNotDelayTheFeed(t *testing.T) {
	url := current(t)
	db, err := postgres.Open(url, bunsql.Options{MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	release, held, ended := make(chan struct{}), make(chan struct{}), make(chan error)
	for range 2 {
		go func() {
			ended <- db.WithinTx(t.Context(), func(context.Context, *store.Tx) error {
				held <- struct{}{}
				<-release
				return nil
			})
		}()
		<-held
	}
	unavailable(t, "Read", func() error { return get(t.Context(), db) })
	unavailable(t, "WithinTx", func() error { return put(t.Context(), db, "k") })
	unavailable(t, "Rotate", func() error { return rotate(t.Context(), db) })
	begin := time.Now()
	if _, err := db.Read().Changes.After(t.Context(), 0, 1); err != nil {
		t.Errorf("the feed: %v", err)
	}
	if took := time.Since(begin); took > 400*time.Millisecond {
		t.Errorf("the feed took %v", took)
	}
	close(release)
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestARowThatIsHeldForLongIsUnavailableAndNotWaitedForForever(t *testing.T) {
	url := current(t)
	db, raw := open(t, url), conn(t, url)
	tx, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "LOCK TABLE meta, refresh_families IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	unavailable(t, "Read", func() error { return get(t.Context(), db) })
	unavailable(t, "Rotate", func() error { return rotate(t.Context(), db) })
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(put(t.Context(), db, "k"), rotate(t.Context(), db)); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// After an error of the server the connection stays usable. The time limit of that statement must not apply to the next one.
func TestAStatementThatWasRefusedLeavesItsConnectionGood(t *testing.T) {
	url := current(t)
	db, err := postgres.Open(url, bunsql.Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	raw := conn(t, url)
	connections := func() (n int) {
		const count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'signet' AND datname = current_database() AND backend_start > now() - interval '400 ms'"
		if err := raw.QueryRowContext(t.Context(), count).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	tx, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "LOCK TABLE refresh_families IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	unavailable(t, "Rotate", func() error { return rotate(t.Context(), db) })
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(soon) // a socket's deadline is kept by the real clock
	if err := errors.Join(get(t.Context(), db), rotate(t.Context(), db)); err != nil {
		t.Error(err)
	}
	if n := connections(); n != 0 {
		t.Errorf("%d connections had to be opened again", n)
	}
}

func TestConnectionsSayWhoTheyAre(t *testing.T) {
	url := current(t)
	db, raw := open(t, url), conn(t, url)
	if err := db.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	var n int
	err := raw.QueryRowContext(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'signet' AND datname = current_database()").Scan(&n)
	if err != nil || n == 0 {
		t.Errorf("%d connections are named signet (%v)", n, err)
	}
}

// With the setting off, the backslash in \' would keep a literal open, and the text behind it would be SQL.
func TestAServerThatReadsBackslashesInLiteralsIsRefused(t *testing.T) {
	url := current(t)
	raw := conn(t, url)
	var name string
	if err := raw.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	if _, err := raw.ExecContext(t.Context(), "ALTER DATABASE "+name+" SET standard_conforming_strings = off"); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(url, bunsql.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	if err := put(t.Context(), db, "k"); err == nil || !strings.Contains(err.Error(), "standard_conforming_strings") {
		t.Errorf("got %v", err)
	}
}

func conn(t *testing.T, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func get(ctx context.Context, db *bunsql.DB) error {
	_, err := db.Read().Meta.Get(ctx, "feed_epoch")
	return err
}

func put(ctx context.Context, db *bunsql.DB, key string) error {
	return db.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.Meta.Put(ctx, key, "value") })
}

// rotate asks for a missing family, through the code path for very frequent statements.
func rotate(ctx context.Context, db *bunsql.DB) error {
	f := domain.Family{ID: "018f6f7e-0000-7000-8000-000000000001", Hash: make([]byte, 32), Salt: make([]byte, 32), RotatedAt: time.Now()}
	_, ok, err := db.Rotate(ctx, f, f, domain.SessionPolicy{Idle: time.Hour})
	if ok {
		return errors.New("a family that is not there was rotated")
	}
	return err
}

// unavailable demands that refusal, within a second and a little for a busy machine.
func unavailable(t *testing.T, what string, call func() error) {
	t.Helper()
	begin := time.Now()
	err := call()
	if took := time.Since(begin); took > soon+soon/4 {
		t.Errorf("%s took %v", what, took)
	}
	if !errors.Is(err, domain.ErrUnavailable) {
		t.Errorf("%s: got %v, want unavailable", what, err)
	}
}

// recovered waits until a call succeeds: broken connections are detected one by one.
func recovered(t *testing.T, call func() error) {
	t.Helper()
	end := time.Now().Add(10 * time.Second)
	err := call()
	for err != nil && time.Now().Before(end) {
		err = call()
	}
	if err != nil {
		t.Errorf("it did not recover: %v", err)
	}
}
