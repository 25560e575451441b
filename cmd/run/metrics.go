package run

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/adapters/telemetry"
	"github.com/signet-auth/signet/app"
	"github.com/signet-auth/signet/app/credential"
	"github.com/signet-auth/signet/app/factor"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/janitor"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/app/stream"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/cache"
	"github.com/signet-auth/signet/ports/provider"
	"github.com/signet-auth/signet/ports/transient"
)

// meters are the metrics that are counted where something happens. Those that are read at each scrape are registered by observe.
type meters struct {
	requests  echohttp.Metrics
	refused   *prometheus.CounterVec
	mails     *prometheus.HistogramVec
	providers *prometheus.HistogramVec
	facts     *prometheus.CounterVec
	streams   *prometheus.CounterVec
	factLag   prometheus.Histogram
}

// newMeters registers them, with the series that are known before anything happened: a rate needs the zero that it rose from.
func newMeters(r telemetry.Registry, limits guard.Limits) (meters, error) {
	seconds := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	count := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	outside := []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	m := meters{
		requests: echohttp.Metrics{
			Durations: seconds("signet_http_request_duration_seconds", "Time from the end of the request's headers to the end of its answer.",
				[]float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, "method", "route", "status"),
			Outcomes: count("signet_operations_total", "Calls of each operation (as docs/openapi.json names it) by how they ended: succeeded, client_gone, "+
				"or the code of the failure.", "operation", "outcome"),
		},
		refused: count("signet_limit_refused_total", "What a limit refused, by limit (failures: of an address block, which is what spraying runs into).", "limit"),
		mails: seconds("signet_mail_send_duration_seconds", "Time that the mail server took, by outcome (sent, refused for good, failed and tried again).",
			outside, "outcome"),
		providers: seconds("signet_provider_call_duration_seconds", "Time that a provider took, by call (begin: where to send the browser, complete: who "+
			"it is) and outcome (succeeded, or the code of the failure).", outside, "provider", "call", "outcome"),
	}
	m.facts = count("signet_stream_facts_total", "Facts sent to services that follow revocations, by kind and fact.", "kind", "fact")
	m.streams = count("signet_stream_ended_total", "Streams of revocations that ended, by reason (gone: the follower hung up).", "reason")
	m.factLag = prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "signet_stream_lag_seconds", Help: "Time from the commit of a change to its way out on a stream, by the clock of the replica that wrote it.",
		Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	})
	for _, reason := range stream.Reasons() {
		m.streams.WithLabelValues(reason)
	}
	for _, l := range []transient.Limit{limits.Account, limits.Block, limits.Register, limits.Mail, limits.Recovery, limits.MailByBlock, limits.ResetSent} {
		m.refused.WithLabelValues(l.Name)
	}
	for _, outcome := range telemetry.MailOutcomes() {
		m.mails.WithLabelValues(outcome)
	}
	return m, r.Add(m.requests.Durations, m.requests.Outcomes, m.refused, m.mails, m.providers, m.facts, m.streams, m.factLag)
}

// streamMeter counts what goes out to services that follow revocations.
func (m meters) streamMeter() stream.Meter {
	return stream.Meter{
		Sent: func(f stream.Fact, after time.Duration) {
			m.facts.WithLabelValues(f.Kind, string(f.Tokens)).Inc()
			if after > 0 {
				m.factLag.Observe(after.Seconds())
			}
		},
		Ended: func(reason string) { m.streams.WithLabelValues(reason).Inc() },
	}
}

// measuredProviders are providers whose calls are measured.
func (m meters) measuredProviders(all []provider.Provider, tracer trace.Tracer) []provider.Provider {
	measured := make([]provider.Provider, len(all))
	for i, p := range all {
		m.providers.WithLabelValues(p.Info().Name, "complete", "succeeded")
		measured[i] = &telemetry.Provider{Provider: p, Took: m.providers, Tracer: tracer}
	}
	return measured
}

// measured are limiters whose refusals are counted, with spans of what is asked of Redis.
func (l limiters) measured(m meters, tracer trace.Tracer) limiters {
	shared := &telemetry.Limiter{Next: l.shared, Refused: m.refused, System: "redis"}
	if l.redis != nil {
		shared.Tracer = tracer
	}
	l.shared, l.local = shared, &telemetry.Limiter{Next: l.local, Refused: m.refused}
	return l
}

// observe registers what operators watch beyond requests.
func observe(metrics telemetry.Registry, a *app.App, hasher *pwhash.Hasher, db *bunsql.DB, l limiters, caches cache.Set) error {
	err := errors.Join(
		metrics.Gauge("signet_feed_lag_seconds", "Age of the last good look at the change feed.", nil,
			func() float64 { return a.Feed.Lag().Seconds() }),
		metrics.Gauge("signet_stream_clients", "Services' open streams of revocations on this replica.", nil,
			func() float64 { return float64(a.Stream.Clients()) }),
		metrics.Gauge("signet_hash_queue_waiting", "Callers who wait for a place to hash a password.", nil,
			func() float64 { return float64(hasher.Waiting()) }),
		metrics.Gauge("signet_database_read_only", "Whether the database was last found to refuse writes.", nil, func() float64 { return oneIf(db.ReadOnly()) }),
		observeJanitor(metrics, a.Janitor),
		observeKeys(metrics, a.Keys),
		observeHashes(metrics, a.Passwords),
		observeStops(metrics, a.Stops),
		observeFactors(metrics, a),
		observeOutbox(metrics, a),
		observeSessions(metrics, a),
		observeCaches(metrics, caches),
		metrics.Add(db.Collectors()...),
	)
	if l.redis == nil {
		return err
	}
	return errors.Join(err,
		metrics.Gauge("signet_redis_up", "Whether Redis is in use.", nil, func() float64 { return oneIf(l.redis.Healthy()) }),
		metrics.Counter("signet_limit_fallbacks_total", "Decisions of limits that this process made alone because Redis was lost.", nil,
			func() float64 { return float64(l.fallbacks()) }))
}

// observeOutbox registers what waits to be sent, and what became of it. The queue is the same for all replicas, which look at it by themselves.
func observeOutbox(metrics telemetry.Registry, a *app.App) error {
	now := a.Base.System.Now
	backlog := &sampled[domain.Backlog]{read: a.Base.Store.Read().Outbox.Backlog, every: 10 * time.Second, limit: 2 * time.Second, now: now}
	errs := []error{
		metrics.Gauge("signet_outbox_waiting", fmt.Sprintf("Messages of the outbox that wait to be delivered, counted up to %d, as of the last look.", domain.MaxBacklog), nil,
			backlog.gauge(func(b domain.Backlog) float64 { return float64(b.Messages) })),
		metrics.Gauge("signet_outbox_oldest_seconds", "Age of the oldest message that waits, 0 without one, as of the last look.", nil,
			backlog.gauge(func(b domain.Backlog) float64 {
				if b.Oldest.IsZero() {
					return 0
				}
				return max(now().Sub(b.Oldest).Seconds(), 0)
			})),
		metrics.Gauge("signet_database_up", "Whether the last look at the outbox found the database.", nil, backlog.up),
	}
	for outcome, read := range map[string]func() int64{"done": a.Outbox.Done, "retried": a.Outbox.Retried, "parked": a.Outbox.Parked} {
		errs = append(errs, metrics.Counter("signet_outbox_handled_total", "Messages that this replica handled, by outcome (parked: given up).",
			map[string]string{"outcome": outcome}, func() float64 { return float64(read()) }))
	}
	return errors.Join(errs...)
}

// sessionsEvery is how often sessions are counted at most: that reads the index of open ones from end to end.
const sessionsEvery = 10 * time.Minute

// observeSessions registers who is logged in, in the whole deployment.
func observeSessions(metrics telemetry.Registry, a *app.App) error {
	count := &sampled[domain.SessionCount]{read: a.Sessions.Live, every: sessionsEvery, limit: 10 * time.Second, now: a.Base.System.Now}
	return errors.Join(
		metrics.Gauge("signet_sessions_live", "Live sessions of the deployment, counted every 10 minutes at most.", nil,
			count.gauge(func(n domain.SessionCount) float64 { return float64(n.Sessions) })),
		metrics.Gauge("signet_sessions_users", "Users with a live session, counted with them.", nil,
			count.gauge(func(n domain.SessionCount) float64 { return float64(n.Users) })))
}

// observeCaches registers how much the caches of this process are used.
func observeCaches(metrics telemetry.Registry, caches cache.Set) error {
	var errs []error
	for name, usage := range memory.Usages(caches) {
		label := map[string]string{"cache": name}
		errs = append(errs,
			metrics.Gauge("signet_cache_entries", "Entries of each cache, about.", label, func() float64 { return float64(usage().Entries) }),
			metrics.Counter("signet_cache_hits_total", "Answers of each cache from memory.", label, func() float64 { return float64(usage().Hits) }),
			metrics.Counter("signet_cache_loads_total", "Loads of each cache.", label, func() float64 { return float64(usage().Loads) }))
	}
	return errors.Join(errs...)
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
			func() float64 { return float64(ring.Published()) }),
		metrics.Gauge("signet_signing_key_rotation_seconds", "KEY_ROTATION: how old the active signing key becomes; 0: it is not replaced by itself.", nil,
			func() float64 { return ring.Policy.Rotation.Seconds() }))
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

// observeFactors registers how second factors are asked for and proved.
func observeFactors(metrics telemetry.Registry, a *app.App) error {
	errs := []error{metrics.Counter("signet_login_challenges_total", "Logins that were answered with a challenge for a second factor.", nil,
		func() float64 { return float64(a.SignIn.Challenged()) })}
	for _, check := range factor.Checks() {
		outcome := map[bool]string{true: "right", false: "wrong"}[check.Right]
		errs = append(errs, metrics.Counter("signet_factor_checks_total", "Second proofs that were judged, by method and outcome.",
			map[string]string{"method": check.Way, "outcome": outcome}, func() float64 { return float64(a.Factors.Checked(check)) }))
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
