package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

const (
	app        = "https://app.example.com" // a front end that CORS_ORIGINS names
	evil       = "https://evil.example"
	cookieName = "__Secure-signet_rt"
)

// browsers is a server that browsers of the front end reach at https://auth.example.com.
func browsers(t *testing.T, b testkit.Backends, env map[string]string) *testkit.Server {
	t.Helper()
	all := map[string]string{"PUBLIC_URL": "https://auth.example.com", "CORS_ORIGINS": app}
	maps.Copy(all, env)
	return testkit.Start(t, testkit.Options{Backends: b, Env: all})
}

func byCookie(account testkit.Account) testkit.Request {
	return login(with(credentials(account), body{"transport": "cookie"}))
}

// sent is a request as the front end sends it, with a cookie.
func sent(path, cookie string) testkit.Request {
	return testkit.Request{Method: http.MethodPost, Path: path, Header: http.Header{
		"Cookie": {cookieName + "=" + cookie}, "Origin": {app}, "X-Signet": {"1"},
	}}
}

// without is a request with headers replaced; an empty value removes one.
func without(r testkit.Request, headers map[string]string) testkit.Request {
	if r.Header = r.Header.Clone(); r.Header == nil {
		r.Header = http.Header{}
	}
	for name, value := range headers {
		r.Header.Del(name)
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	return r
}

// given is the refresh token that an answer gives by cookie, and by cookie alone.
func given(t *testing.T, r testkit.Response) *http.Cookie {
	t.Helper()
	cookies := (&http.Response{Header: r.Header}).Cookies()
	if len(cookies) != 1 || cookies[0].Value == "" {
		t.Fatalf("%d cookies: %v", len(cookies), r.Header["Set-Cookie"])
	}
	if _, inBody := r.JSON()["refresh_token"]; inBody || strings.Contains(string(r.Body), "sgrt_") {
		t.Errorf("a refresh token in the body: %s", r.Body)
	}
	return cookies[0]
}

// wantDropped fails the test unless the answer deletes the cookie, exactly as it was set.
func wantDropped(t *testing.T, r testkit.Response) {
	t.Helper()
	want := []string{cookieName + "=; Path=/api/auth; Max-Age=0; HttpOnly; Secure; SameSite=Strict"}
	if diff := cmp.Diff(want, r.Header["Set-Cookie"]); diff != "" {
		t.Errorf("Set-Cookie (-want +got):\n%s", diff)
	}
}

func wantKept(t *testing.T, r testkit.Response) {
	t.Helper()
	if set := r.Header["Set-Cookie"]; len(set) > 0 {
		t.Errorf("Set-Cookie %q", set)
	}
}

func TestSessionsByCookie(t *testing.T) {
	t.Parallel()
	s := browsers(t, testkit.Embedded, nil)
	c, record := s.Client(), s.Record()
	account := s.NewAccount()

	t.Run("begin with a cookie that scripts and other sites can't have (SE-8, ASVS 3.3.1–3.3.5)", func(t *testing.T) {
		before := s.Clock.Now()
		answer := c.Do(byCookie(account)).Want(http.StatusOK, "")
		cookie := given(t, answer)
		want := fmt.Sprintf("%s=%s; Path=/api/auth; Expires=%s; HttpOnly; Secure; SameSite=Strict",
			cookieName, cookie.Value, cookie.Expires.UTC().Format(http.TimeFormat))
		if got := answer.Header.Get("Set-Cookie"); got != want || len(got) > 4096 {
			t.Errorf("got %q\nwant %q", got, want)
		}
		wantTime(t, cookie.Expires.Format(time.RFC3339), before.Add(14*day)) // it lapses with the session
		c.Me(answer.Text("access_token")).Want(http.StatusOK, "")
		if record.Count("SELECT count(*) FROM sessions WHERE id = ? AND cookie", answer.Text("session_id")) != 1 {
			t.Error("the session does not know")
		}
	})
	t.Run("are refreshed by it", func(t *testing.T) {
		first := given(t, c.Do(byCookie(account)).Want(http.StatusOK, ""))
		answer := c.Do(sent("/api/auth/refresh", first.Value)).Want(http.StatusOK, "")
		second := given(t, answer)
		if second.Value == first.Value {
			t.Error("the token stayed the same")
		}
		c.Me(answer.Text("access_token")).Want(http.StatusOK, "")
		if again := given(t, c.Do(sent("/api/auth/refresh", first.Value)).Want(http.StatusOK, "")); again.Value != second.Value {
			t.Error("a parallel refresh got another successor")
		}
	})
	t.Run("never give a refresh token in a body, however it is sent", func(t *testing.T) {
		token := given(t, c.Do(byCookie(account)).Want(http.StatusOK, "")).Value
		for name, r := range map[string]testkit.Request{
			"in the body":                    refresh(body{"refresh_token": token}),
			"in the body, from elsewhere":    without(refresh(body{"refresh_token": token}), map[string]string{"Origin": evil}),
			"as bearer":                      {Method: http.MethodPost, Path: "/api/auth/refresh", Bearer: token},
			"as bearer, with an empty body":  {Path: "/api/auth/refresh", Bearer: token, Body: body{}},
			"in the body beside the cookie":  bearing(sent("/api/auth/refresh", token), body{"refresh_token": token}),
			"in the cookie, with a service":  bearing(sent("/api/auth/refresh", token), body{"service": "auth_service"}),
			"in the cookie, with empty body": bearing(sent("/api/auth/refresh", token), body{"refresh_token": ""}),
		} {
			t.Run(name, func(t *testing.T) { given(t, c.Do(r).Want(http.StatusOK, "")) })
		}
	})
	t.Run("lend no cookie to other sessions", func(t *testing.T) {
		in := c.Login(account)
		answer := c.Do(sent("/api/auth/refresh", in.Refresh)).Want(http.StatusUnauthorized, "token_invalid")
		wantDropped(t, answer)
		next := c.Refresh(in.Refresh).Want(http.StatusOK, "")
		if next.Text("refresh_token") == "" {
			t.Error("no token in the body")
		}
		wantKept(t, next)
	})
}

// bearing is a request with a body.
func bearing(r testkit.Request, fields body) testkit.Request { r.Body = fields; return r }

func TestCookiesCountWithProofOnly(t *testing.T) {
	t.Parallel()
	s := browsers(t, testkit.Embedded, nil)
	c, record := s.Client(), s.Record()
	in := c.Do(byCookie(s.NewAccount())).Want(http.StatusOK, "")
	token, id := given(t, in).Value, in.Text("session_id")
	for _, path := range []string{"/api/auth/refresh", "/api/auth/logout"} {
		good := sent(path, token)
		for name, r := range map[string]testkit.Request{
			"another origin":             without(good, map[string]string{"Origin": evil}),
			"no origin":                  without(good, map[string]string{"Origin": ""}),
			"an opaque origin":           without(good, map[string]string{"Origin": "null"}),
			"the origin over http":       without(good, map[string]string{"Origin": "http://app.example.com"}),
			"the origin at another port": without(good, map[string]string{"Origin": app + ":8443"}),
			"an origin below":            without(good, map[string]string{"Origin": "https://x.app.example.com"}),
			"an origin that begins so":   without(good, map[string]string{"Origin": app + ".evil.example"}),
			"the origin in capitals":     without(good, map[string]string{"Origin": strings.ToUpper(app)}),
			"a referrer instead":         without(good, map[string]string{"Origin": "", "Referer": app + "/"}),
			"the host's own name": without(good, map[string]string{
				"Origin": evil, "Host": "evil.example", "X-Forwarded-Host": "evil.example",
			}),
			"no mark":            without(good, map[string]string{"X-Signet": ""}),
			"another mark":       without(good, map[string]string{"X-Signet": "true"}),
			"two cookies of one": without(good, map[string]string{"Cookie": cookieName + "=" + token + "; " + cookieName + "=x"}),
		} {
			t.Run(path+" with "+name+" (ASVS 3.5.1, UI-2)", func(t *testing.T) {
				answer := c.In(t).Do(r).Want(http.StatusForbidden, "forbidden")
				wantKept(t, answer)
			})
		}
	}
	if n := record.Count("SELECT count(*) FROM refresh_families WHERE session_id = ? AND generation = 0 AND ended_at IS NULL", id); n != 1 {
		t.Error("a refused request changed the session")
	}
	next := given(t, c.Do(without(sent("/api/auth/refresh", token), map[string]string{"Origin": "https://auth.example.com"})).Want(http.StatusOK, ""))
	c.Do(sent("/api/auth/logout", next.Value)).Want(http.StatusOK, "")
}

func TestWhichTokenCounts(t *testing.T) {
	t.Parallel()
	s := browsers(t, testkit.Embedded, nil)
	c := s.Client()
	account := s.NewAccount()
	sid := func(t *testing.T, r testkit.Response) string {
		t.Helper()
		_, claims := testkit.ReadToken(t, r.Want(http.StatusOK, "").Text("access_token"))
		return claims["sid"].(string)
	}
	cookie := c.Do(byCookie(account)).Want(http.StatusOK, "")
	token := given(t, cookie).Value

	t.Run("one in the body wins over the cookie, and leaves it alone", func(t *testing.T) {
		in := c.Login(account)
		answer := c.Do(bearing(sent("/api/auth/refresh", token), body{"refresh_token": in.Refresh}))
		if got := sid(t, answer); got != in.Session {
			t.Errorf("refreshed %s, want %s", got, in.Session)
		}
		wantKept(t, answer)
		wantKept(t, c.Do(bearing(sent("/api/auth/refresh", token), body{"refresh_token": "sgrt_x"})).Want(http.StatusUnauthorized, "token_invalid"))
	})
	t.Run("the cookie wins over an access token in the header, which front ends send along", func(t *testing.T) {
		r := sent("/api/auth/refresh", token)
		r.Bearer = cookie.Text("access_token")
		answer := c.Do(r)
		if got := sid(t, answer); got != cookie.Text("session_id") {
			t.Errorf("refreshed %s", got)
		}
		given(t, answer)
	})
	t.Run("a cookie without proof leaves the header its turn", func(t *testing.T) {
		in := c.Login(account)
		r := without(sent("/api/auth/refresh", token), map[string]string{"X-Signet": ""})
		r.Bearer = in.Refresh
		if got := sid(t, c.Do(r)); got != in.Session {
			t.Errorf("refreshed %s, want %s", got, in.Session)
		}
	})
	t.Run("an empty cookie is none", func(t *testing.T) {
		c.Do(sent("/api/auth/refresh", "")).Want(http.StatusBadRequest, "invalid_request")
		c.Do(sent("/api/auth/logout", "")).Want(http.StatusUnauthorized, "token_missing")
	})
}

func TestTheEndOfACookie(t *testing.T) {
	t.Parallel()
	s := browsers(t, testkit.Embedded, nil)
	c, record := s.Client(), s.Record()
	account := s.NewAccount()
	begin := func(t *testing.T) (testkit.Response, string) {
		t.Helper()
		in := c.Do(byCookie(account)).Want(http.StatusOK, "")
		return in, given(t, in).Value
	}
	wantOver := func(t *testing.T, in testkit.Response) {
		t.Helper()
		c.Me(in.Text("access_token")).Want(http.StatusUnauthorized, "token_invalid")
		if events := record.Events(domain.EventSessionEnded, in.Text("session_id")); len(events) != 1 {
			t.Errorf("%d ends", len(events))
		}
	}

	t.Run("is a logout by it, which clears what the site stored (SE-8, ASVS 14.3.1)", func(t *testing.T) {
		in, token := begin(t)
		answer := c.Do(sent("/api/auth/logout", token)).Want(http.StatusOK, "")
		wantDropped(t, answer)
		if got := answer.Header.Get("Clear-Site-Data"); got != `"storage"` {
			t.Errorf("Clear-Site-Data %q", got)
		}
		wantOver(t, in)
		wantDropped(t, c.Do(sent("/api/auth/refresh", token)).Want(http.StatusUnauthorized, "token_invalid"))
	})
	t.Run("is a logout by the access token, also one whose time is over", func(t *testing.T) {
		in, token := begin(t)
		s.Move(16 * time.Minute)
		r := without(sent("/api/auth/logout", token), map[string]string{"X-Signet": ""})
		r.Bearer = in.Text("access_token")
		wantDropped(t, c.Do(r).Want(http.StatusOK, ""))
		wantOver(t, in)
	})
	t.Run("is a logout by an access token of another session, and both are over", func(t *testing.T) {
		in, token := begin(t)
		other := c.Login(account)
		r := sent("/api/auth/logout", token)
		r.Bearer = other.Access
		wantDropped(t, c.Do(r).Want(http.StatusOK, ""))
		wantOver(t, in)
		c.Me(other.Access).Want(http.StatusUnauthorized, "token_invalid")
	})
	t.Run("is a logout by a refresh token of another session in the body, and both are over", func(t *testing.T) {
		in, token := begin(t)
		other := c.Login(account)
		r := sent("/api/auth/logout", token)
		r.Body = body{"refresh_token": other.Refresh}
		wantDropped(t, c.Do(r).Want(http.StatusOK, ""))
		wantOver(t, in)
		c.Me(other.Access).Want(http.StatusUnauthorized, "token_invalid")
	})
	t.Run("is a logout by it after the session lapsed, and again", func(t *testing.T) {
		_, token := begin(t)
		s.Move(31 * day)
		for range 2 {
			wantDropped(t, c.Do(sent("/api/auth/logout", token)).Want(http.StatusOK, ""))
		}
	})
	t.Run("is its refusal, at refresh and at logout", func(t *testing.T) {
		for _, path := range []string{"/api/auth/refresh", "/api/auth/logout"} {
			for _, bad := range []string{"garbage", "sgrt_" + strings.Repeat("0", 105)} {
				wantDropped(t, c.Do(sent(path, bad)).Want(http.StatusUnauthorized, "token_invalid"))
			}
		}
	})
	t.Run("is no refresh that a step-up in another tab overtook", func(t *testing.T) {
		in, token := begin(t)
		newer := given(t, c.Do(stepUp(in.Text("access_token"), body{"password": account.Password})).Want(http.StatusOK, "")).Value
		wantKept(t, c.Do(sent("/api/auth/refresh", token)).Want(http.StatusUnauthorized, "token_invalid"))
		given(t, c.Do(sent("/api/auth/refresh", newer)).Want(http.StatusOK, ""))
	})
	t.Run("is the session's idle time", func(t *testing.T) {
		_, token := begin(t)
		s.Move(14*day + time.Second)
		wantDropped(t, c.Do(sent("/api/auth/refresh", token)).Want(http.StatusUnauthorized, "token_invalid"))
	})
	t.Run("never lies behind the session's", func(t *testing.T) {
		in, token := begin(t)
		end, err := time.Parse(time.RFC3339, in.Text("session.expires_at"))
		if err != nil {
			t.Fatal(err)
		}
		s.Move(13 * day)
		token = given(t, c.Do(sent("/api/auth/refresh", token)).Want(http.StatusOK, "")).Value
		s.Move(13 * day)
		last := given(t, c.Do(sent("/api/auth/refresh", token)).Want(http.StatusOK, ""))
		if !last.Expires.Equal(end.Truncate(time.Second)) {
			t.Errorf("expires %v, the session %v", last.Expires, end)
		}
	})
	t.Run("is not a failure of ours", func(t *testing.T) {
		_, token := begin(t)
		r := bearing(sent("/api/auth/refresh", token), body{"service": "nowhere"})
		wantKept(t, c.Do(r).Want(http.StatusBadRequest, "unknown_service"))
		given(t, c.Do(sent("/api/auth/refresh", token)).Want(http.StatusOK, ""))
	})
}

// TestLoginCSRF: nobody's page can log a visitor in as somebody else, which is what a forged login is for (RFC 6749 §10.12,
// OWASP CSRF Prevention CS).
func TestLoginCSRF(t *testing.T) {
	t.Parallel()
	s := browsers(t, testkit.Embedded, nil)
	c := s.Client()
	account := s.NewAccount()
	text := fmt.Sprintf(`{"email": %q, "password": %q, "transport": "cookie"}`, account.Email, account.Password)
	for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain; x=application/json"} {
		t.Run("with what a page may send without asking, as "+media, func(t *testing.T) {
			answer := c.In(t).Do(testkit.Request{Path: "/api/auth/login", Body: text, Header: http.Header{"Content-Type": {media}, "Origin": {evil}}})
			wantKept(t, answer.Want(http.StatusUnsupportedMediaType, "unsupported_media_type"))
		})
	}
	for name, origins := range map[string][]string{"another origin": {evil}, "an opaque origin": {"null"}, "two origins": {app, evil}} {
		t.Run("with JSON of "+name, func(t *testing.T) {
			r := byCookie(account)
			r.Header = http.Header{"Origin": origins}
			wantKept(t, c.In(t).Do(r).Want(http.StatusForbidden, "forbidden"))
		})
	}
	for _, origin := range []string{app, "https://auth.example.com"} {
		r := byCookie(account)
		r.Header = http.Header{"Origin": {origin}}
		given(t, c.Do(r).Want(http.StatusOK, ""))
	}
	t.Run("by a refresh token of the attacker's in the visitor's cookie jar", func(t *testing.T) { // cookie tossing from a sibling host
		mine := given(t, c.Do(byCookie(account)).Want(http.StatusOK, "")).Value
		r := without(sent("/api/auth/refresh", mine), map[string]string{"Cookie": cookieName + "=tossed; " + cookieName + "=" + mine})
		wantKept(t, c.In(t).Do(r).Want(http.StatusForbidden, "forbidden"))
	})
}

func TestCookiesOfOtherDeployments(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		env    map[string]string
		cookie string // name, and what is behind Path and Expires
		origin string // ours; empty: the one of the listener
	}{
		"development":      {nil, "signet_rt HttpOnly; SameSite=Strict", ""},
		"http on loopback": {map[string]string{"PUBLIC_URL": "http://127.0.0.1:5000"}, "signet_rt HttpOnly; SameSite=Strict", "http://127.0.0.1:5000"},
		"https":            {map[string]string{"PUBLIC_URL": "https://auth.example.com/"}, "__Secure-signet_rt HttpOnly; Secure; SameSite=Strict", "https://auth.example.com"},
		"https at a port":  {map[string]string{"PUBLIC_URL": "https://auth.example.com:443"}, "__Secure-signet_rt HttpOnly; Secure; SameSite=Strict", "https://auth.example.com"},
		"a front end on other sites": {
			map[string]string{"PUBLIC_URL": "https://auth.example.com", "COOKIE_SAMESITE": "none"},
			"__Secure-signet_rt HttpOnly; Secure; SameSite=None", "https://auth.example.com",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.Start(t, testkit.Options{Env: row.env})
			c := s.Client()
			answer := c.Do(byCookie(s.NewAccount())).Want(http.StatusOK, "")
			cookie := given(t, answer)
			_, attributes, _ := strings.Cut(answer.Header.Get("Set-Cookie"), " GMT; ")
			if got := cookie.Name + " " + attributes; got != row.cookie {
				t.Errorf("got %q, want %q", got, row.cookie)
			}
			origin := row.origin
			if origin == "" {
				origin = strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
			}
			r := sent("/api/auth/refresh", "")
			r.Header.Set("Cookie", cookie.Name+"="+cookie.Value)
			r.Header.Set("Origin", origin)
			given(t, c.Do(r).Want(http.StatusOK, ""))
		})
	}
}

func TestFiftyRefreshesWithOneCookie(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := browsers(t, b, nil)
		c := s.Client()
		token := given(t, c.Do(byCookie(s.NewAccount())).Want(http.StatusOK, "")).Value
		successors := map[string]bool{}
		for _, answer := range c.AtOnce(50, func(int) testkit.Request { return sent("/api/auth/refresh", token) }) {
			successors[given(t, answer.Want(http.StatusOK, "")).Value] = true
		}
		if len(successors) != 1 {
			t.Errorf("%d successors", len(successors))
		}
	})
}
