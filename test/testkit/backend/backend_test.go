package backend_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/rueidis"

	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestPostgres(t *testing.T) {
	backend.Postgres(t) // skips here, once, where there is none
	t.Run("databases are empty and apart", func(t *testing.T) {
		first, second := backend.Postgres(t), backend.Postgres(t)
		execute(t, first, "CREATE TABLE mark ()")
		execute(t, second, "CREATE TABLE mark ()")
	})
	t.Run("text is folded beyond ASCII", func(t *testing.T) {
		var folded string
		conn := connect(t, backend.Postgres(t))
		if err := conn.QueryRow(t.Context(), "SELECT lower('ÄRA')").Scan(&folded); err != nil || folded != "ära" {
			t.Errorf("lower: %q, %v", folded, err)
		}
	})
	t.Run("a database is dropped with its test, no matter who is connected", func(t *testing.T) {
		var uri string
		t.Run("inner", func(t *testing.T) {
			uri = backend.Postgres(t)
			if _, err := pgx.Connect(t.Context(), uri); err != nil { // left open
				t.Fatal(err)
			}
		})
		if conn, err := pgx.Connect(t.Context(), uri); err == nil {
			_ = conn.Close(t.Context())
			t.Error("it still exists")
		}
	})
	t.Run("many at once", func(t *testing.T) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() { backend.Postgres(t) })
		}
		all.Wait()
	})
}

func TestPostgresPrepared(t *testing.T) {
	backend.Postgres(t) // skips here, once, where there is none
	prepared := 0
	prepare := func(uri string) error {
		prepared++
		conn, err := pgx.Connect(t.Context(), uri)
		if err != nil {
			return err
		}
		_, err = conn.Exec(t.Context(), "CREATE TABLE mark ()")
		return errors.Join(err, conn.Close(t.Context())) // anyone who stays connected keeps it from being copied
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { execute(t, backend.PostgresPrepared(t, prepare), "DROP TABLE mark") })
	}
	all.Wait()
	if prepared != 1 {
		t.Errorf("it was prepared %d times", prepared)
	}
}

func TestPostgresServer(t *testing.T) {
	server := backend.PostgresServer(t)
	execute(t, server.URL, "CREATE TABLE mark ()")

	open := connect(t, server.URL)
	server.Stop()
	if err := open.Ping(t.Context()); err == nil {
		t.Error("an open connection survived the stop")
	}
	if conn, err := pgx.Connect(t.Context(), server.URL); err == nil {
		_ = conn.Close(t.Context())
		t.Error("a stopped server accepts connections")
	}
	server.Start()
	execute(t, server.URL, "DROP TABLE mark") // what was committed is there again

	server.Blackhole()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := pgx.Connect(ctx, server.URL); err == nil {
		t.Error("connected through a black hole")
	}
	server.Restore()
	execute(t, server.URL, "SELECT 1")
}

func TestRedis(t *testing.T) {
	backend.Redis(t) // skips here, once, where there is none
	t.Run("databases are empty and apart", func(t *testing.T) {
		first, second := client(t, backend.Redis(t)), client(t, backend.Redis(t))
		set(t, first)
		if has(t, second) {
			t.Error("the second database sees the first one's key")
		}
		set(t, second)
	})
	t.Run("a database is empty again for its next owner", func(t *testing.T) {
		var uri string
		t.Run("inner", func(t *testing.T) {
			uri = backend.Redis(t)
			set(t, client(t, uri))
		})
		if has(t, client(t, uri)) {
			t.Error("the key is still there")
		}
	})
	t.Run("many at once", func(t *testing.T) {
		var (
			all  sync.WaitGroup
			mu   sync.Mutex
			seen = map[string]bool{}
		)
		for range 8 {
			all.Go(func() {
				uri := backend.Redis(t)
				mu.Lock()
				defer mu.Unlock()
				seen[uri] = true
			})
		}
		if all.Wait(); len(seen) != 8 {
			t.Errorf("%d databases for 8 callers", len(seen))
		}
	})
}

func TestRedisServer(t *testing.T) {
	server := backend.RedisServer(t)
	set(t, client(t, server.URL))

	server.Stop()
	options, err := rueidis.ParseURL(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := rueidis.NewClient(options); err == nil {
		c.Close()
		t.Error("a stopped server accepts connections")
	}
	server.Start()
	if has(t, client(t, server.URL)) {
		t.Error("Redis remembers what it kept in memory only")
	}
}

func connect(t *testing.T, uri string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // it may be broken by then
	return conn
}

func execute(t *testing.T, uri, statement string) {
	t.Helper()
	if _, err := connect(t, uri).Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func client(t *testing.T, uri string) rueidis.Client {
	t.Helper()
	options, err := rueidis.ParseURL(uri)
	if err != nil {
		t.Fatal(err)
	}
	c, err := rueidis.NewClient(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func set(t *testing.T, c rueidis.Client) {
	t.Helper()
	if err := c.Do(t.Context(), c.B().Set().Key("mark").Value("1").Build()).Error(); err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, c rueidis.Client) bool {
	t.Helper()
	n, err := c.Do(t.Context(), c.B().Exists().Key("mark").Build()).AsInt64()
	if err != nil {
		t.Fatal(err)
	}
	return n > 0
}
