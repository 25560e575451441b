package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/idp/idp"
	"github.com/signet-auth/signet/test/testkit"
)

const deviceCookie = "__Secure-signet_dv"

// rememberByCookie has the device of a browser remembered, and returns the answer.
func rememberByCookie(c *testkit.Client, account testkit.Account, app *testkit.Authenticator) testkit.Response {
	challenge := c.Do(byCookie(account)).Want(http.StatusUnauthorized, "mfa_required").Text("challenge")
	return c.Do(verifying(challenge, body{"code": app.Code(), "remember_device": true})).Want(http.StatusOK, "")
}

// cookieOf is the one of a name that an answer sets.
func cookieOf(t *testing.T, r testkit.Response, name string) (found *http.Cookie, line string) {
	t.Helper()
	for _, cookie := range (&http.Response{Header: r.Header}).Cookies() {
		if cookie.Name == name {
			found = cookie
		}
	}
	for _, text := range r.Header["Set-Cookie"] {
		if strings.HasPrefix(text, name+"=") {
			line = text
		}
	}
	if found == nil {
		t.Fatalf("no cookie %s in %q", name, r.Header["Set-Cookie"])
	}
	return found, line
}

// sending is a request with a cookie, as a page sends it.
func sending(r testkit.Request, origin string, pairs ...string) testkit.Request {
	r.Header = http.Header{"Cookie": {strings.Join(pairs, "; ")}}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	return r
}

func TestDevicesRememberedByCookie(t *testing.T) {
	t.Parallel()
	s := browsers(t, testkit.Embedded, nil)
	c, account := s.Client(), s.NewAccount()
	key, in := s.Enrol(c.Login(account))
	before := s.Clock.Now()
	done := rememberByCookie(c, account, key)
	cookie, line := cookieOf(t, done, deviceCookie)
	pair := deviceCookie + "=" + cookie.Value

	t.Run("get a cookie that scripts and other sites can't have, and nothing in the body (SE-8)", func(t *testing.T) {
		want := fmt.Sprintf("%s=%s; Path=/api; Expires=%s; HttpOnly; Secure; SameSite=Strict", deviceCookie, cookie.Value, cookie.Expires.UTC().Format(http.TimeFormat))
		if line != want || len(line) > 4096 {
			t.Errorf("got %q\nwant %q", line, want)
		}
		wantTime(t, cookie.Expires.Format(time.RFC3339), before.Add(30*day)) // it lapses with the device
		if strings.Contains(string(done.Body), "sgdv_") || len(done.Header["Set-Cookie"]) != 2 {
			t.Errorf("it answers %s with %q", done.Body, done.Header["Set-Cookie"])
		}
	})
	t.Run("are known by it, to pages that may have it", func(t *testing.T) {
		for name, row := range map[string]struct {
			request testkit.Request
			want    string
		}{
			"the front end":                      {sending(byCookie(account), app, pair), "200"},
			"the front end, by body":             {sending(login(credentials(account)), app, pair), "200"},
			"our own page":                       {sending(login(credentials(account)), "https://auth.example.com", pair), "200"},
			"no page":                            {sending(login(credentials(account)), "", pair), "200"},
			"another page":                       {sending(login(credentials(account)), evil, pair), "401 mfa_required"},
			"a page without an origin":           {sending(login(credentials(account)), "null", pair), "401 mfa_required"},
			"a host beside, which sets one, too": {sending(login(credentials(account)), app, pair, deviceCookie+"=sgdv_x"), "401 mfa_required"},
			"the name for http":                  {sending(login(credentials(account)), app, "signet_dv="+cookie.Value), "401 mfa_required"},
			"another cookie":                     {sending(login(credentials(account)), app, cookieName+"="+cookie.Value), "401 mfa_required"},
			"a token in the body, which counts":  {sending(on("sgdv_x", account), app, pair), "401 mfa_required"},
			"an empty one in the body":           {sending(on("", account), app, pair), "200"},
		} {
			t.Run(name, func(t *testing.T) {
				got := c.In(t).Do(row.request)
				if got.Outcome() != row.want {
					t.Errorf("%s, want %s", got.Outcome(), row.want)
				}
				for _, set := range got.Header["Set-Cookie"] {
					if strings.Contains(set, "signet_dv") {
						t.Errorf("it sets %q: the time does not slide", set)
					}
				}
			})
		}
	})
	t.Run("keep it at a logout", func(t *testing.T) {
		out := testkit.TokensOf(c.In(t).Do(sending(login(credentials(account)), app, pair)).Want(http.StatusOK, ""))
		left := c.In(t).Do(sending(logout(out.Access), app, pair)).Want(http.StatusOK, "")
		if left.Header["Set-Cookie"] != nil || strings.Contains(left.Header.Get("Clear-Site-Data"), "cookies") {
			t.Errorf("it answers with %v", left.Header)
		}
		c.In(t).Do(sending(login(credentials(account)), app, pair)).Want(http.StatusOK, "")
	})
	t.Run("see which one they are, and lose it when that is removed", func(t *testing.T) {
		c := c.In(t)
		other := remember(c, account, key)
		all := list(c.Do(sending(get("/api/auth/devices", in.Access), app, pair)), "devices")
		if len(all) != 2 || all[0]["current"] != false || all[1]["current"] != true {
			t.Fatalf("devices: %v", all)
		}
		kept := c.Do(sending(del("/api/auth/devices/"+all[0]["id"].(string), in.Access), app, pair)).Want(http.StatusOK, "")
		if kept.Header["Set-Cookie"] != nil {
			t.Errorf("it sets %q", kept.Header["Set-Cookie"])
		}
		c.Do(on(other, account)).Want(http.StatusUnauthorized, "mfa_required")
		gone := c.Do(sending(del("/api/auth/devices/"+all[1]["id"].(string), in.Access), app, pair)).Want(http.StatusOK, "")
		want := []string{deviceCookie + "=; Path=/api; Max-Age=0; HttpOnly; Secure; SameSite=Strict"}
		if diff := cmp.Diff(want, gone.Header["Set-Cookie"]); diff != "" {
			t.Errorf("Set-Cookie (-want +got):\n%s", diff)
		}
		c.Do(sending(byCookie(account), app, pair)).Want(http.StatusUnauthorized, "mfa_required")
	})
}

func TestDeviceCookiesOfOtherDeployments(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		env        map[string]string
		name, rest string // of the cookie
	}{
		"development":  {nil, "signet_dv", "Path=/api; HttpOnly; SameSite=Strict"},
		"below a path": {map[string]string{"PUBLIC_URL": "https://example.com/id/"}, deviceCookie, "Path=/id/api; HttpOnly; Secure; SameSite=Strict"},
		"a front end on other sites": {
			map[string]string{"PUBLIC_URL": "https://auth.example.com", "COOKIE_SAMESITE": "none"}, deviceCookie, "Path=/api; HttpOnly; Secure; SameSite=None",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.Start(t, testkit.Options{Env: row.env})
			c, account := s.Client(), s.NewAccount()
			app, _ := s.Enrol(c.Login(account))
			cookie, line := cookieOf(t, rememberByCookie(c, account, app), row.name)
			before, after, _ := strings.Cut(line, "Expires=")
			_, after, _ = strings.Cut(after, "; ")
			_, before, _ = strings.Cut(before, "; ")
			if before+after != row.rest {
				t.Errorf("got %q, want %q", before+after, row.rest)
			}
			c.Do(sending(byCookie(account), "", row.name+"="+cookie.Value)).Want(http.StatusOK, "")
		})
	}
}

// TestADeviceIsRememberedThroughAProvider: the device is remembered at one door, and known at all.
func TestADeviceIsRememberedThroughAProvider(t *testing.T) {
	t.Parallel()
	f := startFederated(t, testkit.Embedded, nil, "google")
	c, account := f.api, f.Register(strings.Replace(testkit.NewAddress(), "@example.com", "@gmail.com", 1))
	f.idp.Google.Login(idp.Person{Email: account.Email, Verified: true})
	key, _ := f.Enrol(c.Login(account))
	exchange := func(more body) testkit.Request {
		app := newApplication()
		r := app.exchange(sentHome(t, f.visitor(t).logIn("google", app.query())).Get("code"))
		return bearing(r, with(r.Body.(body), more))
	}

	challenge := c.Do(exchange(body{"transport": "cookie"})).Want(http.StatusUnauthorized, "mfa_required").Text("challenge")
	cookie, _ := cookieOf(t, c.Do(verifying(challenge, body{"code": key.Code(), "remember_device": true})).Want(http.StatusOK, ""), "signet_dv")
	pair := "signet_dv=" + cookie.Value
	for name, r := range map[string]testkit.Request{
		"by cookie":              sending(exchange(body{"transport": "cookie"}), f.public(), pair),
		"by body":                exchange(body{"device_token": cookie.Value}),
		"with the password, too": on(cookie.Value, account),
	} {
		t.Run(name, func(t *testing.T) {
			got := c.In(t).Do(r).Want(http.StatusOK, "")
			if acr, _, amr := provedBy(t, got.Text("access_token")); acr != "aal1" || len(amr) != 1 {
				t.Errorf("at %s with %v", acr, amr)
			}
		})
	}
	other := f.NewAccount()
	theirs, _ := f.Enrol(c.Login(other))
	refused := exchange(body{"device_token": remember(c, other, theirs)})
	c.Do(refused).Want(http.StatusUnauthorized, "mfa_required")
	c.Do(refused).Want(http.StatusBadRequest, "invalid_token") // the challenge has used the code up
}
