package e2e_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
)

// PUBLIC_URL has a path, below which everything lies for a browser: with a proxy that takes it off, and with one that leaves it.
func TestThePublicURLHasAPath(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"/auth", "/api"} { // the second is how our own paths begin
		for name, strip := range map[string]bool{"taken off": true, "left": false} {
			t.Run(base+" is "+name, func(t *testing.T) {
				t.Parallel()
				var target *url.URL
				proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					forward := httputil.NewSingleHostReverseProxy(target)
					if strip {
						http.StripPrefix(base, forward).ServeHTTP(w, r)
						return
					}
					forward.ServeHTTP(w, r)
				}))
				t.Cleanup(proxy.Close)
				public := strings.Replace(proxy.URL, "127.0.0.1", "localhost", 1) + base
				s := testkit.Start(t, testkit.Options{Env: map[string]string{"PUBLIC_URL": public}})
				target = hostOf(t, s.URL)
				account := s.NewAccount()
				jar, err := cookiejar.New(nil)
				if err != nil {
					t.Fatal(err)
				}
				browser := &http.Client{Jar: jar}
				call := func(method, path, body string) *http.Response {
					t.Helper()
					r, err := http.NewRequestWithContext(t.Context(), method, public+path, strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("X-Signet", "1")
					r.Header.Set("Origin", "http://"+r.URL.Host)
					answer, err := browser.Do(r)
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = answer.Body.Close() })
					return answer
				}
				login := call("POST", "/api/auth/login", `{"email": "`+account.Email+`", "password": "`+account.Password+`", "transport": "cookie"}`)
				if got := login.Header.Get("Set-Cookie"); login.StatusCode != http.StatusOK || !strings.Contains(got, "Path="+base+"/api/auth;") {
					t.Fatalf("login: %d, cookie %s", login.StatusCode, got)
				}
				for _, step := range []struct {
					path string
					want int
				}{{"/api/auth/refresh", http.StatusOK}, {"/api/auth/refresh", http.StatusOK}, {"/api/auth/logout", http.StatusOK}, {"/api/auth/refresh", http.StatusBadRequest}} {
					if got := call("POST", step.path, "{}"); got.StatusCode != step.want {
						t.Errorf("%s: %d, want %d", step.path, got.StatusCode, step.want)
					}
				}
				for _, path := range []string{"/.well-known/jwks.json", "/openapi.json", "/livez", "/api/auth/verify-email/" + strings.Repeat("a", 43)} {
					if got := call("GET", path, ""); got.StatusCode == http.StatusNotFound {
						t.Errorf("%s is not found", path)
					}
				}
				if got := s.Client().Do(get("/openapi.json", "")).JSON()["servers"].([]any)[0].(testkit.Object)["url"]; got != public {
					t.Errorf("the document names %v", got)
				}
			})
		}
	}
}
