package gothoauth_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/gothoauth"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/provider"
	"github.com/signet-auth/signet/test/idp/idp"
)

func TestAnIssuerThatIsDownDelaysNobody(t *testing.T) { // headscale#827, oauth2-proxy#3489
	w := newWorld(t)
	acme := w.acme()
	acme.Misbehave("discovery_down")
	type wait struct {
		time.Duration
		read int // documents asked for so far
	}
	waits := make(chan wait)
	w.settings.Sleep = func(ctx context.Context, d time.Duration) error {
		select {
		case waits <- wait{d, len(acme.Requests(idp.Discovery))}:
			w.pass(d)
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	providers, err := gothoauth.New(w.settings, []gothoauth.Options{w.options(acme), w.options(w.Google)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		providers.Run(ctx)
	}()
	for _, want := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute} {
		if wait := <-waits; wait.Duration != want {
			t.Errorf("waits %v, want %v", wait.Duration, want)
		}
	}
	acme.Set(idp.Switches{})
	known := <-waits
	for known.Duration != 24*time.Hour {
		known = <-waits
	}
	if next := <-waits; next.Duration != 24*time.Hour || next.read != known.read+1 {
		t.Errorf("after %d reads it waits %v and reads %d times more, want once a day", known.read, next.Duration, next.read-known.read)
	}
	stop()
	<-done
	if said := strings.Count(w.log.String(), "a provider can't be used"); said < 2 || said > 4 {
		t.Errorf("said %d times: %s", said, w.log)
	}
	acme.Misbehave("discovery_down")
	w.pass(1000 * time.Hour)
	if _, err := login(t, providers.List()[0]); err != nil {
		t.Errorf("what is known is not used while the issuer is away: %v", err)
	}
}

func TestMetadataIsReadOnDemandAndOnce(t *testing.T) {
	w := newWorld(t)
	p := w.open(t, w.acme())
	w.acme().Misbehave("discovery_down")
	if _, err := p.Begin(t.Context(), porttest.NewAttempt(1)); !errors.Is(err, domain.ErrProviderUnavailable) {
		t.Error(err)
	}
	if _, err := p.Begin(t.Context(), porttest.NewAttempt(1)); !errors.Is(err, domain.ErrProviderUnavailable) {
		t.Error(err)
	}
	if n := len(w.acme().Requests(idp.Discovery)); n != 1 {
		t.Errorf("asked %d times within a second", n)
	}
	w.acme().Reset()
	w.pass(time.Second)
	for range 3 {
		if _, err := login(t, p); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(w.acme().Requests(idp.Discovery)); n != 1 {
		t.Errorf("read %d times", n)
	}
}

func TestManyAtOnceAskOnce(t *testing.T) {
	w := newWorld(t)
	p := w.open(t, w.acme())
	logins := func() {
		var group sync.WaitGroup
		for n := range 32 {
			group.Go(func() {
				a := porttest.NewAttempt(n)
				address, err := p.Begin(t.Context(), a)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := p.Complete(t.Context(), a, answerOf(idp.Visit(t, address).Params())); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
	logins()
	w.acme().Rotate("")
	w.pass(time.Minute)
	logins()
	if documents, keys := len(w.acme().Requests(idp.Discovery)), len(w.acme().Requests(idp.Keys)); documents != 1 || keys != 2 {
		t.Errorf("the document was read %d times, the keys %d times", documents, keys)
	}
}

func TestAnIssuerOfAnotherNameWithinTheNetwork(t *testing.T) { // vault#25024
	w := newWorld(t)
	acme := w.acme()
	const outside = "https://id.example.com/realms/acme"
	acme.Set(idp.Switches{
		Documents: map[idp.Endpoint]idp.Object{idp.Discovery: {"issuer": outside}}, Claims: idp.Object{"iss": outside},
		Answer: map[string]string{"iss": outside},
	})
	got, err := login(t, w.open(t, acme, func(o *gothoauth.Options) {
		o.URL, o.DiscoveryURL = outside, acme.Issuer+"/.well-known/openid-configuration"
	}))
	if err != nil || got.Issuer != outside {
		t.Errorf("%q, %v", got.Issuer, err)
	}
}

func TestAnEndpointOfADocumentMustBeUsable(t *testing.T) {
	w := newWorld(t)
	for _, endpoint := range []string{"", "/relative", "ftp://id.example.com/", "javascript:alert(1)"} {
		w.acme().Set(idp.Switches{Documents: map[idp.Endpoint]idp.Object{idp.Discovery: {"authorization_endpoint": endpoint}}})
		if address, err := w.open(t, w.acme()).Begin(t.Context(), porttest.NewAttempt(1)); faultOf(err).Code != "endpoints" {
			t.Errorf("%q: %s, %v", endpoint, address, err)
		}
	}
}

func TestKeysAreKeptAndRenewed(t *testing.T) {
	w := newWorld(t)
	p := w.open(t, w.Google)
	read := func() int { return len(w.Google.Requests(idp.Keys)) }
	works := func(what string, reads int) {
		t.Helper()
		if _, err := login(t, p); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if read() != reads {
			t.Errorf("%s: keys were read %d times, want %d", what, read(), reads)
		}
	}
	works("the first", 1)
	works("the second", 1)
	w.Google.Rotate("")
	if _, err := login(t, p); faultOf(err).Code != "unknown_key" || read() != 1 {
		t.Errorf("a kid that is not known, within 30 s: %v, read %d times", err, read())
	}
	w.pass(31 * time.Second)
	works("rotated", 2)
	w.Google.Misbehave("unknown_kid")
	for range 5 {
		if _, err := login(t, p); !errors.Is(err, domain.ErrProviderFailed) {
			t.Error(err)
		}
	}
	w.Google.Set(idp.Switches{})
	if read() != 2 {
		t.Errorf("kids that somebody makes up: read %d times", read())
	}
	w.pass(61 * time.Minute) // Cache-Control says an hour
	works("an hour later", 3)
	w.pass(61 * time.Minute)
	w.Google.Misbehave("keys_down")
	works("stale, while the provider is away", 4)
	works("and not asked for by each", 4)
	w.pass(31 * time.Second)
	works("but again", 5)
	w.pass(24 * time.Hour)
	if _, err := login(t, p); !errors.Is(err, domain.ErrProviderUnavailable) || faultOf(err).Step != provider.StepKeys {
		t.Errorf("stale for more than a day: %v", err)
	}
	w.Google.Set(idp.Switches{})
	w.Google.Rotate("ES256")
	works("and back", 7)
}

func TestCheckReadsWhatProvidersPublish(t *testing.T) {
	w := newWorld(t)
	acme := w.acme()
	providers, err := gothoauth.New(w.settings, []gothoauth.Options{w.options(acme), w.options(w.GitHub)})
	if err != nil {
		t.Fatal(err)
	}
	for _, health := range providers.Check(t.Context(), 5*time.Second) {
		if health.Err != nil || health.Discovered != (health.Name == "acme") {
			t.Errorf("%+v", health)
		}
	}
	acme.Misbehave("discovery_down")
	if health := providers.Check(t.Context(), 5*time.Second)[0]; faultOf(health.Err).Step != provider.StepDiscovery {
		t.Errorf("%+v", health)
	}
}
