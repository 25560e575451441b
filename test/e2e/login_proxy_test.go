package e2e_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// proxied is a request by a back end for a person at an address.
func proxied(r testkit.Request, token, ip string) testkit.Request {
	body := testkit.Object{"client_ip": ip, "client_user_agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0"}
	maps.Copy(body, r.Body.(testkit.Object))
	r.Body, r.Header = body, http.Header{"X-App-Token": {token}}
	return r
}

func signingIn(a testkit.Account) testkit.Request {
	return testkit.Request{Path: "/api/auth/login", Body: testkit.Object{"email": a.Email, "password": a.Password}}
}

func TestABackEndNamesThePersonWhomItLogsIn(t *testing.T) {
	t.Parallel()
	l := newLandscape(t, testkit.Options{})
	shop, _ := l.service(t, "shop")
	other, _ := l.service(t, "other")
	proxy := l.role(t, shop.ID, "proxy", domain.LoginProxy)
	l.assign(t, shop.ID.Principal(), proxy, time.Time{})
	l.assign(t, other.ID.Principal(), proxy, time.Time{}) // at another service than its own, it is worth nothing
	user := l.holder(t)
	l.heard(t)
	token, foreign := l.appToken(t, shop, nil), l.appToken(t, other, nil)
	narrow := l.appToken(t, shop, testkit.Object{"scopes": []string{"shop/signet.token:read"}})

	in := l.c.Do(proxied(signingIn(user), token.text, "2001:db8::7")).Want(http.StatusOK, "")
	seen := func(access string) (string, string) {
		for _, one := range l.c.Do(testkit.Request{Path: "/api/auth/sessions", Bearer: access}).Want(http.StatusOK, "").JSON()["sessions"].([]any) {
			if s := one.(testkit.Object); s["current"] == true {
				return s["ip"].(string), s["user_agent"].(string)
			}
		}
		return "", ""
	}
	if ip, agent := seen(in.Text("access_token")); ip != "2001:db8::7" || agent != "Mozilla/5.0 (X11; Linux) Firefox/140.0" {
		t.Errorf("the session is of %s, %s", ip, agent)
	}
	refresh := testkit.Request{Path: "/api/auth/refresh", Body: testkit.Object{"refresh_token": in.Text("refresh_token")}}
	l.c.Do(proxied(refresh, token.text, "2001:db8::7")).Want(http.StatusOK, "")

	// Without a token anybody could write it: it is ignored (authentik GHSA-5wcc, AZ-11).
	bare := proxied(signingIn(user), "", "192.0.2.1")
	bare.Header = nil
	if ip, _ := seen(l.c.Do(bare).Want(http.StatusOK, "").Text("access_token")); ip != "127.0.0.1" {
		t.Errorf("a stranger is at %s", ip)
	}

	revoked := l.appToken(t, shop, nil)
	l.c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/tokens/" + revoked.id + "/revoke", Bearer: l.admin}).Want(http.StatusOK, "")
	long := proxied(signingIn(user), token.text, "192.0.2.1")
	long.Body.(testkit.Object)["client_user_agent"] = strings.Repeat("x", 513)
	for name, row := range map[string]struct {
		request testkit.Request
		outcome string
	}{
		"without the permission":      {proxied(signingIn(user), foreign.text, "192.0.2.1"), "403 forbidden"},
		"beyond its scopes":           {proxied(signingIn(user), narrow.text, "192.0.2.1"), "403 forbidden"},
		"with a token that ended":     {proxied(signingIn(user), revoked.text, "192.0.2.1"), "401 token_invalid"},
		"with a user's access token":  {proxied(signingIn(user), l.admin, "192.0.2.1"), "401 token_invalid"},
		"for no address":              {proxied(signingIn(user), token.text, "localhost"), "400 invalid_request"},
		"for a network":               {proxied(signingIn(user), token.text, "192.0.2.0/24"), "400 invalid_request"},
		"with a user agent of a book": {long, "400 invalid_request"},
		"at registration, with a token that ended": {
			proxied(testkit.Request{Path: "/api/auth/register", Body: testkit.Object{"email": testkit.NewAddress(), "password": testkit.Password}}, revoked.text, "192.0.2.1"), "401 token_invalid",
		},
		"at a reset": {proxied(testkit.Request{Path: "/api/password/forgot", Body: testkit.Object{"email": user.Email}}, token.text, "192.0.2.1"), "200"},
		"at a resend": {
			proxied(testkit.Request{Path: "/api/auth/verify-email/resend", Body: testkit.Object{"email": user.Email}}, token.text, "192.0.2.1"), "202",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := l.in(t).c.Do(row.request).Outcome(); got != row.outcome {
				t.Errorf("%s, want %s", got, row.outcome)
			}
		})
	}
}

// One who guesses through a back end uses up a budget of their own, and neither the back end's nor its other users'.
func TestPersonsBehindABackEndDontShareItsBudget(t *testing.T) {
	t.Parallel()
	l := newLandscape(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on", "LIMIT_ANONYMOUS": "100"}})
	shop, _ := l.service(t, "shop")
	l.assign(t, shop.ID.Principal(), l.role(t, shop.ID, "proxy", domain.LoginProxy), time.Time{})
	user := l.holder(t)
	l.heard(t)
	token := l.appToken(t, shop, nil)
	guess := testkit.Request{Path: "/api/auth/login", Body: testkit.Object{"email": "nobody@example.com", "password": "wrong"}}
	var last string
	for range 130 {
		last = l.c.Do(proxied(guess, token.text, "198.51.100.9")).Outcome()
	}
	if last != "429 rate_limited" {
		t.Errorf("the last guess: %s", last)
	}
	l.c.Do(proxied(signingIn(user), token.text, "198.51.100.10")).Want(http.StatusOK, "")
}
