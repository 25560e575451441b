package e2e_test

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/idp/idp"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/race"
)

// TestCallbacksOfOthersAreRefused is OA-1 and OA-3: login CSRF, mix-up and replay (RFC 9700 §4.4, §4.5, §4.7; Zitadel CVE-2025-46815, Auth.js
// GHSA-x445-f3h2-j279). What is refused leaves no user, no session and no row.
func TestCallbacksOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	f := startFederated(t, testkit.Embedded, nil, "google", "discord")
	f.idp.Google.Login(gmailAda)
	f.idp.Discord.Login(idp.Person{Email: "ada@example.com", Verified: true})
	app := newApplication()
	answered := func(t *testing.T) (*visitor, string) {
		v := f.visitor(t)
		return v, idp.Visit(t, v.begin("google", app.query())).URL
	}
	for name, row := range map[string]func(t *testing.T) testkit.Response{
		"of another browser": func(t *testing.T) testkit.Response {
			_, callback := answered(t)
			return f.visitor(t).open(http.MethodGet, callback, nil)
		},
		"of a browser that has begun another login": func(t *testing.T) testkit.Response {
			_, callback := answered(t)
			other := f.visitor(t)
			other.begin("google", app.query())
			return other.open(http.MethodGet, callback, nil)
		},
		"of another provider": func(t *testing.T) testkit.Response {
			v, callback := answered(t)
			return v.open(http.MethodGet, strings.Replace(callback, "/google/", "/discord/", 1), nil)
		},
		"without state": func(t *testing.T) testkit.Response {
			v, callback := answered(t)
			u, _ := url.Parse(callback)
			q := u.Query()
			q.Del("state")
			return v.open(http.MethodGet, f.public()+u.Path+"?"+q.Encode(), nil)
		},
		"with a cookie that was changed": func(t *testing.T) testkit.Response {
			v, callback := answered(t)
			for name, value := range v.cookies {
				v.cookies[name] = value[:len(value)-4] + "AAAA"
			}
			return v.open(http.MethodGet, callback, nil)
		},
		"with the cookie of another attempt under its name": func(t *testing.T) testkit.Response {
			v, callback := answered(t)
			other := f.visitor(t)
			other.begin("google", app.query())
			for name := range v.cookies {
				for _, value := range other.cookies {
					v.cookies[name] = value
				}
			}
			return v.open(http.MethodGet, callback, nil)
		},
		"with two cookies of its name, one of them planted": func(t *testing.T) testkit.Response {
			v, callback := answered(t)
			for name, value := range maps.Clone(v.cookies) {
				v.cookies[name+"=planted; "+name] = value
			}
			return v.open(http.MethodGet, callback, nil)
		},
		"made up": func(t *testing.T) testkit.Response {
			return f.visitor(t).open(http.MethodGet, f.public()+"/api/oauth/google/callback?code=x&state="+strings.Repeat("s", 43), nil)
		},
		"with a form that was made up": func(t *testing.T) testkit.Response {
			return f.visitor(t).open(http.MethodGet, f.public()+"/api/oauth/google/callback?form=AAAA", nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := row(t); got.Status != http.StatusBadRequest || !strings.Contains(string(got.Body), "begin again") || strings.Contains(string(got.Body), "planted") {
				t.Errorf("%d: %s", got.Status, got.Body)
			}
		})
	}
	record := f.Record()
	if n := record.Count("SELECT count(*) FROM identities") + record.Count("SELECT count(*) FROM flows") + record.Count("SELECT count(*) FROM sessions"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	if n := len(f.idp.Google.Requests(idp.Token)); n != 0 {
		t.Errorf("%d codes were exchanged", n)
	}

	t.Run("by a prefetch, which burns nothing", func(t *testing.T) {
		v, callback := answered(t)
		u, _ := url.Parse(callback)
		f.api.In(t).Do(testkit.Request{Path: u.RequestURI(), Header: http.Header{"Purpose": {"prefetch"}}}).Want(http.StatusConflict, "confirmation_required")
		if sentHome(t, v.open(http.MethodGet, callback, nil)).Get("code") == "" {
			t.Error("the code is burnt")
		}
	})
	t.Run("too late, and sent home", func(t *testing.T) {
		v, callback := answered(t)
		f.Move(10*time.Minute + time.Second)
		if home := sentHome(t, v.open(http.MethodGet, callback, nil)); home.Get("error") != "invalid_state" || home.Get("state") != app.state {
			t.Errorf("%v", home)
		}
	})
	t.Run("for programs it is a problem", func(t *testing.T) {
		request := testkit.Request{Path: "/api/oauth/google/callback?code=x&state=x", Header: http.Header{"Accept": {"*/*"}}}
		f.api.In(t).Do(request).Want(http.StatusBadRequest, "invalid_state")
	})
	t.Run("after the provider was taken out of the settings (Keycloak CVE-2026-3009, Zitadel CVE-2025-64717)", func(t *testing.T) {
		v, callback := answered(t)
		code := sentHome(t, f.visitor(t).logIn("google", app.query())).Get("code")
		f.Stop()
		f.Env["GOOGLE_CLIENT_ID"] = "another-client"
		f.Restart()
		f.api = f.Client()
		u, _ := url.Parse(callback)
		if got := v.open(http.MethodGet, f.public()+u.RequestURI(), nil); got.Status != http.StatusBadRequest {
			t.Errorf("%d: %s", got.Status, got.Body)
		}
		f.api.In(t).Do(app.exchange(code)).Want(http.StatusBadRequest, "invalid_token")
		gone := v.open(http.MethodGet, f.public()+strings.Replace(u.RequestURI(), "/google/", "/gone/", 1), nil).Want(http.StatusNotFound, "")
		if !strings.Contains(string(gone.Body), "begin again") {
			t.Errorf("%s", gone.Body)
		}
	})
}

// TestOneAttemptHasOneOutcome is what becomes of callbacks that come again: Discord sends two codes, people go back and click twice
// (discord-api-docs#6073). One code can be exchanged once.
func TestOneAttemptHasOneOutcome(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := startFederated(t, b, nil, "discord", "google")
		f.idp.Discord.Login(idp.Person{Email: "ada@example.com", Verified: true})
		f.idp.Google.Login(idp.Person{Email: "grace@gmail.com", Verified: true})
		app, record := newApplication(), f.Record()
		sessions := func() int { return record.Count("SELECT count(*) FROM sessions") }

		t.Run("the same answer for the same callback, and for its twin", func(t *testing.T) {
			v := f.visitor(t)
			callback := idp.Visit(t, v.begin("discord", app.query())).URL
			twin := f.idp.Discord.Twin(callback)
			first := v.open(http.MethodGet, callback, nil).Want(http.StatusSeeOther, "").Header.Get("Location")
			for _, again := range []string{callback, twin} {
				if got := v.open(http.MethodGet, again, nil); got.Header.Get("Location") != first {
					t.Errorf("%d %s, want %s", got.Status, got.Header.Get("Location"), first)
				}
			}
			if got := f.visitor(t).open(http.MethodGet, callback, nil); got.Status != http.StatusBadRequest {
				t.Errorf("another browser: %d", got.Status)
			}
			u, _ := url.Parse(first)
			before := sessions()
			answer := f.api.In(t).Do(app.exchange(u.Query().Get("code"))).Want(http.StatusOK, "")
			f.api.In(t).Do(app.exchange(u.Query().Get("code"))).Want(http.StatusBadRequest, "invalid_token")
			f.api.Me(answer.Text("access_token")).Want(http.StatusOK, "") // React runs effects twice: the second harms nothing
			if home := sentHome(t, v.open(http.MethodGet, callback, nil)); home.Get("error") != "invalid_state" {
				t.Errorf("after the exchange: %v", home)
			}
			if n := sessions() - before; n != 1 {
				t.Errorf("%d sessions", n)
			}
		})
		t.Run("without an application the first gets the session", func(t *testing.T) {
			v := f.visitor(t)
			callback := idp.Visit(t, v.begin("google", url.Values{})).URL
			v.open(http.MethodGet, callback, nil).Want(http.StatusOK, "")
			v.open(http.MethodGet, callback, nil).Want(http.StatusBadRequest, "invalid_state")
		})
		t.Run("20 at once, over all replicas, are one code and one session", func(t *testing.T) {
			replicas := []*testkit.Client{f.api}
			if !isEmbedded(f) {
				replicas = append(replicas, f.Replica(map[string]string{"PUBLIC_URL": f.public()}).Client())
			}
			v := f.visitor(t)
			callback := idp.Visit(t, v.begin("discord", app.query())).URL
			twin := f.idp.Discord.Twin(callback)
			var cookies []string
			for name, value := range v.cookies {
				cookies = append(cookies, name+"="+value)
			}
			before := sessions()
			answers := race.Together(20, func(i int) testkit.Response {
				u, _ := url.Parse([]string{callback, twin}[i%2])
				answer, err := replicas[i%len(replicas)].Try(testkit.Request{Path: u.RequestURI(), Header: http.Header{"Cookie": {strings.Join(cookies, "; ")}, "Host": {u.Host}}})
				if err != nil {
					t.Error(err)
				}
				return answer
			})
			codes := map[string]int{}
			for _, answer := range answers {
				if answer.Status != http.StatusSeeOther {
					t.Errorf("%d: %s", answer.Status, answer.Body)
					continue
				}
				codes[sentHome(t, answer).Get("code")]++
			}
			if len(codes) != 1 || codes[""] > 0 {
				t.Fatalf("codes: %v", codes)
			}
			for code := range codes {
				won := 0
				for _, answer := range race.Together(20, func(i int) testkit.Response {
					answer, err := replicas[i%len(replicas)].Try(app.exchange(code))
					if err != nil {
						t.Error(err)
					}
					return answer
				}) {
					if answer.Status == http.StatusOK {
						won++
					}
				}
				if n := sessions() - before; won != 1 || n != 1 {
					t.Errorf("%d exchanges succeeded, %d sessions", won, n)
				}
			}
		})
		t.Run("two first logins of one person at once are one account", func(t *testing.T) {
			f.idp.Google.Login(idp.Person{Email: "once@gmail.com", Verified: true})
			var callbacks []idp.Answer
			var visitors []*visitor
			for range 8 {
				v := f.visitor(t)
				visitors = append(visitors, v)
				callbacks = append(callbacks, idp.Visit(t, v.begin("google", app.query())))
			}
			codes := race.Together(8, func(i int) string { return sentHome(t, visitors[i].come(callbacks[i])).Get("code") })
			users := map[string]bool{}
			for _, code := range codes {
				users[f.api.In(t).Do(app.exchange(code)).Want(http.StatusOK, "").Text("user.id")] = true
			}
			if len(users) != 1 || record.Count("SELECT count(*) FROM identities WHERE email = 'once@gmail.com'") != 1 {
				t.Errorf("users: %v", users)
			}
		})
	})
}

func isEmbedded(f *federated) bool { return f.Env["DATABASE_URI"] == "" }

// TestACodeIsExchangedByTheOneWhoBegan is RFC 7636 and RFC 9700 §4.5 on the last hop.
func TestACodeIsExchangedByTheOneWhoBegan(t *testing.T) {
	t.Parallel()
	f := startFederated(t, testkit.Embedded, map[string]string{"MAX_SESSIONS_PER_USER": "1", "SESSION_LIMIT_POLICY": "deny", "RATE_LIMITS": "on"}, "google")
	f.idp.Google.Login(gmailAda)
	app := newApplication()
	code := func(t *testing.T) string { return sentHome(t, f.visitor(t).logIn("google", app.query())).Get("code") }
	exchange := func(code, verifier string) testkit.Request {
		return testkit.Request{Path: "/api/oauth/exchange", Body: body{"code": code, "code_verifier": verifier, "device_name": "Ada's phone"}}
	}

	t.Run("a wrong verifier uses nothing up", func(t *testing.T) {
		c := code(t)
		for range 3 {
			f.api.In(t).Do(exchange(c, strings.Repeat("w", 43))).Want(http.StatusBadRequest, "invalid_token")
		}
		in := f.api.In(t).Do(exchange(c, app.verifier)).Want(http.StatusOK, "")
		_, claims := testkit.ReadToken(t, in.Text("access_token"))
		if amr := claims["amr"].([]any); len(amr) != 1 || amr[0] != "fed" {
			t.Errorf("amr %v", amr)
		}
		f.api.In(t).Do(logoutBy(in.Text("refresh_token"))).Want(http.StatusOK, "")
	})
	t.Run("a minute is all it has", func(t *testing.T) {
		c := code(t)
		f.Move(61 * time.Second)
		f.api.In(t).Do(exchange(c, app.verifier)).Want(http.StatusBadRequest, "invalid_token")
	})
	t.Run("the limit of sessions leaves the code as it was", func(t *testing.T) {
		in := f.api.In(t).Do(exchange(code(t), app.verifier)).Want(http.StatusOK, "")
		c := code(t)
		f.api.In(t).Do(exchange(c, app.verifier)).Want(http.StatusConflict, "session_limit_reached")
		f.api.In(t).Do(logoutBy(in.Text("refresh_token"))).Want(http.StatusOK, "")
		again := f.api.In(t).Do(exchange(c, app.verifier)).Want(http.StatusOK, "")
		f.api.In(t).Do(logoutBy(again.Text("refresh_token"))).Want(http.StatusOK, "")
	})
	t.Run("invented codes are counted as guesses", func(t *testing.T) {
		untilLimited(t, f.api, exchange(strings.Repeat("0", 43), app.verifier), "invalid_token")
	})
	t.Run("forged callbacks are counted, also where a page answers them", func(t *testing.T) {
		request := testkit.Request{Path: "/api/oauth/google/callback?code=x&state=x", Header: http.Header{"Accept": {"text/html"}}}
		untilLimited(t, f.api, request, "")
	})
	t.Run("what happened is in the log", func(t *testing.T) {
		user := f.Record().Text("SELECT user_id FROM identities")
		if events := f.Record().Events(domain.EventLoginSucceeded, user); len(events) != 3 || events[0].Details["provider"] != "google" {
			t.Errorf("%+v", events)
		}
	})
}

// A browser that has begun could have us try codes at the provider for as long as it likes otherwise, under our client's secret.
func TestInventedCodesAreLimited(t *testing.T) {
	t.Parallel()
	f := startFederated(t, testkit.Embedded, map[string]string{"RATE_LIMITS": "on", "LIMIT_FAILURES": "3/1h"}, "google")
	f.idp.Google.Login(gmailAda)
	f.idp.Google.Misbehave("wrong_code")
	app := newApplication()
	var visitors []*visitor
	var answers []idp.Answer
	for range 6 {
		v := f.visitor(t)
		visitors = append(visitors, v)
		answers = append(answers, idp.Visit(t, v.begin("google", app.query())))
	}
	outcomes := map[string]int{}
	for _, home := range race.Together(6, func(i int) url.Values { return sentHome(t, visitors[i].come(answers[i])) }) {
		outcomes[home.Get("error")]++
	}
	if outcomes["provider_failed"] != 3 || outcomes["rate_limited"] != 3 {
		t.Errorf("%v", outcomes)
	}
}

// untilLimited sends what is refused until that is too often: more than 60 a minute. A slow machine has a few more, for the clock goes on.
func untilLimited(t *testing.T, c *testkit.Client, request testkit.Request, code string) {
	t.Helper()
	for range 50 {
		c.In(t).Do(request).Want(http.StatusBadRequest, code)
	}
	for range 100 {
		if answer := c.In(t).Do(request); answer.Status == http.StatusTooManyRequests {
			answer.Want(http.StatusTooManyRequests, "rate_limited")
			return
		}
	}
	t.Error("it is never too often")
}
