package run

import (
	"errors"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/adapters/telemetry"
	"github.com/signet-auth/signet/app"
	"github.com/signet-auth/signet/app/credential"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/janitor"
	"github.com/signet-auth/signet/app/keys"
)

// observe registers what operators watch beyond requests.
func observe(metrics telemetry.Registry, a *app.App, hasher *pwhash.Hasher, db *bunsql.DB, l limiters) error {
	err := errors.Join(
		metrics.Gauge("signet_feed_lag_seconds", "Age of the last good look at the change feed.", nil,
			func() float64 { return a.Feed.Lag().Seconds() }),
		metrics.Gauge("signet_hash_queue_waiting", "Callers who wait for a place to hash a password.", nil,
			func() float64 { return float64(hasher.Waiting()) }),
		metrics.Gauge("signet_database_read_only", "Whether the database was last found to refuse writes.", nil, func() float64 { return oneIf(db.ReadOnly()) }),
		observeJanitor(metrics, a.Janitor),
		observeKeys(metrics, a.Keys),
		observeHashes(metrics, a.Passwords),
		observeStops(metrics, a.Stops),
	)
	if l.redis == nil {
		return err
	}
	return errors.Join(err, metrics.Gauge("signet_redis_up", "Whether Redis is in use.", nil, func() float64 { return oneIf(l.redis.Healthy()) }))
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// observeHashes registers logins that no password could make good.
func observeHashes(metrics telemetry.Registry, passwords *credential.Passwords) error {
	var errs []error
	for _, kind := range pwhash.Kinds() {
		errs = append(errs, metrics.Counter("signet_unreadable_hashes_total", "Passwords that were compared with a stored hash which can't be read, by what it seems to be.",
			map[string]string{"kind": kind}, func() float64 { return float64(passwords.Unreadable(kind)) }))
	}
	return errors.Join(errs...)
}

// observeKeys registers what tells of a rotation that does not happen.
func observeKeys(metrics telemetry.Registry, ring *keys.Ring) error {
	return errors.Join(
		metrics.Gauge("signet_signing_key_age_seconds", "For how long the active signing key has signed; 0 without one.", nil,
			func() float64 { return ring.Age().Seconds() }),
		metrics.Gauge("signet_signing_keys_published", "How many keys this replica verifies with and publishes.", nil,
			func() float64 { return float64(ring.Published()) }))
}

// observeStops registers how many mails the limits stopped: callers are not told.
func observeStops(metrics telemetry.Registry, stops *guard.Stops) error {
	var errs []error
	for _, sort := range stops.Sorts() {
		errs = append(errs, metrics.Counter("signet_mail_suppressed_total", "Mails of each kind that a limit stopped (address: LIMIT_MAIL, block: LIMIT_MAIL_BLOCK, login: too many within one login).",
			map[string]string{"kind": string(sort.Kind), "reason": string(sort.Reason)}, func() float64 { return float64(stops.Count(sort)) }))
	}
	return errors.Join(errs...)
}

// observeJanitor registers what the janitor did, by kind.
func observeJanitor(metrics telemetry.Registry, j *janitor.Janitor) error {
	errs := []error{metrics.Gauge("signet_janitor_last_run_timestamp_seconds", "When this replica last swept all that is over.", nil,
		func() float64 { return float64(j.LastRun()) })}
	for _, kind := range j.Counted() {
		errs = append(errs, metrics.Gauge("signet_janitor_left", "Rows of each kind that were left to remove when this replica last looked (services: what deleted services owned).",
			map[string]string{"kind": kind}, func() float64 { return float64(j.Left(kind)) }))
	}
	for _, kind := range j.Kinds() {
		label := map[string]string{"kind": kind}
		errs = append(errs,
			metrics.Counter("signet_janitor_done_total", "Rows of each kind that this replica's sweeps removed (users: erased, months: made, keys: made or changed, resealed: sealed again).", label,
				func() float64 { return float64(j.Done(kind)) }),
			metrics.Counter("signet_janitor_failures_total", "How often this replica could not clean a kind.", label,
				func() float64 { return float64(j.Failed(kind)) }))
	}
	return errors.Join(errs...)
}
