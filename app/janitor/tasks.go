package janitor

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// How long expired data is kept. Nothing is removed at once, because clocks of replicas differ, and a late client should learn the reason.
const (
	// KeepSessions is for owners and operators who ask what happened last week. Nothing else needs the rows: an ended session's tokens are
	// refused with and without them, reuse only matters while the session lives, and a genuine token of a session without a row can still log
	// out.
	KeepSessions = 7 * 24 * time.Hour
	// KeepSecrets is for one-time secrets, remembered devices, and registrations, which hold addresses and are of no more use.
	KeepSecrets = time.Hour
	// KeepMessages is for operators who investigate why a mail did not arrive.
	KeepMessages = 7 * 24 * time.Hour
	// KeepFailures is how long a series of failed logins is kept after the last one. It is far above the longest lock, so that waiting does
	// not make the next lock shorter (TH-4), and slower guesses than this get nowhere.
	KeepFailures = 30 * 24 * time.Hour
	// KeepAssignments is for the question of why somebody may no longer do something.
	KeepAssignments = 90 * 24 * time.Hour
	// KeepAppTokens is for the owners of services, who ask which of their tokens ended and when it was last used.
	KeepAppTokens = 90 * 24 * time.Hour
)

// Cleaning are the tasks that remove rows.
func Cleaning(s store.Store) []Task {
	return []Task{
		Remove(s, "sessions", KeepSessions, func(ctx context.Context, tx *store.Tx, before time.Time, n int) (int, error) {
			return tx.ExpiredRows.Sessions(ctx, before, n)
		}),
		Remove(s, "flows", KeepSecrets, func(ctx context.Context, tx *store.Tx, before time.Time, n int) (int, error) {
			return tx.ExpiredRows.Flows(ctx, before, n)
		}),
		Remove(s, "factors", domain.EnrolTTL, func(ctx context.Context, tx *store.Tx, before time.Time, n int) (int, error) {
			return tx.ExpiredRows.Factors(ctx, before, n)
		}),
		Remove(s, "device_tokens", KeepSecrets, func(ctx context.Context, tx *store.Tx, before time.Time, n int) (int, error) {
			return tx.ExpiredRows.TrustedDevices(ctx, before, n)
		}),
		Remove(s, "registrations", KeepSecrets, func(ctx context.Context, tx *store.Tx, before time.Time, n int) (int, error) {
			return tx.ExpiredRows.Registrations(ctx, before, n)
		}),
		Remove(s, "messages", KeepMessages, func(ctx context.Context, tx *store.Tx, before time.Time, n int) (int, error) {
			return tx.ExpiredRows.Messages(ctx, before, n)
		}),
		Remove(s, "login_failures", KeepFailures, func(ctx context.Context, tx *store.Tx, before time.Time, n int) (int, error) {
			return tx.ExpiredRows.Lockouts(ctx, before, n)
		}),
		Remove(s, "assignments", KeepAssignments, func(ctx context.Context, tx *store.Tx, before time.Time, n int) (int, error) {
			return tx.ExpiredRows.Assignments(ctx, before, n)
		}),
		Remove(s, "roles", 0, func(ctx context.Context, tx *store.Tx, _ time.Time, n int) (int, error) {
			return tx.ExpiredRows.OfDeletedRoles(ctx, n)
		}),
		ofDeletedServices(s),
		Remove(s, "app_tokens", KeepAppTokens, func(ctx context.Context, tx *store.Tx, before time.Time, n int) (int, error) {
			return tx.ExpiredRows.AppTokens(ctx, before, n)
		}),
	}
}

// ofDeletedServices also counts what is left: a large service takes several sweeps.
func ofDeletedServices(s store.Store) Task {
	task := Remove(s, "services", 0, func(ctx context.Context, tx *store.Tx, _ time.Time, n int) (int, error) {
		return tx.ExpiredRows.OfDeletedServices(ctx, n)
	})
	task.Left = func(ctx context.Context) (left int, err error) {
		err = s.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			left, err = tx.ExpiredRows.CountOfDeletedServices(ctx)
			return err
		})
		return left, err
	}
	return task
}

// OldEvents removes the events of months that ended that long ago, with their traces. Partitions have already been dropped as a whole; it
// removes the rows of the default partition.
func OldEvents(s store.Store, keep time.Duration) Task {
	return Remove(s, "audit_events", 0, func(ctx context.Context, tx *store.Tx, now time.Time, n int) (int, error) {
		return tx.ExpiredRows.Events(ctx, OldestMonth(now, keep), n)
	})
}

// OldestMonth is the beginning of the oldest month that is kept: the month of the time at which the retention begins.
func OldestMonth(now time.Time, keep time.Duration) time.Time {
	last := now.Add(-keep).UTC()
	return time.Date(last.Year(), last.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// Remove is a task that removes rows that expired that long ago.
func Remove(s store.Store, kind string, keep time.Duration, remove func(ctx context.Context, tx *store.Tx, before time.Time, n int) (int, error)) Task {
	return Task{Kind: kind, Do: func(ctx context.Context, now time.Time, n int) (removed int, err error) {
		err = s.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			removed, err = remove(ctx, tx, now.Add(-keep), n)
			return err
		})
		if err != nil {
			return 0, err
		}
		return removed, nil
	}}
}

// Daily is a task that is done in the first sweep and once a day after it, whether or not it succeeds.
func Daily(task Task) Task {
	var last time.Time
	return Task{Kind: task.Kind, Do: func(ctx context.Context, now time.Time, n int) (int, error) {
		if !last.IsZero() && now.Sub(last).Abs() < 24*time.Hour {
			return 0, nil
		}
		last = now
		return task.Do(ctx, now, n)
	}}
}
