package bunsql

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/signet-auth/signet/domain"
)

// migrationTable is the table that lists the applied migrations.
const migrationTable = "migrations"

// look is how long reading the state of the schema may take.
const look = 5 * time.Second

// Engine is what a Migrator needs to know of a database. The sub-packages make one each.
type Engine struct {
	Name  string // as in "-- dialect:" lines
	Goose goose.Dialect
	// HasTable is a query with one argument, the name of a table, that yields whether it exists.
	HasTable string
	// Broken, if not empty, is a query that yields a row for each broken reference, run after every change of the schema.
	Broken string
	// Lock waits until no other process migrates this database, and keeps others waiting until release. While it waits it calls waiting each
	// time it finds the lock taken, with a function that says by whom.
	Lock func(ctx context.Context, db *sql.DB, waiting func(holder func() string)) (release func(), err error)
	// Dialect is that of the migrator's own connections.
	Dialect Dialect
	// Month, if not nil, makes a table's partition of the month that begins then, and tells whether it had to.
	Month func(ctx context.Context, db *sql.DB, table string, begin time.Time) (bool, error)
	// DropMonths, if not nil, drops a table's partitions of the months that end at a time or before, and says how many.
	DropMonths func(ctx context.Context, db *sql.DB, table string, until time.Time) (int, error)
}

// Migration is one step of the schema's timeline.
type Migration struct {
	Version   int64
	Name      string
	AppliedAt time.Time // zero: not yet
	// Unknown tells that the database has the migration but this binary does not: a newer release applied it. This binary can't undo it.
	Unknown bool
}

// Migrator brings the schema up and down. Any number of replicas may start one together: they take turns, and later ones find nothing left
// to do. A migrator has its own connections, because it needs rights that serving does not.
type Migrator struct {
	db     *sql.DB
	engine Engine
	goose  *goose.Provider
	known  []Migration
	onWait func(ctx context.Context, holder string)
}

// NewMigrator makes a migrator for the migrations in files (see package migrations), for the sub-packages. The migrator owns
// the pool.
func NewMigrator(db *sql.DB, engine Engine, files fs.FS) (*Migrator, error) {
	steps, known, err := timeline(files, engine.Name)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	provider, err := goose.NewProvider(engine.Goose, db, nil, goose.WithGoMigrations(steps...),
		goose.WithTableName(migrationTable), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the migrations: %w", err), db.Close())
	}
	return &Migrator{db: db, engine: engine, goose: provider, known: known, onWait: func(context.Context, string) {}}, nil
}

// OnWait sets the function that is told which process holds the lock that this one waits for: at once, and then from time to time.
func (m *Migrator) OnWait(hear func(ctx context.Context, holder string)) { m.onWait = hear }

// Close ends the migrator's connections.
func (m *Migrator) Close() error { return m.db.Close() }

// Up applies up to that many migrations, 0 for all, oldest first, and returns those it applied. A migration that fails leaves nothing
// behind; the ones before it stay. When none is left, it sets the platform's roles and permissions to those of this binary. If there is
// nothing to do, it takes no lock, so that a stale lock keeps no replica from starting.
func (m *Migrator) Up(ctx context.Context, steps int) (applied []Migration, err error) {
	if done, err := m.settled(ctx); err != nil || done {
		return nil, err
	}
	err = m.exclusively(ctx, func() error {
		status, err := m.Status(ctx)
		if err != nil {
			return err
		}
		for _, next := range status {
			if !next.AppliedAt.IsZero() || steps > 0 && len(applied) == steps {
				continue
			}
			if _, err := m.goose.ApplyVersion(ctx, next.Version, true); err != nil {
				return m.failed("up", next.Name, err)
			}
			applied = append(applied, next)
		}
		if err := m.beginFeed(ctx); err != nil {
			return err
		}
		return m.seedPlatform(ctx)
	})
	return applied, err
}

// Down undoes up to that many migrations, newest first, or all of them, and returns those it undid. One that this binary does
// not know is an error: only the release that has it can undo it.
func (m *Migrator) Down(ctx context.Context, steps int, all bool) (undone []Migration, err error) {
	err = m.exclusively(ctx, func() error {
		for all || len(undone) < steps {
			last, err := m.last(ctx)
			if err != nil || last == nil {
				return err
			}
			if last.Unknown {
				return fmt.Errorf("migration %d was applied by another release and is unknown to this one: undo it with that release", last.Version)
			}
			if _, err := m.goose.ApplyVersion(ctx, last.Version, false); err != nil {
				return m.failed("down", last.Name, err)
			}
			undone = append(undone, *last)
		}
		return nil
	})
	return undone, err
}

// last is the newest migration that the database has, or nil.
func (m *Migrator) last(ctx context.Context) (*Migration, error) {
	status, err := m.Status(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range slices.Backward(status) {
		if !s.AppliedAt.IsZero() {
			return &s, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none, which is no failure
}

// Status lists the migrations that this binary knows and those that the database has, oldest first. It only needs the right to read.
func (m *Migrator) Status(ctx context.Context) ([]Migration, error) {
	looking, cancel := context.WithTimeout(ctx, look)
	defer cancel()
	applied, err := m.applied(looking)
	if err != nil {
		return nil, m.looked(err)
	}
	all := slices.Clone(m.known)
	for i := range all {
		all[i].AppliedAt = applied[all[i].Version]
		delete(applied, all[i].Version)
	}
	for version, at := range applied {
		all = append(all, Migration{Version: version, AppliedAt: at, Unknown: true})
	}
	slices.SortFunc(all, func(a, b Migration) int { return cmp.Compare(a.Version, b.Version) })
	return all, nil
}

// Pending tells whether the database lacks a migration that this binary knows.
func (m *Migrator) Pending(ctx context.Context) (bool, error) {
	status, err := m.Status(ctx)
	if err == nil {
		err = m.usable(ctx, status)
	}
	return slices.ContainsFunc(status, func(s Migration) bool { return s.AppliedAt.IsZero() }), err
}

// needsKey is the key in meta under which a migration that removes something older releases use stores the version of a migration: a
// release that does not know that version can't use the schema any more. Without the key, a newer schema belongs to a rollout in which both
// releases serve.
const needsKey = "needs_migration"

// usable refuses a schema that a newer release has changed too far for this one.
func (m *Migrator) usable(ctx context.Context, status []Migration) error {
	if !slices.ContainsFunc(status, func(s Migration) bool { return s.Unknown }) {
		return nil
	}
	there, err := m.hasTable(ctx, "meta")
	if err != nil || !there {
		return m.looked(err)
	}
	var needed int64
	err = m.db.QueryRowContext(ctx, "SELECT CAST(value AS bigint) FROM meta WHERE key = $1", needsKey).Scan(&needed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return m.looked(err)
	}
	if !slices.ContainsFunc(m.known, func(k Migration) bool { return k.Version >= needed }) {
		return fmt.Errorf("the database's schema is of a newer release, which this one can't use any more (it knows no migration %d): start that release", needed)
	}
	return nil
}

func (m *Migrator) applied(ctx context.Context) (map[int64]time.Time, error) {
	there, err := m.hasTable(ctx, migrationTable)
	if err != nil || !there {
		return nil, err
	}
	rows, err := m.db.QueryContext(ctx, "SELECT version_id, tstamp FROM migrations WHERE is_applied AND version_id > 0")
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	applied := map[int64]time.Time{}
	for rows.Next() {
		var version int64
		var at time.Time
		if err := rows.Scan(&version, &at); err != nil {
			return nil, err
		}
		applied[version] = at.UTC()
	}
	return applied, rows.Err()
}

func (m *Migrator) hasTable(ctx context.Context, name string) (there bool, err error) {
	err = m.db.QueryRowContext(ctx, m.engine.HasTable, name).Scan(&there)
	return there, err
}

// exclusively runs change while no other process changes the schema, and then looks for references that it broke.
func (m *Migrator) exclusively(ctx context.Context, change func() error) error {
	release, err := m.engine.Lock(ctx, m.db, m.reportWait(ctx))
	if err != nil {
		return m.failed("lock the schema", "", err)
	}
	defer release()
	if err := change(); err != nil || m.engine.Broken == "" {
		return err
	}
	rows, err := m.db.QueryContext(ctx, m.engine.Broken)
	if err != nil {
		return m.failed("check", "", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	if rows.Next() {
		return errors.New("there are rows that refer to rows which do not exist")
	}
	return rows.Err()
}

// reportWait reports the holder of the lock: at once, after a second, after two more, and then less and less often, down to once a minute.
func (m *Migrator) reportWait(ctx context.Context) func(holder func() string) {
	var next time.Time
	pause := time.Second
	return func(holder func() string) {
		if now := time.Now(); !now.Before(next) {
			next = now.Add(pause)
			pause = min(2*pause, time.Minute)
			m.onWait(ctx, holder())
		}
	}
}

// beginFeed sets the epoch of the change feed, once its table exists.
func (m *Migrator) beginFeed(ctx context.Context) error {
	there, err := m.hasTable(ctx, "meta")
	if err == nil && there {
		_, err = m.db.ExecContext(ctx, "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", epochKey, rand.Text())
	}
	if err != nil {
		return m.failed("begin the feed", "", err)
	}
	return nil
}

// looked is failed for reading the schema; nil when err is nil.
func (m *Migrator) looked(err error) error {
	if err == nil {
		return nil
	}
	return m.failed("status", "", err)
}

// failed says what failed, with the database's own reason. It is domain.ErrUnavailable for a database that is not up (yet).
func (m *Migrator) failed(what, name string, err error) error {
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		err = partial.Err
	}
	failure := m.engine.Dialect.Classify(err)
	err = failure.Cause
	if !failure.Connecting {
		err = fmt.Errorf("migrations: %s: %w", strings.TrimSpace(what+" "+name), err)
	}
	if failure.Class == Unreachable || errors.Is(err, context.DeadlineExceeded) {
		return domain.ErrUnavailable.Because(err)
	}
	return err
}
