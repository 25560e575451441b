package browser_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

// behindTLS starts a server behind a proxy that ends TLS, as in production, and returns its address for browsers.
func behindTLS(t *testing.T, env map[string]string) (*testkit.Server, string) {
	t.Helper()
	proxy := httptest.NewUnstartedServer(nil)
	t.Cleanup(proxy.Close)
	public := "https://" + strings.Replace(proxy.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
	env["PUBLIC_URL"] = public
	s := testkit.Start(t, testkit.Options{Env: env})
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy.Config.Handler = httputil.NewSingleHostReverseProxy(target)
	proxy.StartTLS()
	return s, public
}

// TestTheCookieOverHTTPS: browsers take the cookie by its name of production, and none on another site unless COOKIE_SAMESITE
// says so. There they may still refuse it, as ones that block third-party cookies do; so that is not tried here.
func TestTheCookieOverHTTPS(t *testing.T) {
	for name, deployment := range map[string]struct {
		host, setting string
		sent          network.CookieSameSite // empty: the browser keeps none
	}{
		"strict, to a front end on the same site": {"localhost", "strict", network.CookieSameSiteStrict},
		"strict, to one on another site":          {"127.0.0.1", "strict", ""},
		"none":                                    {"localhost", "none", network.CookieSameSiteNone},
	} {
		t.Run(name, func(t *testing.T) {
			b := browser.Open(t)
			front := site(t, httptest.NewTLSServer, deployment.host)
			s, api := behindTLS(t, map[string]string{"CORS_ORIGINS": front, "COOKIE_SAMESITE": deployment.setting})
			b.Go(front + document)
			if in := call(b, api+"/api/auth/login", loginBody(s.NewAccount()), "{}"); in.Status != http.StatusOK {
				t.Fatalf("login: %+v", in)
			}
			if deployment.sent == "" {
				if kept := jar(t, b, api+"/api/auth/refresh"); len(kept) != 0 {
					t.Errorf("%d cookies", len(kept))
				}
				return
			}
			got := signed(t, b, api)
			if got.Name != "__Secure-signet_rt" || !got.Secure || !got.HTTPOnly || got.SameSite != deployment.sent || got.Path != "/api/auth" {
				t.Errorf("%+v", got)
			}
			if r := call(b, api+"/api/auth/refresh", "null", `{headers: {"X-Signet": "1"}}`); r.Status != http.StatusOK {
				t.Errorf("refresh: %+v", r)
			}
			if r := call(b, api+"/api/auth/logout", "null", `{headers: {"X-Signet": "1"}}`); r.Status != http.StatusOK {
				t.Errorf("logout: %+v", r)
			}
			if kept := jar(t, b, api+"/api/auth/refresh"); len(kept) != 0 {
				t.Errorf("%d cookies after logout", len(kept))
			}
		})
	}
}
