package run

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/adapters/echohttp/pages"
	"github.com/signet-auth/signet/adapters/echohttp/rest"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/app"
	"github.com/signet-auth/signet/app/feed"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

// listen binds the listeners before the core is made: with port 0 the core needs to know where it is reached. The returned
// function gives the core to the listeners, which serve nothing before.
func (s *Server) listen(
	db *bunsql.DB, l limiters, m mailSetup, sealer secure.Sealer, t telemetrySetup,
) (*echohttp.Server, func(a *app.App, at whereabouts, logo pages.Logo), error) {
	c := s.config
	var ready func(context.Context) (bool, map[string]string)
	var authenticate func(context.Context, domain.Secret) (domain.Actor, error)
	var mayProxy func(context.Context, domain.Actor) error
	var used func(domain.Actor, domain.Origin)
	var stopped func() []guard.Stopped
	follow, drain := &lateFeed{}, func() {}
	api, err := echohttp.New(echohttp.Options{
		System: c.System, Log: s.log, LogRequests: bool(c.LogRequests), ShortLog: c.LogFormat == "text", Limiter: l.local,
		Metrics: t.meters.requests, Tracer: t.tracer,
		Authenticate: func(ctx context.Context, token domain.Secret) (domain.Actor, error) { return authenticate(ctx, token) },
		MayProxy:     func(ctx context.Context, a domain.Actor) error { return mayProxy(ctx, a) },
		Used:         func(a domain.Actor, from domain.Origin) { used(a, from) },
		Limits: echohttp.Limits{
			Anonymous: c.LimitAnonymous, Forged: c.LimitForged, Authenticated: c.LimitCalls,
		},
		TrustedProxies: c.Proxies, CORSOrigins: c.Origins, PublicURL: c.PublicURL, CookieSameSite: c.sameSite(), Version: api.Version, Guide: rest.Guide, Examples: rest.Examples,
		Development: c.isDevelopment(), DevPeers: c.DevPeers,
		Feed: follow, Drain: func() { drain() },
		Probed: newProbe(sealer, time.Now).accepts, // two machines compare their real clocks
		Ready:  func(ctx context.Context) (bool, map[string]string) { return ready(ctx) },
	})
	if err != nil {
		return nil, nil, err
	}
	admin := echohttp.NewAdmin(api, echohttp.AdminOptions{Metrics: t.registry, Inbox: c.showInbox(m.inbox, func() []guard.Stopped { return stopped() }), Profile: true})
	options := echohttp.ServerOptions{
		PublicAddr: c.publicAddr(), Log: s.log,
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
	return listeners, func(a *app.App, at whereabouts, logo pages.Logo) {
		follow.Follower, drain = a.Feed, a.Stream.Drain
		authenticate, mayProxy, used = a.Authenticator.Authenticate, a.Directory.RequireLoginProxy, a.Usage.Used
		ready, stopped = readiness(a, l, db), a.Stops.Recent
		api.ServedAt(at.publicURL)
		site := pages.NewSite(pages.Options{
			Product: c.ProductName, Logo: logo, PublicURL: at.publicURL, AfterVerify: c.AfterVerify, AfterReset: c.AfterReset,
		})
		for _, r := range append(resources(a, c, at, site), &pages.Landing{Site: site, Welcome: s.welcome.page()}) {
			r.Mount(api)
		}
	}, nil
}

// whereabouts is where clients reach the server, and the pages of other sites that may use its passkeys.
type whereabouts struct {
	publicURL string
	related   []string
}

// lateFeed is the feed of a core that is made after the listeners.
type lateFeed struct{ *feed.Follower }

// resource is a group of routes.
type resource interface{ Mount(*echohttp.API) }

func resources(a *app.App, c *Config, at whereabouts, site *pages.Site) []resource {
	return []resource{
		&rest.Auth{Service: a.Auth, Providers: a.Federation},
		&rest.Passwords{Service: a.Password},
		&rest.Factors{Service: a.Factors},
		&rest.Devices{Service: a.Factors},
		&rest.Profile{Service: a.Profile, Providers: a.Federation},
		&rest.Account{Service: a.Users},
		&rest.Sessions{Service: a.Sessions},
		&rest.Services{Service: a.Services},
		&rest.Roles{Service: a.Roles},
		&rest.Permissions{Service: a.Permissions},
		&rest.Assignments{Service: a.Assignments},
		&rest.Authz{Service: a.Authz},
		&rest.Revocations{Hub: a.Stream},
		&rest.Users{Service: a.Users, Providers: a.Federation},
		&rest.Audit{Service: a.AuditLog},
		&rest.AppTokens{Service: a.AppTokens},
		&rest.OAuth{Service: a.OAuth},
		&rest.Providers{Service: a.Federation},
		&rest.ProviderLogin{
			Service: a.Federation, Host: c.developmentHost(at.publicURL), ReturnPage: site.ReturnToApp, NextPage: site.NextStep,
			FailedPage: site.LoginNotKnown, IsBrowser: pages.WantsHTML,
		},
		&rest.WellKnown{JWKS: a.Keys.JWKS, Issuer: a.Minter.Issuer, PublicURL: at.publicURL, Algorithm: string(a.Keys.Policy.Algorithm), RelatedOrigins: at.related},
		&pages.VerificationLink{Service: a.Auth, Site: site, ConsumeOnAnyGet: c.VerifyGet == "consume"},
		&pages.ResetLink{Service: a.Password, Site: site},
		&pages.EmailChangeLink{Service: a.Profile, Site: site},
		&pages.FactorUndoLink{Service: a.Factors, Site: site},
		&pages.LogoImage{Site: site},
	}
}

// developmentHost is the name that a browser on this machine must use, so that its cookies are found again; empty in production.
func (c *Config) developmentHost(publicURL string) string {
	u, err := url.Parse(publicURL)
	if err != nil || !c.isDevelopment() || u.Scheme != "http" {
		return ""
	}
	return u.Host
}

// reachable is a listener's address as a URL's host: one that listens everywhere is reached at localhost.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

// readiness: without the database calls are answered from memory for as long as the feed is fresh, and a load balancer that sent them
// nowhere would take that from all replicas at once. Without Redis everything can be served, a little less well.
func readiness(a *app.App, l limiters, db *bunsql.DB) func(context.Context) (bool, map[string]string) {
	return func(ctx context.Context) (bool, map[string]string) {
		details := map[string]string{"database": "ok", "feed": fmt.Sprintf("%.1fs behind", a.Feed.Lag().Seconds()), "redis": "not used"}
		if db.Ping(ctx) != nil {
			details["database"] = "unavailable"
		} else if db.ReadOnly() {
			details["database"] = "read-only: it refuses writes"
		}
		if l.redis != nil {
			details["redis"] = "ok"
			if !l.redis.Healthy() {
				details["redis"] = "unavailable: limits count in this process, the feed is polled"
			}
		}
		return a.Feed.Fresh(ctx) == nil, details
	}
}
