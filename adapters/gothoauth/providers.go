package gothoauth

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
	"github.com/signet-auth/signet/ports/sys"
)

// Providers are the configured ones, in the order of their options.
type Providers struct{ clients []*client }

// New makes them without any call, so that a provider that is down delays no start. Its error has one line for each mistake in the
// settings.
func New(s Settings, options []Options) (*Providers, error) {
	errs := Check(options, s.IDTokens, s.Insecure)
	var test *url.URL
	if s.TestProvider != "" {
		err := CheckTestProvider(s.TestProvider)
		if err != nil {
			errs = append(errs, err)
		}
		test, _ = url.Parse(s.TestProvider)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	p := &Providers{}
	transport := newTransport()
	for _, o := range options {
		p.clients = append(p.clients, newClient(s, o, transport, test))
	}
	return p, nil
}

// List is what the core gets.
func (p *Providers) List() []provider.Provider {
	list := make([]provider.Provider, len(p.clients))
	for i, c := range p.clients {
		list[i] = c
	}
	return list
}

// Run keeps the metadata of discovered providers up to date until ctx ends.
func (p *Providers) Run(ctx context.Context) {
	var work sync.WaitGroup
	for _, c := range p.clients {
		if c.dialect.pinned == nil {
			work.Go(func() { c.keepMetadata(ctx) })
		}
	}
	work.Wait()
}

// Health is the result of checking a provider.
type Health struct {
	Name string
	// Discovered tells that it publishes its metadata; others are known without asking.
	Discovered bool
	Err        error
}

// Check reads the providers' metadata, each within that time, and keeps none of it.
func (p *Providers) Check(ctx context.Context, each time.Duration) []Health {
	all := make([]Health, len(p.clients))
	var work sync.WaitGroup
	for i, c := range p.clients {
		all[i] = Health{Name: c.info.Name, Discovered: c.dialect.pinned == nil}
		if all[i].Discovered {
			work.Go(func() {
				asked, cancel := context.WithTimeout(ctx, each)
				defer cancel()
				_, all[i].Err = c.readMetadata(asked)
			})
		}
	}
	work.Wait()
	return all
}

// client is one configured provider.
type client struct {
	info     provider.Info
	options  Options
	dialect  dialect
	scopes   []string
	trusted  []string // mail domains
	agent    string
	insecure bool
	test     *url.URL // nil without a test provider
	timeout  time.Duration

	ids    provider.IDTokens
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	report func(context.Context, error)

	transport  http.RoundTripper
	breaker    breaker
	underWay   chan struct{}
	discovered *discovered
	keys       *keySet
}

// maxUnderWay is how many answers of one provider are completed at once. A provider that hangs ties up no more.
const maxUnderWay = 64

func newClient(s Settings, o Options, transport http.RoundTripper, test *url.URL) *client {
	c := &client{
		options: o, scopes: o.Scopes, trusted: mailDomains(o.TrustedDomains), agent: "Signet/" + s.Version, insecure: s.Insecure,
		timeout: s.Timeout, ids: s.IDTokens, now: s.Now, sleep: s.Sleep, transport: transport, underWay: make(chan struct{}, maxUnderWay),
		discovered: newDiscovered(), keys: newKeySet(),
	}
	if o.Kind != OIDC {
		c.test = test
	}
	if test != nil {
		c.insecure = true
	}
	c.report = reporter(s)
	c.dialect = c.dialectOf(o.Kind)
	if len(c.scopes) == 0 {
		c.scopes = c.dialect.scopes
	}
	c.info = provider.Info{
		Name: o.Name, DisplayName: o.DisplayName, Issuer: c.dialect.issuer, ClientID: o.ClientID,
		Callback: strings.TrimRight(s.PublicURL, "/") + "/api/oauth/" + o.Name + "/callback",
		FormPost: c.dialect.formPost, SignUp: o.SignUp,
	}
	if c.info.DisplayName == "" {
		c.info.DisplayName = c.dialect.displayName
	}
	return c
}

// Info is what is known about the provider without calling it.
func (c *client) Info() provider.Info { return c.info }

// Owns tells whether identities of an issuer are this provider's. A discovered issuer may have a trailing slash that the settings lack.
func (c *client) Owns(issuer string) bool {
	if c.options.Kind == Microsoft {
		tenant := tenantOf(issuer)
		return tenant != "" && c.allowsTenant(tenant)
	}
	return strings.TrimSuffix(issuer, "/") == strings.TrimSuffix(c.info.Issuer, "/")
}

// reporter logs what goes wrong in the background, once a minute for each cause. What goes wrong in a login is in its error.
func reporter(s Settings) func(context.Context, error) {
	var seldom sys.Seldom
	return func(ctx context.Context, err error) {
		fault := faultOf(err)
		if fault == nil || ctx.Err() != nil {
			return
		}
		if cause := string(fault.Step) + " " + fault.Code; seldom.Passes(cause, time.Minute, s.Now()) {
			// Not "code": logs take that for a secret.
			attrs := []slog.Attr{
				slog.String("provider", fault.Provider), slog.String("step", string(fault.Step)), slog.String("error_code", fault.Code),
				slog.String("remedy", fault.Remedy),
			}
			if fault.Err != nil {
				attrs = append(attrs, slog.Any("error", fault.Err))
			}
			s.Log.LogAttrs(ctx, slog.LevelWarn, "a provider can't be used", attrs...)
		}
	}
}

func faultOf(err error) *provider.Fault {
	fault, _ := errors.AsType[*provider.Fault](err)
	return fault
}

// secret is our client secret at an exchange.
func (c *client) secret() (domain.Secret, error) {
	if c.options.Kind != Apple {
		return c.options.ClientSecret, nil
	}
	return c.ids.ClientSecret(c.options.appleKey(), c.options.ClientID, c.now())
}
