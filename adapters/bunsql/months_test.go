package bunsql_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/migrations"
	"github.com/signet-auth/signet/ports/store"
)

// far is after the months that the first migrations made.
var far = time.Date(2031, 11, 30, 23, 59, 0, 0, time.UTC)

func TestMonthsArePreparedAheadOnce(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		address := e.empty(t)
		m := e.migratorOn(t, address, migrations.Files)
		up(t, m, 0)
		prepare := func(now time.Time, ahead, want int) {
			t.Helper()
			if e.name == "sqlite" {
				want = 0 // it has no partitions
			}
			if made, err := m.PrepareMonths(t.Context(), now, ahead); err != nil || made != want {
				t.Errorf("%d were made (%v), want %d", made, err, want)
			}
		}
		prepare(far, 3, 8) // two tables, this month and three
		prepare(far, 3, 0)
		prepare(far.Add(time.Minute), 3, 2) // the next month has begun
		if e.name == "sqlite" {
			return
		}

		// An event is written to the partition of its month, or to the default if there is none.
		db, err := e.open(address, bunsql.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer closes(t, db.Close)
		raw := e.raw(t, address)
		write := func(at time.Time) {
			t.Helper()
			event := domain.NewEvent(domain.EventUserVerified, domain.System(), domain.Origin{}, "user", "s").Stamped(id[domain.EventID](), at)
			if err := db.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Audit.Add(ctx, event) }); err != nil {
				t.Fatal(err)
			}
		}
		write(far)
		write(far.AddDate(0, 0, 32)) // 2032-01-01
		write(far.AddDate(2, 0, 0))
		equal(t, texts(t, raw, "SELECT tableoid::regclass::text FROM audit_events ORDER BY at"),
			[]string{"audit_events_2031_11", "audit_events_2032_01", "audit_events_default"})

		// A month with events in the default partition stays there; the next one is created.
		prepare(far.AddDate(2, 0, 0), 1, 3)
		write(far.AddDate(2, 0, 0))

		// A partition has the indexes of its table.
		if plans := texts(t, raw, "SELECT indexdef FROM pg_indexes WHERE tablename = 'audit_events_2031_11'"); len(plans) != 6 {
			t.Errorf("indexes: %v", plans)
		}
	})
}

// Ended months are dropped as a whole, with their partition; a month that has not quite ended stays, and so do rows in the default
// partition.
func TestOldMonthsAreDropped(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		address := e.empty(t)
		m := e.migratorOn(t, address, migrations.Files)
		up(t, m, 0)
		drop := func(until time.Time, want int) {
			t.Helper()
			if e.name == "sqlite" {
				want = 0 // it has no partitions
			}
			if dropped, err := m.DropMonths(t.Context(), until); err != nil || dropped != want {
				t.Errorf("%d were dropped (%v), want %d", dropped, err, want)
			}
		}
		january := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		drop(january.Add(-time.Second), 1) // the first month is November 2026
		drop(january, 1)
		drop(january, 0)
		if e.name == "sqlite" {
			return
		}
		raw := e.raw(t, address)
		equal(t, texts(t, raw, `SELECT relname FROM pg_class WHERE relname IN
			('audit_events_2026_11', 'audit_events_2026_12', 'audit_events_2027_01', 'audit_events_default', 'usage_hours_2026_11') ORDER BY 1`),
			[]string{"audit_events_2027_01", "audit_events_default", "usage_hours_2026_11"})
	})
}

// A month is prepared while requests write: the preparation gives up and does not make them wait.
func TestPreparingMonthsDoesNotWaitForWriters(t *testing.T) {
	e := engines[slices.IndexFunc(engines, func(e engine) bool { return e.name == "postgres" })]
	address := e.empty(t)
	m := e.migratorOn(t, address, migrations.Files)
	up(t, m, 0)
	raw := e.raw(t, address)
	tx, err := raw.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), "LOCK TABLE audit_events_default IN ROW EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if made, err := m.PrepareMonths(t.Context(), far, 0); err == nil || made != 0 || time.Since(begun) > 5*time.Second {
		t.Errorf("%d were made after %s (%v), want an error soon", made, time.Since(begun), err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if made, err := m.PrepareMonths(t.Context(), far, 0); err != nil || made != 2 {
		t.Errorf("later %d were made (%v)", made, err)
	}
}
