package gothoauth_test

import (
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
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

func TestNoTokenStandsInAQuery(t *testing.T) {
	w := newWorld(t)
	for _, p := range w.all() {
		if _, err := login(t, w.open(t, p)); err != nil {
			t.Fatal(p.Name, err)
		}
		for _, r := range p.Requests("") {
			if r.Query.Has("access_token") || r.Endpoint != idp.Authorize && (r.Query.Has("code") || r.Query.Has("client_secret")) {
				t.Errorf("%s: %s?%s", p.Name, r.Path, r.Query.Encode())
			}
			if r.Endpoint != idp.Authorize && r.Header.Get("User-Agent") != "Signet/1.2.3" {
				t.Errorf("%s: %s by %q", p.Name, r.Path, r.Header.Get("User-Agent"))
			}
			if r.Endpoint == idp.UserInfo && !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
				t.Errorf("%s: %s without a bearer", p.Name, r.Path)
			}
		}
	}
}

func TestTheSecretGoesTheWayThatTheProviderTakes(t *testing.T) {
	w := newWorld(t)
	acme := w.acme()
	exchange := func(change func(*gothoauth.Options)) idp.Request {
		t.Helper()
		if _, err := login(t, w.open(t, acme, change)); err != nil {
			t.Fatal(err)
		}
		all := acme.Requests(idp.Token)
		return all[len(all)-1]
	}
	set := func(tokenAuth string) func(*gothoauth.Options) {
		return func(o *gothoauth.Options) { o.TokenAuth = tokenAuth }
	}
	for _, row := range []struct {
		auth, fault string
		basic       bool
	}{
		{"auto", "", false}, {"auto", "basic_only", true}, {"auto", "post_only", false}, {"basic", "", true}, {"post", "", false},
	} {
		acme.Set(idp.Switches{})
		if row.fault != "" {
			acme.Misbehave(row.fault)
		}
		r := exchange(set(row.auth))
		if basic := r.Header.Get("Authorization") != ""; basic != row.basic || basic == r.Form.Has("client_secret") {
			t.Errorf("%+v: header %v, form %v", row, basic, r.Form.Has("client_secret"))
		}
	}
	acme.Set(idp.Switches{})
	acme.SetSecret("")
	r := exchange(func(o *gothoauth.Options) { o.ClientSecret = domain.Secret{} })
	if r.Header.Get("Authorization") != "" || r.Form.Has("client_secret") || !r.Form.Has("code_verifier") || r.Form.Get("client_id") != acme.ClientID {
		t.Errorf("a public client: %v", r.Form)
	}
	acme.Misbehave("no_s256")
	_, err := login(t, w.open(t, acme, func(o *gothoauth.Options) { o.ClientSecret = domain.Secret{} }))
	if !errors.Is(err, domain.ErrProviderUnavailable) || !strings.Contains(faultOf(err).Remedy, "OIDC_ACME_CLIENT_SECRET") {
		t.Errorf("a public client without S256: %v", err)
	}
}

func TestAProviderTiesUpNoMoreThanItsPlaces(t *testing.T) {
	w := newWorld(t)
	p := w.open(t, w.Google)
	release := w.Google.Hold(idp.Token)
	complete := func(n int) error {
		a := porttest.NewAttempt(n)
		address, err := p.Begin(t.Context(), a)
		if err != nil {
			return err
		}
		_, err = p.Complete(t.Context(), a, answerOf(idp.Visit(t, address).Params()))
		return err
	}
	var group sync.WaitGroup
	for n := range 64 {
		group.Go(func() {
			if err := complete(n); err != nil {
				t.Error(err)
			}
		})
	}
	for len(w.Google.Requests(idp.Token)) < 64 {
		time.Sleep(time.Millisecond)
	}
	if err := complete(64); !errors.Is(err, domain.ErrBusy) {
		t.Error(err)
	}
	release()
	group.Wait()
	if err := complete(65); err != nil {
		t.Error("afterwards: ", err)
	}
}

func TestAPersonWhoHangsUpIsNobodysFailure(t *testing.T) {
	w := newWorld(t)
	p := w.open(t, w.Google)
	release := w.Google.Hold(idp.Token)
	for n := range 6 {
		ctx, cancel := context.WithCancel(t.Context())
		a := porttest.NewAttempt(n)
		address, err := p.Begin(ctx, a)
		if err != nil {
			t.Fatal(err)
		}
		answer := answerOf(idp.Visit(t, address).Params())
		asked := len(w.Google.Requests(idp.Token))
		go func() {
			for len(w.Google.Requests(idp.Token)) == asked {
				time.Sleep(time.Millisecond)
			}
			cancel()
		}()
		if _, err := p.Complete(ctx, a, answer); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	release()
	if _, err := login(t, p); err != nil {
		t.Error(err)
	}
}

func TestACertificateThatNobodyVouchesForIsRefused(t *testing.T) {
	w := newWorld(t)
	issuer := httptest.NewTLSServer(http.NotFoundHandler())
	defer issuer.Close()
	p := w.open(t, w.acme(), func(o *gothoauth.Options) { o.URL = issuer.URL })
	_, err := p.Begin(t.Context(), porttest.NewAttempt(1))
	if fault := faultOf(err); !errors.Is(err, domain.ErrProviderUnavailable) || fault.Code != "certificate" || !strings.Contains(fault.Remedy, "SSL_CERT_FILE") {
		t.Error(err)
	}
}

// again runs a test in a process of its own: Go reads some variables once.
func again(t *testing.T, name string, env ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+name+"$")
	cmd.Env = append(append(os.Environ(), "SIGNET_TEST_AGAIN=1"), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func TestHTTPSProxyIsHonoured(t *testing.T) {
	if os.Getenv("SIGNET_TEST_AGAIN") != "" {
		w := newWorld(t)
		w.settings.TestProvider = ""
		_, err := w.open(t, w.Google).Complete(t.Context(), porttest.NewAttempt(1), provider.Answer{Code: domain.NewSecret("code")})
		if err == nil {
			t.Error("no error")
		}
		return
	}
	var mu sync.Mutex
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.Host)
		rw.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	again(t, t.Name(), "HTTPS_PROXY="+proxy.URL, "NO_PROXY=")
	if len(asked) != 1 || asked[0] != "CONNECT oauth2.googleapis.com:443" {
		t.Errorf("%q", asked)
	}
}

func TestProductionSpeaksTLSOnly(t *testing.T) {
	if os.Getenv("SIGNET_TEST_AGAIN") == "" {
		server := httptest.NewTLSServer(http.NotFoundHandler()) // all of them have one certificate
		defer server.Close()
		path := filepath.Join(t.TempDir(), "authority.pem")
		text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		again(t, t.Name(), "SSL_CERT_FILE="+path)
		return
	}
	w := newWorld(t)
	w.settings.TestProvider, w.settings.Insecure = "", false
	var secure *idp.Server
	front := httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { secure.ServeHTTP(rw, r) }))
	defer front.Close()
	secure = idp.New(front.URL, idp.Options{PublicURL: publicURL, Now: w.clock})
	defer secure.Stop()
	acme := secure.Issuer("acme")
	if got, err := login(t, w.open(t, acme)); err != nil || !got.Proved {
		t.Fatalf("%+v, %v", got, err)
	}
	plain := w.acme() // the same by http
	acme.Set(idp.Switches{
		Documents: map[idp.Endpoint]idp.Object{idp.Discovery: {"userinfo_endpoint": plain.URL + "/userinfo"}}, Claims: idp.Object{"email": idp.Omit},
	})
	if got, err := login(t, w.open(t, acme)); err != nil || got.Email != "" || len(plain.Requests("")) > 0 {
		t.Errorf("%+v, %v, asked %d times", got, err, len(plain.Requests("")))
	}
	acme.Set(idp.Switches{Documents: map[idp.Endpoint]idp.Object{idp.Discovery: {"token_endpoint": plain.URL + "/token"}}})
	if _, err := login(t, w.open(t, acme)); faultOf(err).Code != "endpoints" {
		t.Error(err)
	}
}
