package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

func TestBeginningALoginThroughAProvider(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := startFederated(t, b, map[string]string{"CORS_ORIGINS": "http://127.0.0.1:4000"}, "google", "discord")
		host, app := strings.TrimPrefix(f.public(), "http://"), newApplication()
		begin := func(provider string, query url.Values, header http.Header) testkit.Request {
			h := http.Header{"Host": {host}}
			maps.Copy(h, header)
			return testkit.Request{Path: "/api/oauth/" + provider + "?" + query.Encode(), Header: h}
		}
		without := func(name string) url.Values { q := app.query(); q.Del(name); return q }
		and := func(name, value string) url.Values { q := app.query(); q.Set(name, value); return q }

		t.Run("stores nothing", func(t *testing.T) {
			for range 3 {
				f.visitor(t).begin("google", app.query())
			}
			if n := f.Record().Count("SELECT count(*) FROM flows"); n != 0 {
				t.Errorf("%d rows of strangers", n)
			}
		})
		t.Run("sends state, nonce and an S256 challenge, new ones each time", func(t *testing.T) {
			seen := map[string]bool{}
			for range 2 {
				u, err := url.Parse(f.visitor(t).begin("google", and("login_hint", "ada@example.com")))
				if err != nil {
					t.Fatal(err)
				}
				q := u.Query()
				for _, name := range []string{"state", "nonce", "code_challenge"} {
					if len(q.Get(name)) != 43 || seen[q.Get(name)] {
						t.Errorf("%s=%q", name, q.Get(name))
					}
					seen[q.Get(name)] = true
				}
				if q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" || q.Get("login_hint") != "ada@example.com" ||
					q.Get("redirect_uri") != f.public()+"/api/oauth/google/callback" || strings.Contains(u.RawQuery, url.QueryEscape(app.state)) {
					t.Errorf("%s", u)
				}
			}
		})
		for name, row := range map[string]struct {
			request testkit.Request
			want    string
		}{
			"an unknown provider":             {begin("nobody", app.query(), nil), "404 not_found"},
			"one that is not configured":      {begin("github", app.query(), nil), "404 not_found"},
			"a prefetch":                      {begin("google", app.query(), http.Header{"Sec-Purpose": {"prefetch;prerender"}}), "409 confirmation_required"},
			"a framework's prefetch":          {begin("google", app.query(), http.Header{"Next-Router-Prefetch": {"1"}}), "409 confirmation_required"},
			"a fetch":                         {begin("google", app.query(), http.Header{"Sec-Fetch-Mode": {"cors"}, "Sec-Fetch-Dest": {"empty"}}), "400 invalid_request"},
			"a frame":                         {begin("google", app.query(), http.Header{"Sec-Fetch-Mode": {"navigate"}, "Sec-Fetch-Dest": {"iframe"}}), "400 invalid_request"},
			"a redirect without challenge":    {begin("google", without("code_challenge"), nil), "400 invalid_request"},
			"a challenge that is none":        {begin("google", and("code_challenge", "plain"), nil), "400 invalid_request"},
			"a redirect elsewhere":            {begin("google", and("redirect_to", "https://evil.example/"), nil), "400 invalid_request"},
			"a state that is too long":        {begin("google", and("state", strings.Repeat("s", 257)), nil), "400 invalid_request"},
			"a prompt that is none":           {begin("google", and("prompt", "none"), nil), "400 invalid_request"},
			"a parameter given twice":         {testkit.Request{Path: "/api/oauth/google?state=a&state=b", Header: http.Header{"Host": {host}}}, "400 invalid_request"},
			"an invented ticket":              {begin("google", url.Values{"ticket": {strings.Repeat("0", 43)}}, nil), "400 invalid_token"},
			"HEAD, which must have no effect": {testkit.Request{Method: http.MethodHead, Path: "/api/oauth/google", Header: http.Header{"Host": {host}}, OffContract: true}, "405"},
		} {
			t.Run("refuses "+name, func(t *testing.T) {
				if got := f.api.In(t).Do(row.request); got.Outcome() != row.want || got.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s, want %s: %s", got.Outcome(), row.want, got.Body)
				}
			})
		}
		t.Run("an unknown service goes home as an error", func(t *testing.T) {
			home := sentHome(t, f.api.In(t).Do(begin("google", and("service", "nobody"), nil)))
			if home.Get("error") != "unknown_service" || home.Get("state") != app.state || home.Get("provider") != "google" || home.Get("request_id") == "" || home.Has("code") {
				t.Errorf("%v", home)
			}
		})
		t.Run("another name of this machine is sent to the one that keeps the cookies, once", func(t *testing.T) {
			first := f.api.In(t).Do(begin("google", app.query(), http.Header{"Host": {strings.Replace(host, "localhost", "127.0.0.1", 1)}})).Want(http.StatusSeeOther, "")
			if location := first.Header.Get("Location"); !strings.HasPrefix(location, f.public()+"/api/oauth/google?") || !strings.HasSuffix(location, "_host=1") {
				t.Errorf("sent to %s", location)
			}
			again := f.api.In(t).Do(begin("google", and("_host", "1"), http.Header{"Host": {"other:1"}})).Want(http.StatusSeeOther, "")
			if !strings.Contains(again.Header.Get("Location"), "accounts.google.com") {
				t.Errorf("sent to %s", again.Header.Get("Location"))
			}
		})
		t.Run("no page of another origin may read the doors, and a popup keeps its opener", func(t *testing.T) {
			origin := http.Header{"Origin": {"http://127.0.0.1:4000"}}
			for _, path := range []string{"google", "google/callback"} {
				got := f.api.In(t).Do(begin(path, app.query(), origin))
				if got.Header.Get("Access-Control-Allow-Origin") != "" || got.Header.Get("Cross-Origin-Opener-Policy") != "unsafe-none" || got.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s: %v", path, got.Header)
				}
			}
			request := testkit.Request{Path: "/api/oauth/providers", Header: origin}
			if got := f.api.In(t).Do(request); got.Header.Get("Access-Control-Allow-Origin") == "" {
				t.Error("applications may not list the providers")
			}
		})
		t.Run("a browser keeps four attempts, and no answer's headers outgrow a proxy's buffer", func(t *testing.T) {
			v, long := f.visitor(t), app.query()
			long.Set("redirect_to", home+"?"+strings.Repeat("x", 512-len(home)-1))
			long.Set("state", strings.Repeat("s", 256))
			for range 7 {
				before := len(v.cookies)
				answer := v.open(http.MethodGet, f.public()+"/api/oauth/google?"+long.Encode(), nil).Want(http.StatusSeeOther, "")
				size := 0
				for name, values := range answer.Header {
					for _, value := range values {
						size += len(name) + len(value) + 4
					}
				}
				if size > 4000 || len(v.cookies) > 4 || len(v.cookies) < before {
					t.Errorf("%d bytes of headers, %d cookies", size, len(v.cookies))
				}
				f.Move(time.Second)
			}
			if len(v.cookies) < 3 {
				t.Errorf("%d are left", len(v.cookies))
			}
			for name, value := range v.cookies {
				if !strings.HasPrefix(name, "signet_oauth_") || len(value) > 1600 {
					t.Errorf("%s has %d bytes", name, len(value))
				}
			}
		})
	})
}
