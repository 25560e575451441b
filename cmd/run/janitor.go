package run

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/adapters/telemetry"
	"github.com/signet-auth/signet/app/janitor"
)

// monthsAhead is how many months of the audit log are prepared: a server that was off for that long finds its month there.
const monthsAhead = 3

func (p *parts) janitor() *janitor.Janitor {
	tasks := append(janitor.Cleaning(p.store), p.erasing(), p.rotating(), janitor.Daily(janitor.Task{Kind: "months", Do: prepareMonths(p.config)}))
	if len(p.config.SecretKeyPrevious) > 0 { // again and again: a replica that does not know the new secret yet may still seal
		tasks = append(tasks, janitor.Task{Kind: "resealed", Do: p.reseal.All})
	}
	return &janitor.Janitor{System: p.system, Every: time.Duration(p.config.CleanupEvery), Log: p.log, Tasks: tasks}
}

// prepareMonths works as the owner of the schema, on connections of its own that are open only meanwhile.
func prepareMonths(c *Config) func(context.Context, time.Time, int) (int, error) {
	return func(ctx context.Context, now time.Time, _ int) (int, error) {
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
		return migrator.PrepareMonths(ctx, now, monthsAhead)
	}
}

// observeJanitor registers what the janitor did, by kind.
func observeJanitor(metrics telemetry.Registry, j *janitor.Janitor) error {
	errs := []error{metrics.Gauge("signet_janitor_last_run_timestamp_seconds", "When this replica last swept all that is over.", nil,
		func() float64 { return float64(j.LastRun()) })}
	for _, kind := range j.Kinds() {
		label := map[string]string{"kind": kind}
		errs = append(errs,
			metrics.Counter("signet_janitor_done_total", "Rows of each kind that this replica's sweeps removed (users: erased, months: made, keys: made or changed, resealed: sealed anew).", label,
				func() float64 { return float64(j.Done(kind)) }),
			metrics.Counter("signet_janitor_failures_total", "How often this replica could not clean a kind.", label,
				func() float64 { return float64(j.Failed(kind)) }))
	}
	return errors.Join(errs...)
}
