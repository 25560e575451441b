package gothoauth_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/gothoauth"
	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/provider"
	"github.com/signet-auth/signet/test/idp/idp"
)

const publicURL = "http://localhost:5000"

// world is a server that plays all providers, and the settings to reach it.
type world struct {
	*idp.Server

	settings gothoauth.Settings
	log      *strings.Builder

	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Now().Truncate(time.Second), log: &strings.Builder{}}
	w.Server = idp.Start(t, idp.Options{PublicURL: publicURL, Now: w.clock})
	w.settings = gothoauth.Settings{
		PublicURL: publicURL, Version: "1.2.3", Timeout: 10 * time.Second, Insecure: true, TestProvider: w.URL,
		IDTokens: jwtoken.IDTokens{}, Now: w.clock, Log: slog.New(slog.NewTextHandler(w.log, nil)),
		Sleep: func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() },
	}
	return w
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// acme is the generic issuer of these tests.
func (w *world) acme() *idp.Provider { return w.Issuer("acme") }

// options are those with which a provider of the world is reached.
func (w *world) options(p *idp.Provider) gothoauth.Options {
	o := gothoauth.Options{
		Kind: gothoauth.Kind(p.Name), Name: p.Name, Prefix: strings.ToUpper(p.Name), ClientID: p.ClientID, ClientSecret: domain.NewSecret(p.Secret()),
		SignUp: true,
	}
	switch p {
	case w.Apple:
		o.Apple = provider.AppleKey{TeamID: idp.AppleTeamID, KeyID: idp.AppleKeyID, PEM: domain.NewSecret(strings.ReplaceAll(p.ApplePEM(), "\n", `\n`))}
	case w.GitLab:
		o.URL = p.URL
	case w.Google, w.Microsoft, w.Discord, w.GitHub, w.Facebook:
	default:
		o.Kind, o.Prefix, o.URL = gothoauth.OIDC, "OIDC_"+o.Prefix, p.Issuer
	}
	return o
}

func (w *world) all() []*idp.Provider {
	return []*idp.Provider{w.Google, w.Microsoft, w.Apple, w.Discord, w.GitHub, w.GitLab, w.Facebook, w.acme()}
}

func openID(p *idp.Provider) bool { return p.Issuer != "" }

// open makes one provider.
func (w *world) open(t *testing.T, p *idp.Provider, changes ...func(*gothoauth.Options)) provider.Provider {
	t.Helper()
	o := w.options(p)
	for _, change := range changes {
		change(&o)
	}
	providers, err := gothoauth.New(w.settings, []gothoauth.Options{o})
	if err != nil {
		t.Fatal(err)
	}
	return providers.List()[0]
}

func answerOf(params url.Values) provider.Answer {
	return provider.Answer{
		Code: domain.NewSecret(params.Get("code")), Issuer: params.Get("iss"), Error: params.Get("error"), ErrorCode: params.Get("error_code"),
		ErrorDescription: params.Get("error_description"), User: params.Get("user"),
	}
}

// login is one whole login. Its error must tell nothing that is secret.
func login(t *testing.T, p provider.Provider) (provider.Profile, error) {
	t.Helper()
	a := porttest.NewAttempt(1)
	address, err := p.Begin(t.Context(), a)
	if err != nil {
		return provider.Profile{}, err
	}
	visited := idp.Visit(t, address)
	if visited.Problem != "" {
		t.Fatal(visited.Problem)
	}
	answer := answerOf(visited.Params())
	profile, err := p.Complete(t.Context(), a, answer)
	if err != nil {
		for _, secret := range []string{a.Verifier.Reveal(), a.Nonce, "-secret", "access_token", "Trace ID", "<!DOCTYPE"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells %q: %v", secret, err)
			}
		}
		if code := answer.Code.Reveal(); code != "" && strings.Contains(err.Error(), code) {
			t.Errorf("the error tells the code: %v", err)
		}
		if profile != (provider.Profile{}) {
			t.Errorf("a profile with an error: %+v", profile)
		}
	}
	return profile, err
}

func faultOf(err error) provider.Fault {
	if fault, ok := errors.AsType[*provider.Fault](err); ok {
		return *fault
	}
	return provider.Fault{}
}

func TestContract(t *testing.T) {
	for i, name := range []string{"google", "microsoft", "apple", "discord", "github", "gitlab", "facebook", "acme"} {
		t.Run(name, func(t *testing.T) {
			porttest.Provider(t, func(t *testing.T) porttest.Upstream {
				w := newWorld(t)
				p := w.all()[i]
				return porttest.Upstream{
					Provider: w.open(t, p), OpenID: openID(p),
					Visit: func(t *testing.T, address string) provider.Answer { return answerOf(idp.Visit(t, address).Params()) },
					Break: func() { p.Misbehave("token_down") },
				}
			})
		})
	}
}
