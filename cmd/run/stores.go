package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/adapters/bunsql/sqlite"
	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/adapters/rueidis"
	"github.com/signet-auth/signet/app/janitor"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/ports/sys"
	"github.com/signet-auth/signet/ports/transient"
)

// openDatabase opens the system of record that the settings name. It does not connect yet.
func openDatabase(c *Config, uri domain.Secret, system sys.System) (*bunsql.DB, error) {
	return openTracedDatabase(c, uri, system, nil)
}

// openTracedDatabase is openDatabase with spans of its statements; nil: none.
func openTracedDatabase(c *Config, uri domain.Secret, system sys.System, tracer trace.Tracer) (*bunsql.DB, error) {
	options := bunsql.Options{MaxConns: c.Pool, Statement: time.Duration(c.DatabaseTimeout), Now: system.Now, Tracer: tracer}
	if uri.IsZero() {
		db, err := sqlite.Open(dataDir(c.DataDir).database(), options)
		return db, inDataDir(err)
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
	migrator, err := sqlite.OpenMigrator(folder.database(), migrations.Files)
	return migrator, inDataDir(err)
}

// inDataDir names the setting that a file belongs to.
func inDataDir(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("DATA_DIR can't be used: %w", err)
}

// causeOf is why the database is unavailable, for operators: what clients are told says nothing.
func causeOf(err error) error {
	if e, ok := errors.AsType[*domain.Error](err); ok && e.Kind == domain.Unavailable && errors.Unwrap(e) != nil {
		return errors.Unwrap(e)
	}
	return err
}

// startWait is how long a start waits for a database that is not up yet: containers come up in any order. Migrations may take longer,
// and so may those of the replica that got the lock first.
const startWait = 30 * time.Second

// migrate applies what is pending, waiting for the database to come up.
func migrate(ctx context.Context, c *Config, system sys.System, log *slog.Logger) error {
	migrator, err := openMigrator(c)
	if err != nil {
		return err
	}
	defer func() { _ = migrator.Close() }()
	migrator.OnWait = func(ctx context.Context, holder string) {
		log.WarnContext(ctx, "waiting for another process to finish migrating the database", "lock_held_by", holder)
	}
	patience, cancel := context.WithTimeout(ctx, startWait)
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
			return fmt.Errorf("apply migrations: %w", causeOf(err))
		}
		log.WarnContext(ctx, "waiting for the database", "error", err)
		if system.Sleep(patience, time.Second) != nil {
			return fmt.Errorf("the database can't be reached: %w", causeOf(err))
		}
	}
}

// monthsAhead is how many months of the audit log are prepared: a server that was off for that long finds its month there.
const monthsAhead = 3

// prepareMonths makes the months to come and drops those of the audit log that are kept no longer. It works as the owner of the schema, on connections of its own that are open only meanwhile.
func (c *Config) prepareMonths(ctx context.Context, now time.Time, _ int) (int, error) {
	if c.embedded() {
		return 0, nil
	}
	migrator, err := openMigrator(c)
	if err != nil {
		return 0, err
	}
	defer func() { _ = migrator.Close() }()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	made, err := migrator.PrepareMonths(ctx, now, monthsAhead)
	if err != nil || c.AuditKeep == 0 {
		return made, err
	}
	dropped, err := migrator.DropMonths(ctx, janitor.OldestMonth(now, time.Duration(c.AuditKeep)))
	return made + dropped, err
}

// limiters are what counts, and the wake-up of the feed: state that may be lost.
type limiters struct {
	shared transient.Limiter // limits that guard secrets, for all replicas
	local  transient.Limiter // limits of calls, for this process
	waker  transient.Waker
	redis  *rueidis.Client // nil without Redis
	// fallbacks is how many decisions were made without Redis.
	fallbacks func() uint64
}

// openLimiters connects to Redis, if there is one, behind its in-process twins.
func openLimiters(c *Config, log *slog.Logger) (limiters, error) {
	local := transient.Limiter(memory.Unlimited{})
	if c.RateLimits { // its table takes megabytes from the start
		local = memory.NewLimiter(c.System.Now)
	}
	l := limiters{shared: local, local: local, waker: memory.NewWaker()}
	if c.redis() {
		client, err := rueidis.Open(c.redisOptions(log))
		if err != nil {
			return limiters{}, fmt.Errorf("REDIS_URL: %w", err)
		}
		shared := client.Limiter(local)
		l = limiters{shared: shared, local: local, waker: client.Waker(), redis: client, fallbacks: shared.Fallbacks}
	}
	if !c.RateLimits {
		l.shared = memory.Unlimited{}
	}
	return l, nil
}

func (c *Config) redisOptions(log *slog.Logger) rueidis.Options {
	return rueidis.Options{
		URL: c.RedisURL, Host: c.RedisHost, Port: c.RedisPort, DB: c.RedisDB, Username: c.RedisUser, Password: c.RedisPassword,
		TLS: bool(c.RedisTLS), Sentinels: c.RedisSentinels, Master: c.RedisMaster, SentinelUsername: c.RedisSentinelUser,
		SentinelPassword: c.RedisSentinelPassword, Budget: time.Duration(c.RedisTimeout), Log: log,
	}
}

func (l limiters) close() {
	if l.redis != nil {
		l.redis.Close()
	}
}
