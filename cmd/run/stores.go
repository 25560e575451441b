package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/adapters/bunsql/sqlite"
	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/adapters/rueidis"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/ports/sys"
	"github.com/signet-auth/signet/ports/transient"
)

// openDatabase opens the system of record that the settings name. It does not connect yet.
func openDatabase(c *Config, uri domain.Secret, system sys.System) (*bunsql.DB, error) {
	options := bunsql.Options{MaxConns: c.Pool, Now: system.Now}
	if uri.IsZero() {
		return sqlite.Open(dataDir(c.DataDir).database(), options)
	}
	return postgres.Open(uri.Reveal(), options)
}

// openMigrator opens the database as the owner of its schema, on connections of its own.
func openMigrator(c *Config) (*bunsql.Migrator, error) {
	uri := c.MigrateURI
	if uri.IsZero() {
		uri = c.Database
	}
	if !uri.IsZero() {
		return postgres.OpenMigrator(uri.Reveal(), migrations.Files)
	}
	folder := dataDir(c.DataDir)
	if err := folder.open(); err != nil {
		return nil, err
	}
	return sqlite.OpenMigrator(folder.database(), migrations.Files)
}

// startWait is how long a start waits for a database that is not up yet: containers come up in any order.
const startWait = 30 * time.Second

// migrate applies what is pending, waiting for the database to come up.
func migrate(ctx context.Context, c *Config, system sys.System, log *slog.Logger) error {
	migrator, err := openMigrator(c)
	if err != nil {
		return err
	}
	defer func() { _ = migrator.Close() }()
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	for {
		applied, err := migrator.Up(ctx, 0)
		if err == nil {
			if len(applied) > 0 {
				log.InfoContext(ctx, "migrations applied", "count", len(applied))
			}
			return nil
		}
		if c.embedded() || !errors.Is(err, domain.ErrUnavailable) {
			return fmt.Errorf("apply migrations: %w", err)
		}
		log.WarnContext(ctx, "waiting for the database", "error", err)
		if system.Sleep(ctx, time.Second) != nil {
			return fmt.Errorf("the database can't be reached: %w", err)
		}
	}
}

// counters is what may be lost: limits and the wake-up.
type counters struct {
	shared transient.Limiter // limits that guard secrets, for all replicas
	local  transient.Limiter // limits of calls, for this process
	waker  transient.Waker
	redis  *rueidis.Client // nil without Redis
}

// openCounters connects to Redis, if there is one, behind its in-process twins.
func openCounters(c *Config, system sys.System, log *slog.Logger) (counters, error) {
	local := transient.Limiter(memory.NewLimiter(system.Now))
	if !c.redis() {
		return limits(c, counters{shared: local, local: local, waker: memory.NewWaker()}), nil
	}
	client, err := rueidis.Open(rueidis.Options{
		URL: c.RedisURL, Host: c.RedisHost, Port: c.RedisPort, DB: c.RedisDB, Password: c.RedisPassword, Budget: time.Duration(c.RedisTimeout), Log: log,
	})
	if err != nil {
		return counters{}, err
	}
	return limits(c, counters{shared: client.Limiter(local), local: local, waker: client.Waker(), redis: client}), nil
}

func limits(c *Config, k counters) counters {
	if !c.RateLimits {
		k.shared, k.local = memory.Unlimited{}, memory.Unlimited{}
	}
	return k
}

func (k counters) close() {
	if k.redis != nil {
		k.redis.Close()
	}
}
