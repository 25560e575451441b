package bunsql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Engine is what a Migrator needs to know of a database. The sub-packages make one each.
type Engine struct {
	Goose   goose.Dialect
	Dialect Dialect // of the migrator's own connections
	Name    string  // in "-- dialect:" lines
	Months  Months
	// Locks opens the transaction that keeps others from migrating. There Lock yields an empty text, or else who has the lock; Busy is who has
	// it where not even the transaction can begin.
	Locks      *sql.DB
	Lock, Busy string
	HasTable   string // yields whether there is a table of that name, its argument
	Broken     string // yields whether there are references to rows that do not exist
}

// Migration is one step of the schema's timeline.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero: not yet
	Unknown   bool      // a newer release applied it, and only that can undo it
}

// Migrator brings the schema up and down. Any number of replicas may start one together: they take turns, and later ones find nothing left
// to do. A migrator has its own connections, because it needs rights that serving does not.
type Migrator struct {
	// OnWait is told which process holds the lock that this one waits for: at once, after a second, after two more, and then less and less
	// often, down to once a minute. Set it before first use.
	OnWait func(ctx context.Context, holder string)

	engine    Engine
	db, locks *DB
	goose     *goose.Provider
}

// NewMigrator makes a migrator for the migrations in files (see package migrations), for the sub-packages. It owns the pools.
func NewMigrator(pool *sql.DB, engine Engine, files fs.FS) (*Migrator, error) {
	open := func(pool *sql.DB) *DB {
		return New(engine.Dialect, Pools{Write: pool, Read: pool, Feed: pool}, Options{})
	}
	m := &Migrator{engine: engine, db: open(pool), locks: open(engine.Locks), OnWait: func(context.Context, string) {}}
	steps, err := timeline(files, engine.Name)
	if err == nil {
		m.goose, err = goose.NewProvider(engine.Goose, pool, steps, goose.WithTableName("migrations"), goose.WithDisableGlobalRegistry(true))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the migrations: %w", err), m.Close())
	}
	return m, nil
}

// Close ends the migrator's connections.
func (m *Migrator) Close() error { return errors.Join(m.locks.Close(), m.db.Close()) }

// Up applies up to that many migrations, 0 for all, oldest first, and returns those it applied. A migration that fails leaves nothing
// behind; the ones before it stay. When none is left, it sets the platform's roles and permissions to those of this binary. If there is
// nothing to do, it takes no lock, so that a stale lock keeps no replica from starting.
func (m *Migrator) Up(ctx context.Context, steps int) ([]Migration, error) {
	if done, err := m.settled(ctx); err != nil || done {
		return nil, err
	}
	return m.run(ctx, true, cmp.Or(steps, math.MaxInt))
}

// Down undoes up to that many migrations, newest first, or all of them, and returns those it undid. One that this binary does
// not know is an error: only the release that has it can undo it.
func (m *Migrator) Down(ctx context.Context, steps int, all bool) ([]Migration, error) {
	if all {
		steps = math.MaxInt
	}
	return m.run(ctx, false, steps)
}

func (m *Migrator) run(ctx context.Context, up bool, steps int) (done []Migration, err error) {
	err = m.exclusively(ctx, func() error {
		status, err := m.Status(ctx)
		if !up {
			slices.Reverse(status)
		}
		for _, next := range status {
			if err != nil || next.AppliedAt.IsZero() != up || len(done) == steps {
				continue
			}
			if next.Unknown {
				return fmt.Errorf("migration %d was applied by another release and is unknown to this one: undo it with that release", next.Version)
			}
			if _, err = m.goose.ApplyVersion(ctx, next.Version, up); err != nil {
				return m.failed(next.Name, err)
			}
			done = append(done, next)
		}
		if err == nil && up {
			err = m.seedPlatform(ctx)
		}
		return err
	})
	return done, err
}

// Status lists the migrations that this binary knows and those that the database has, oldest first. It only needs the right to read, while
// goose would make its table.
func (m *Migrator) Status(ctx context.Context) (all []Migration, err error) {
	err = m.lookIn(ctx, "migrations", &all,
		"SELECT version_id AS version, tstamp AS applied_at, TRUE AS unknown FROM migrations WHERE is_applied AND version_id > 0")
	for _, known := range m.goose.ListSources() {
		i := slices.IndexFunc(all, func(a Migration) bool { return a.Version == known.Version })
		if i < 0 {
			i, all = len(all), append(all, Migration{Version: known.Version})
		}
		all[i].Name, all[i].Unknown = strings.Replace(strings.TrimSuffix(known.Path, ".sql"), "_", "-", 1), false
	}
	slices.SortFunc(all, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	return all, err
}

// needsKey is the key in meta under which a migration that removes something older releases use stores the version of a migration: a
// release that does not know that version can't use the schema any more. Without the key, a newer schema belongs to a rollout in which both
// releases serve.
const needsKey = "needs_migration"

// Pending tells whether the database lacks a migration that this binary knows. A schema that this one can't use any more is an error.
func (m *Migrator) Pending(ctx context.Context) (bool, error) {
	needed, sources := int64(0), m.goose.ListSources()
	status, err := m.Status(ctx)
	if err == nil {
		err = m.lookIn(ctx, "meta", &needed, "SELECT coalesce(max(CAST(value AS bigint)), 0) FROM meta WHERE key = ?", needsKey)
	}
	if err == nil && sources[len(sources)-1].Version < needed {
		err = fmt.Errorf("the database's schema is of a newer release, which this one can't use any more (it knows no migration %d): "+
			"start that release", needed)
	}
	return slices.ContainsFunc(status, func(s Migration) bool { return s.AppliedAt.IsZero() }), err
}

// look reads one thing about the schema.
func (m *Migrator) look(ctx context.Context, dest any, query string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, m.engine.Dialect.Statement)
	defer cancel()
	return m.failed("status", m.db.read.NewRaw(query, args...).Scan(ctx, dest))
}

// lookIn is look in a table. What is not there yet changes nothing.
func (m *Migrator) lookIn(ctx context.Context, table string, dest any, query string, args ...any) error {
	there := false
	if err := m.look(ctx, &there, m.engine.HasTable, table); err != nil || !there {
		return err
	}
	return m.look(ctx, dest, query, args...)
}

// exclusively runs change while no other process changes the schema, and then looks for references that it broke. No lock of goose would
// do: that of a session stays on a pooler's connection, which others use, and that of a table names nobody and outlives its process.
//
// This lock is a transaction that stays open while change works on other connections; it outlives the caller's context, so that an interrupted
// migration has stopped before it ends. It blocks nobody: between its statements it has no snapshot. Others poll, because a waiting
// statement would be a long transaction, and CREATE INDEX CONCURRENTLY under the lock would wait for it in turn.
func (m *Migrator) exclusively(ctx context.Context, change func() error) error {
	var told time.Time
	for wait := time.Second / 2; ; {
		holder, broken := m.engine.Busy, false
		_, again, err := m.locks.try(ctx, func(locked context.Context, c conn, _ *store.Tx) error {
			if err := c.scan(locked, &holder, m.engine.Lock); err != nil || holder != "" {
				return err
			}
			if err := m.look(ctx, &broken, "SELECT FALSE"); err != nil { // not wrapped: waiting does not help
				return fmt.Errorf("there is no second connection beside the one that holds the lock: give migrations more of the pooler's, "+
					"or the server's own address in MIGRATE_DATABASE_URI (%v)", err)
			}
			if err := change(); err != nil {
				return err
			}
			return m.look(ctx, &broken, m.engine.Broken)
		})
		if broken {
			return errors.New("there are rows that refer to rows which do not exist")
		}
		if !again && (err != nil || holder == "") {
			return err
		}
		if time.Since(told) >= wait {
			m.OnWait(ctx, holder)
			told, wait = time.Now(), min(2*wait, time.Minute)
		}
		if !pause(ctx, 5) { // a quarter of a second, more or less
			return context.Cause(ctx)
		}
	}
}

// failed says what failed, with the database's own reason. It is domain.ErrUnavailable for a database that is not up (yet).
func (m *Migrator) failed(what string, err error) error {
	if err == nil {
		return nil
	}
	failure := m.engine.Dialect.Classify(err)
	err = failure.Cause
	if !failure.Connecting {
		err = fmt.Errorf("migrations: %s: %w", what, err)
	}
	if failure.Class == Unreachable || errors.Is(err, context.DeadlineExceeded) {
		return domain.ErrUnavailable.Because(err)
	}
	return err
}
