package browser_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

// document lies below the cookie's path, and cookies know no ports: if any script could see the cookie, one of this document could.
const document = "/api/auth/page"

// site serves an empty page on an origin of its own: a port of localhost, which is the same site as Signet, or of 127.0.0.1.
func site(t *testing.T, serve func(http.Handler) *httptest.Server, host string) (origin string) {
	t.Helper()
	server := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<!doctype html><title>A front end</title>")
	}))
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", host, 1)
}

// reply is what a script got; Failed names the exception when the browser gave it nothing.
type reply struct {
	Status int
	Body   map[string]any
	Failed string
}

// call posts as the script of a front end does. options are what is different, as the members of fetch's.
func call(b *browser.Tab, address, body, options string) reply {
	return browser.Await[reply](b, fmt.Sprintf(`fetch(%q, {
		method: "POST", credentials: "include", headers: {"Content-Type": "application/json", "X-Signet": "1"}, body: %s, ...%s
	}).then(async r => ({Status: r.status, Body: await r.json()}), e => ({Failed: e.name}))`, address, body, options))
}

func loginBody(a testkit.Account) string {
	return fmt.Sprintf(`JSON.stringify({email: %q, password: %q, transport: "cookie"})`, a.Email, a.Password)
}

// jar are the cookies that the browser would send to an address.
func jar(t *testing.T, b *browser.Tab, address string) []*network.Cookie {
	t.Helper()
	kept, err := chromedp.Call(b.Context(), network.GetCookies, network.GetCookiesParams{URLs: []string{address}})
	if err != nil {
		t.Fatal(err)
	}
	return kept.Cookies
}

// signed is the one cookie of a browser that is logged in.
func signed(t *testing.T, b *browser.Tab, api string) *network.Cookie {
	t.Helper()
	cookies := jar(t, b, api+"/api/auth/refresh")
	if len(cookies) != 1 {
		t.Fatalf("%d cookies", len(cookies))
	}
	return cookies[0]
}

// answered counts what a log says of answers to POST, by route and status.
func answered(log string) map[string]int {
	counts := map[string]int{}
	for text := range strings.Lines(log) {
		var line struct {
			Method string `json:"http.request.method"`
			Route  string `json:"http.route"`
			Status int    `json:"http.response.status_code"`
		}
		if json.Unmarshal([]byte(text), &line) == nil && line.Method == http.MethodPost {
			counts[fmt.Sprintf("%s %d", line.Route, line.Status)]++
		}
	}
	return counts
}

func TestAFrontEndOnAnotherOrigin(t *testing.T) {
	b := browser.Open(t)
	front := site(t, httptest.NewServer, "localhost")
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"CORS_ORIGINS": front}})
	api := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	record, account := s.Record(), s.NewAccount()
	refresh := func() reply { return call(b, api+"/api/auth/refresh", "null", `{headers: {"X-Signet": "1"}}`) }

	b.Go(front + document)
	in := call(b, api+"/api/auth/login", loginBody(account), "{}")
	access, _ := in.Body["access_token"].(string)
	if _, told := in.Body["refresh_token"]; in.Status != http.StatusOK || access == "" || told {
		t.Fatalf("login: %+v", in)
	}
	s.Client().Me(access).Want(http.StatusOK, "")

	t.Run("keeps a cookie that no script reads", func(t *testing.T) {
		got := signed(t, b, api)
		if got.Name != "signet_rt" || !got.HTTPOnly || got.SameSite != network.CookieSameSiteStrict || got.Path != "/api/auth" || got.Session {
			t.Errorf("%+v", got)
		}
		if elsewhere := jar(t, b, api+"/api/password/forgot"); len(elsewhere) != 0 {
			t.Errorf("%d cookies are sent elsewhere", len(elsewhere))
		}
		if seen := browser.See[string](b, `(document.cookie = "own=1; path=/api/auth", document.cookie)`); seen != "own=1" {
			t.Errorf("a script sees %q", seen)
		}
		browser.See[string](b, `document.cookie = "own=; path=/api/auth; max-age=0"`)
	})
	t.Run("goes on after a reload", func(t *testing.T) {
		before := signed(t, b, api).Value
		b.Go(front + document)
		next := refresh()
		if _, told := next.Body["refresh_token"]; next.Status != http.StatusOK || told {
			t.Fatalf("%+v", next)
		}
		access = next.Body["access_token"].(string)
		s.Client().Me(access).Want(http.StatusOK, "")
		if signed(t, b, api).Value == before {
			t.Error("the cookie stayed the same")
		}
	})
	t.Run("opens nothing else by the cookie", func(t *testing.T) {
		if r := call(b, api+"/api/auth/me", "undefined", `{method: "GET", headers: {"X-Signet": "1"}}`); r.Status != http.StatusUnauthorized || r.Body["code"] != "token_missing" {
			t.Errorf("%+v", r)
		}
	})

	before, generation := signed(t, b, api).Value, record.Texts("SELECT generation || ' ' || coalesce(ended_at, '') FROM refresh_families")
	thief := s.NewAccount()
	for name, attacker := range map[string]struct {
		origin, logout string
		answers        map[string]int
	}{
		"a neighbour on the same site, to whom the cookie is lent": {site(t, httptest.NewServer, "localhost"), "forbidden", map[string]int{
			"/api/auth/refresh 403": 2, "/api/auth/logout 403": 3, "/api/auth/login 415": 2,
		}},
		"a page of another site": {site(t, httptest.NewServer, "127.0.0.1"), "token_missing", map[string]int{
			"/api/auth/refresh 400": 2, "/api/auth/logout 401": 3, "/api/auth/login 415": 2,
		}},
	} {
		t.Run("is out of reach for "+name+" (UI-2, ASVS 3.5.1)", func(t *testing.T) {
			logged := len(s.Log.String())
			b.Go(attacker.origin + document)
			for path, body := range map[string]string{"/api/auth/refresh": "null", "/api/auth/logout": "null", "/api/auth/login": loginBody(thief)} {
				if r := call(b, api+path, body, "{}"); r.Failed != "TypeError" {
					t.Errorf("%s: %+v", path, r)
				}
				// Forms a page may send without asking first. The answer is kept from it (Cross-Origin-Resource-Policy).
				for _, media := range []string{"text/plain", "application/x-www-form-urlencoded"} {
					if r := call(b, api+path, body, `{mode: "no-cors", headers: {"Content-Type": "`+media+`"}}`); r.Failed != "TypeError" {
						t.Errorf("%s: %+v", path, r)
					}
				}
			}
			// A form of its own takes the whole window there, cookies and all.
			browser.See[any](b, `(() => { const f = document.createElement("form"); f.method = "post"; f.action = "`+api+`/api/auth/logout"; document.body.append(f); f.submit() })()`)
			b.Becomes(`document.body?.innerText.includes('"code":"` + attacker.logout + `"')`)

			s.Eventually(10*time.Second, func() bool { return cmp.Equal(attacker.answers, answered(s.Log.String()[logged:])) })
			if got := signed(t, b, api).Value; got != before {
				t.Error("the cookie is another one")
			}
			if got := record.Texts("SELECT generation || ' ' || coalesce(ended_at, '') FROM refresh_families"); strings.Join(got, ";") != strings.Join(generation, ";") {
				t.Errorf("the sessions are %q, and were %q", got, generation)
			}
		})
	}

	t.Run("logs out", func(t *testing.T) {
		b.Go(front + document)
		next := refresh()
		if next.Status != http.StatusOK {
			t.Fatalf("%+v", next)
		}
		if r := call(b, api+"/api/auth/logout", "null", `{headers: {"X-Signet": "1"}}`); r.Status != http.StatusOK {
			t.Fatalf("%+v", r)
		}
		if left := jar(t, b, api+"/api/auth/refresh"); len(left) != 0 {
			t.Errorf("%d cookies are left", len(left))
		}
		s.Client().Me(next.Body["access_token"].(string)).Want(http.StatusUnauthorized, "token_invalid")
		if r := refresh(); r.Status != http.StatusBadRequest {
			t.Errorf("%+v", r)
		}
	})
}

// TestTheFrontEndOfTheGuide runs what docs/front-ends.md tells front ends to do, as printed.
func TestTheFrontEndOfTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/front-ends.md")
	if err != nil {
		t.Fatal(err)
	}
	printed := regexp.MustCompile("(?s)```js\n(.*?)```").FindSubmatch(guide)
	if printed == nil {
		t.Fatal("there is none")
	}
	b := browser.Open(t)
	front := site(t, httptest.NewServer, "localhost")
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"CORS_ORIGINS": front}})
	account := s.NewAccount()
	b.Go(front + document)
	script := strings.ReplaceAll(string(printed[1]), "https://auth.example.com", strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
	script = strings.Replace(script, `await call("logout"`, `await Promise.all([call("refresh", {}), call("refresh", {})]); await call("logout"`, 1)
	browser.Await[any](b, fmt.Sprintf("(async (email, password) => { %s; return 0 })(%q, %q)", script, account.Email, account.Password))
	got := s.Record().Text("SELECT s.cookie || ' ' || s.end_reason || ' ' || f.generation FROM sessions s JOIN refresh_families f ON f.session_id = s.id")
	if got != "1 logout 3" { // two at once would have brought the same successor
		t.Errorf("by cookie, end, refreshes: %q", got)
	}
}
