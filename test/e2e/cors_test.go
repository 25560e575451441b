package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
)

// preflight is what a browser asks before it lets a page of an origin call, with its cookies, what a page can't call otherwise.
func preflight(origin, method, path string) testkit.Request {
	return testkit.Request{Method: http.MethodOptions, Path: path, OffContract: true, Header: http.Header{
		"Origin": {origin}, "Access-Control-Request-Method": {method}, "Access-Control-Request-Headers": {"authorization,content-type,x-signet"},
	}}
}

// cookieCalls are the calls of a front end whose refresh token is in a cookie.
var cookieCalls = map[string]string{
	"/api/auth/login": http.MethodPost, "/api/auth/refresh": http.MethodPost, "/api/auth/logout": http.MethodPost,
	"/api/auth/change-password": http.MethodPost, "/api/auth/me": http.MethodPatch, "/api/auth/sessions": http.MethodDelete,
}

func TestWhichPagesMayCallWithCookies(t *testing.T) {
	t.Parallel()
	s := browsers(t, testkit.Embedded, map[string]string{"CORS_ORIGINS": app + ",http://localhost:3000"})
	c := s.Client()
	account := s.NewAccount()
	allowed := func(h http.Header) string {
		return h.Get("Access-Control-Allow-Origin") + " " + h.Get("Access-Control-Allow-Credentials")
	}

	for _, origin := range []string{app, "http://localhost:3000"} {
		t.Run("one of "+origin+" may", func(t *testing.T) {
			for path, method := range cookieCalls {
				h := c.Do(preflight(origin, method, path)).Want(http.StatusNoContent, "").Header
				if allowed(h) != origin+" true" || h.Get("Vary") != "Origin" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), method) {
					t.Errorf("%s: %v", path, h)
				}
				for _, name := range []string{"Authorization", "Content-Type", "X-Signet"} {
					if !strings.Contains(strings.ToLower(h.Get("Access-Control-Allow-Headers")), strings.ToLower(name)) {
						t.Errorf("%s: no %s in %v", path, name, h)
					}
				}
			}
		})
		t.Run("one of "+origin+" may read answers and refusals", func(t *testing.T) {
			from := func(r testkit.Request) testkit.Request { return without(r, map[string]string{"Origin": origin}) }
			in := c.Do(from(byCookie(account))).Want(http.StatusOK, "")
			token := given(t, in).Value
			for name, answer := range map[string]testkit.Response{
				"login":         in,
				"refresh":       c.Do(from(sent("/api/auth/refresh", token))).Want(http.StatusOK, ""),
				"wrong login":   c.Do(from(guess(account.Email))).Want(http.StatusUnauthorized, "invalid_credentials"),
				"dead cookie":   c.Do(from(sent("/api/auth/refresh", "dead"))).Want(http.StatusUnauthorized, "token_invalid"),
				"no mark":       c.Do(without(from(sent("/api/auth/refresh", token)), map[string]string{"X-Signet": ""})).Want(http.StatusForbidden, "forbidden"),
				"no such route": c.Do(testkit.Request{Path: "/api/auth/nothing", OffContract: true, Header: http.Header{"Origin": {origin}}}).Want(http.StatusNotFound, "not_found"),
			} {
				if h := answer.Header; allowed(h) != origin+" true" || h.Get("Vary") != "Origin" {
					t.Errorf("%s: %v", name, h)
				}
			}
		})
	}
	for _, origin := range []string{evil, "null", "https://auth.example.com", "http://localhost:3001", "http://127.0.0.1:3000", app + ".evil.example"} {
		t.Run("one of "+origin+" may not (UI-4, ASVS 3.4.2, casdoor CVE-2024-41657)", func(t *testing.T) {
			for path, method := range cookieCalls {
				answers := []testkit.Response{c.Do(preflight(origin, method, path)), c.Do(without(sent("/api/auth/refresh", "dead"), map[string]string{"Origin": origin}))}
				for _, answer := range answers {
					if h := answer.Header; allowed(h) != " " || h.Get("Vary") != "Origin" {
						t.Errorf("%s: %v", path, h)
					}
				}
			}
		})
	}
}
