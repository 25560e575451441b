package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/adapters/echohttp/pages"
	"github.com/signet-auth/signet/adapters/echohttp/rest"
	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/adapters/telemetry"
	"github.com/signet-auth/signet/domain"
)

// listen binds the listeners before the core is made: with port 0 the core needs to know where it is reached. The returned
// function gives the core to the listeners, which serve nothing before.
func (s *Server) listen(k counters, mail post, metrics telemetry.Registry) (*echohttp.Server, func(*core, *bunsql.DB), error) {
	c := s.config
	var ready func(context.Context) (bool, map[string]string)
	var authenticate func(context.Context, domain.Secret) (domain.Actor, error)
	api, err := echohttp.New(echohttp.Options{
		System: c.System, Log: s.log, LogRequests: bool(c.LogRequests), Limiter: k.local, Metrics: metrics,
		Authenticate: func(ctx context.Context, token domain.Secret) (domain.Actor, error) { return authenticate(ctx, token) },
		Limits: echohttp.Limits{
			Anonymous: c.LimitAnonymous, Forged: c.LimitForged, Authenticated: c.LimitCalls,
		},
		TrustedProxies: c.Proxies, CORSOrigins: c.Origins, PublicURL: c.PublicURL, CookieSameSite: c.sameSite(), Version: Version(),
		Ready: func(ctx context.Context) (bool, map[string]string) { return ready(ctx) },
	})
	if err != nil {
		return nil, nil, err
	}
	admin := echohttp.NewAdmin(api, echohttp.AdminOptions{Metrics: metrics, Inbox: listInbox(mail.inbox), Profile: true})
	options := echohttp.ServerOptions{
		PublicAddr: net.JoinHostPort(c.Host, strconv.Itoa(c.Port)), Log: s.log,
		DrainDelay: time.Duration(c.StopDelay), StopTimeout: time.Duration(c.StopWait),
	}
	if c.AdminAddr != "off" {
		options.AdminAddr = c.AdminAddr
	}
	listeners, err := echohttp.Listen(options, api, admin)
	if err != nil {
		return nil, nil, err
	}
	s.onClose(func() { _ = listeners.Close() })
	s.URL, s.Handler = "http://"+reachable(listeners.PublicAddr()), api
	if addr := listeners.AdminAddr(); addr != nil {
		s.AdminURL = "http://" + reachable(addr)
	}
	return listeners, func(core *core, db *bunsql.DB) {
		authenticate = core.authenticator.Authenticate
		ready = readiness(core, db, k)
		for _, r := range core.resources(c) {
			r.Mount(api)
		}
	}, nil
}

// resource is a group of routes.
type resource interface{ Mount(*echohttp.API) }

func (k *core) resources(c *Config) []resource {
	return []resource{
		&rest.Auth{
			Register: k.register, Verification: k.verify, Resend: k.resend, Login: k.login, Refresh: k.refresh, Logout: k.logout,
			Me: k.me, Validate: k.validate,
		},
		&rest.Passwords{Forgot: k.forgot, Reset: k.reset, Change: k.change},
		&rest.Profile{Update: k.updateMe, ChangeEmail: k.changeEmail, ConfirmEmail: k.confirmEmail},
		&rest.Account{Close: k.closing, Export: k.export},
		&rest.Sessions{List: k.listSessions, EndOne: k.endSession, EndOthers: k.endOthers, Stats: k.sessionStats},
		&rest.WellKnown{JWKS: k.ring.JWKS},
		&pages.VerificationLink{Verification: k.verify, ConsumeOnAnyGet: c.VerifyGet == "consume"},
		&pages.ResetLink{Reset: k.reset},
		&pages.EmailChangeLink{ConfirmEmail: k.confirmEmail},
	}
}

// reachable is a listener's address as a URL's host: one that listens everywhere is reached at localhost.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// readiness: without the database nothing can be served for long; without Redis everything can, a little less well.
func readiness(k *core, db *bunsql.DB, c counters) func(context.Context) (bool, map[string]string) {
	return func(ctx context.Context) (bool, map[string]string) {
		details := map[string]string{"database": "ok", "feed": fmt.Sprintf("%.1fs behind", k.follower.Lag().Seconds()), "redis": "not used"}
		err := db.Ping(ctx)
		if err != nil {
			details["database"] = "unavailable"
		}
		if c.redis != nil {
			details["redis"] = "ok"
			if !c.redis.Healthy() {
				details["redis"] = "unavailable: limits count in this process, the feed is polled"
			}
		}
		return err == nil, details
	}
}

// observe registers what operators watch beyond requests.
func observe(metrics telemetry.Registry, k *core, hasher *pwhash.Hasher, c counters) error {
	err := errors.Join(
		metrics.Gauge("signet_feed_lag_seconds", "Age of the last good look at the change feed.", nil,
			func() float64 { return k.follower.Lag().Seconds() }),
		metrics.Gauge("signet_hash_queue_waiting", "Callers who wait for a place to hash a password.", nil,
			func() float64 { return float64(hasher.Waiting()) }),
		observeJanitor(metrics, k.janitor),
		observeKeys(metrics, k.ring),
	)
	if c.redis == nil {
		return err
	}
	return errors.Join(err, metrics.Gauge("signet_redis_up", "Whether Redis is in use.", nil, func() float64 {
		if c.redis.Healthy() {
			return 1
		}
		return 0
	}))
}

// welcome says what a person who started the server wants to know next.
func (s *Server) welcome(out io.Writer) {
	c := s.config
	line := func(what, where string) { _, _ = fmt.Fprintf(out, "%-14s %s\n", what, where) }
	_, _ = fmt.Fprintf(out, "Signet %s (%s)\n", Version(), c.Env)
	line("API", s.URL)
	if s.AdminURL != "" {
		line("Documentation", s.AdminURL+"/docs")
		line("Metrics", s.AdminURL+"/metrics")
		if c.inbox() {
			line("Inbox", s.AdminURL+"/dev/inbox")
		}
	}
	if c.embedded() {
		line("Data", c.DataDir)
	}
	if c.isDevelopment() {
		_, _ = fmt.Fprintln(out, "Make an administrator: signet admin create --email you@example.com")
	}
}
