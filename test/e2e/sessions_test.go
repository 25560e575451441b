package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func sessions(access, query string) testkit.Request {
	return testkit.Request{Path: "/api/auth/sessions" + query, Bearer: access}
}

func ending(access, id string) testkit.Request {
	return testkit.Request{Method: http.MethodDelete, Path: "/api/auth/sessions/" + id, Bearer: access}
}

func endingOthers(access string) testkit.Request {
	return testkit.Request{Method: http.MethodDelete, Path: "/api/auth/sessions", Bearer: access}
}

func stats(access string) testkit.Request { return get("/api/auth/sessions/stats", access) }

// listed are the sessions of an answer.
func listed(t *testing.T, r testkit.Response) (all []testkit.Object) {
	t.Helper()
	items, ok := r.Want(http.StatusOK, "").JSON()["sessions"].([]any)
	if !ok {
		t.Fatalf("no list: %s", r.Body)
	}
	for _, item := range items {
		all = append(all, item.(map[string]any))
	}
	return all
}

func idsOf(t *testing.T, r testkit.Response) (ids []string) {
	t.Helper()
	for _, s := range listed(t, r) {
		ids = append(ids, s["id"].(string))
	}
	return ids
}

const wantSessions = `{
  "sessions": [
    {
      "created_at": "TIME",
      "current": true,
      "device_name": "Ada's phone",
      "expires_at": "TIME",
      "id": "ID",
      "idle_expires_at": "TIME",
      "ip": "127.0.0.1",
      "jti": "ID",
      "last_seen_at": "TIME",
      "static": false,
      "user_agent": "test/1.0 (phone)"
    }
  ],
  "success": true
}`

func TestListOfSessions(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"MAX_SESSIONS_PER_USER": "0"}})
	c := s.Client()

	t.Run("says of each what its owner should know, and nothing secret (SE-3)", func(t *testing.T) {
		before := s.Clock.Now()
		r := login(with(credentials(s.NewAccount()), body{"device_name": "Ada's phone"}))
		r.Header = http.Header{"User-Agent": {"test/1.0 (phone)"}}
		in := c.Do(r).Want(http.StatusOK, "")
		answer := c.Do(sessions(in.Text("access_token"), "")).Want(http.StatusOK, "")
		if diff := cmp.Diff(wantSessions, normalized(t, answer.Body)); diff != "" {
			t.Errorf("sessions (-want +got):\n%s", diff)
		}
		one := listed(t, answer)[0]
		if one["id"] != in.Text("session_id") || one["jti"] != one["id"] {
			t.Errorf("%v", one)
		}
		wantTime(t, one["created_at"].(string), before)
		wantTime(t, one["last_seen_at"].(string), before)
		wantTime(t, one["idle_expires_at"].(string), before.Add(14*day))
		wantTime(t, one["expires_at"].(string), before.Add(30*day))
		if one["expires_at"] != in.Text("session.expires_at") || one["idle_expires_at"] != in.Text("session.idle_expires_at") {
			t.Errorf("the login said otherwise: %s", in.Body)
		}
		if answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("Cache-Control %q", answer.Header.Get("Cache-Control"))
		}
	})
	t.Run("is newest first, whichever was used last, and marks the one that asks", func(t *testing.T) {
		account := s.NewAccount()
		first := c.Login(account)
		s.Move(time.Minute)
		second := c.Login(account)
		s.Move(time.Minute)
		next := c.Refresh(first.Refresh).Want(http.StatusOK, "")
		seen := s.Clock.Now()
		answer := c.Do(sessions(next.Text("access_token"), ""))
		if diff := cmp.Diff([]string{second.Session, first.Session}, idsOf(t, answer)); diff != "" {
			t.Error(diff)
		}
		all := listed(t, answer)
		if all[0]["current"] != false || all[1]["current"] != true {
			t.Errorf("%s", answer.Body)
		}
		wantTime(t, all[1]["last_seen_at"].(string), seen) // a refresh is a sign of life, asking is none
		wantTime(t, all[1]["idle_expires_at"].(string), seen.Add(14*day))
		wantTime(t, all[0]["last_seen_at"].(string), seen.Add(-time.Minute))
	})
	t.Run("has neither the ended nor the lapsed, nor anybody else's", func(t *testing.T) {
		account := s.NewAccount()
		over, idle := c.Login(account), c.Login(account)
		c.Login(s.NewAccount())
		c.Do(logout(over.Access)).Want(http.StatusOK, "")
		s.Move(14*day - 5*time.Minute)
		in := c.Login(account)
		if diff := cmp.Diff([]string{in.Session, idle.Session}, idsOf(t, c.Do(sessions(in.Access, "")))); diff != "" {
			t.Errorf("before the idle end: %s", diff)
		}
		s.Move(5 * time.Minute)
		if diff := cmp.Diff([]string{in.Session}, idsOf(t, c.Do(sessions(in.Access, "")))); diff != "" {
			t.Errorf("behind it: %s", diff)
		}
	})
	t.Run("comes in pages", func(t *testing.T) {
		account := s.NewAccount()
		var in testkit.Tokens
		var want []string
		for range 7 {
			in = c.Login(account)
			want = append([]string{in.Session}, want...)
			s.Clock.Move(time.Millisecond)
		}
		var got []string
		query := "?limit=3"
		for range 3 {
			page := c.Do(sessions(in.Access, query))
			got = append(got, idsOf(t, page)...)
			next, more := page.JSON()["next_cursor"].(string)
			if more != (len(got) < 7) {
				t.Errorf("after %d: next_cursor %q", len(got), next)
			}
			query = "?limit=3&cursor=" + next
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("has 50 on a page unless said", func(t *testing.T) {
		account := s.NewAccount()
		var in testkit.Tokens
		for range 51 {
			in = c.Login(account)
		}
		first := c.Do(sessions(in.Access, ""))
		if n := len(idsOf(t, first)); n != 50 {
			t.Errorf("%d on the first page", n)
		}
		if n := len(idsOf(t, c.Do(sessions(in.Access, "?cursor="+first.Text("next_cursor"))))); n != 1 {
			t.Errorf("%d on the last page", n)
		}
		if n := len(idsOf(t, c.Do(sessions(in.Access, "?limit=200")))); n != 51 {
			t.Errorf("%d of 200", n)
		}
	})
	t.Run("refuses limits and cursors that are none of its own (IN-3, hydra CVE-2026-33503)", func(t *testing.T) {
		account, other := s.NewAccount(), s.NewAccount()
		in, eve := c.Login(account), c.Login(other)
		c.Login(account)
		c.Login(other)
		mine := c.Do(sessions(in.Access, "?limit=1")).Want(http.StatusOK, "").Text("next_cursor")
		hers := c.Do(sessions(eve.Access, "?limit=1")).Want(http.StatusOK, "").Text("next_cursor")
		for _, query := range []string{"limit=-1", "limit=201", "limit=many", "limit=1&limit=2", "limit=9223372036854775808", "cursor=a%00b", "cursor=" + strings.Repeat("x", 201)} {
			c.Do(sessions(in.Access, "?"+query)).Want(http.StatusBadRequest, "invalid_request")
		}
		for _, cursor := range []string{hers, testkit.Garble(mine), mine + "0", "1", "' OR 1=1 --", in.Session} {
			r := sessions(in.Access, "?cursor="+strings.NewReplacer(" ", "%20", "'", "%27").Replace(cursor))
			if got := c.Do(r).Outcome(); got != "400 invalid_cursor" {
				t.Errorf("%s: %s", cursor, got)
			}
		}
		if n := len(idsOf(t, c.Do(sessions(in.Access, "?cursor="+mine)))); n != 0 && n != 1 {
			t.Errorf("%d sessions", n)
		}
	})
}

func TestSessionStats(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		reader, account := s.NewAccount(), s.NewAccount()
		record.Exec("INSERT INTO assignments (id, principal_id, role_id, created_at) VALUES (?, ?, ?, ?)",
			"018f0000-0000-7000-8000-0000000000aa", reader.ID, string(domain.RolePlatformReader), "2026-11-01 00:00:00+00:00")
		record.Exec("UPDATE principals SET pv = pv + 1 WHERE id = ?", reader.ID)
		record.Changed(domain.ChangePrincipal, reader.ID)
		s.CaughtUp()
		want := func(t *testing.T, access string, sessions, users int) {
			t.Helper()
			answer := c.Do(stats(access)).Want(http.StatusOK, "")
			if diff := cmp.Diff(map[string]any{"success": true, "active_sessions": float64(sessions), "users_with_sessions": float64(users)}, answer.JSON()); diff != "" {
				t.Error(diff)
			}
		}
		in := c.Login(reader)
		c.Login(account)
		two := c.Login(account)
		s.Move(61 * time.Second) // a scrape may have counted before

		t.Run("count live sessions and who has one, once a minute", func(t *testing.T) {
			want(t, in.Access, 3, 2)
			c.Do(logout(two.Access)).Want(http.StatusOK, "")
			c.Login(s.NewAccount())
			c.Login(s.NewAccount())
			want(t, in.Access, 3, 2)
			s.Move(61 * time.Second)
			want(t, in.Access, 4, 4)
		})
		t.Run("do not count what lapsed", func(t *testing.T) {
			s.Move(14 * day)
			in = c.Login(reader)
			s.Move(61 * time.Second)
			want(t, in.Access, 1, 1)
		})
		t.Run("need user:read at the platform, held now", func(t *testing.T) {
			other := c.Login(account)
			c.Do(stats(other.Access)).Want(http.StatusForbidden, "forbidden")
			service := givenService(t, record, "desk", "Desk")
			givenRole(t, record, account.ID, service, "Desk readers", "user:read", "*:*")
			c.Do(stats(other.Access)).Want(http.StatusForbidden, "forbidden")
			record.Exec("DELETE FROM assignments WHERE principal_id = ? AND role_id = ?", reader.ID, string(domain.RolePlatformReader))
			record.Exec("UPDATE principals SET pv = pv + 1 WHERE id = ?", reader.ID)
			record.Changed(domain.ChangePrincipal, reader.ID)
			s.Eventually(time.Second, func() bool { return c.Do(stats(in.Access)).Outcome() == "403 forbidden" })
		})
	})
}

// TestSessionCallsWantATokenOfThePlatform: a token that a service received must not open Signet's own API (RFC 9700 §2.3, JW-8).
func TestSessionCallsWantATokenOfThePlatform(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c, record := s.Client(), s.Record()
		givenService(t, record, "desk", "Desk")
		account := s.NewAccount()
		in := c.Do(login(with(credentials(account), body{"service": "desk"}))).Want(http.StatusOK, "")
		for name, call := range map[string]func(access string) testkit.Request{
			"list": func(access string) testkit.Request { return sessions(access, "") }, "end one": func(access string) testkit.Request { return ending(access, in.Text("session_id")) },
			"end others": endingOthers, "stats": stats,
		} {
			t.Run(name, func(t *testing.T) {
				c := c.In(t)
				c.Do(call("")).Want(http.StatusUnauthorized, "token_missing")
				c.Do(call("garbage")).Want(http.StatusUnauthorized, "token_invalid")
				c.Do(call(in.Text("refresh_token"))).Want(http.StatusUnauthorized, "token_invalid")
				c.Do(call(in.Text("access_token"))).Want(http.StatusForbidden, "wrong_audience")
			})
		}
		if n := record.LiveSessions(account.ID); n != 1 {
			t.Errorf("%d sessions live", n)
		}
	})
}

func TestDeviceNames(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		account := s.NewAccount()
		named := func(name string) testkit.Request { return login(with(credentials(account), body{"device_name": name})) }
		for _, name := range []string{"Ada's phone", "Адин телефон", "📱", strings.Repeat("☃", 100), "<script>alert(1)</script>", ""} {
			in := c.Do(named(name)).Want(http.StatusOK, "")
			if got := listed(t, c.Do(sessions(in.Text("access_token"), "")))[0]["device_name"]; got != name {
				t.Errorf("%q became %q", name, got)
			}
		}
		c.Do(named("a\x00b")).Want(http.StatusBadRequest, "invalid_request")
		for _, name := range []string{"a\nb", "a\u0085b", "a\u202eb", "a\u2028b", "a\x7fb", strings.Repeat("☃", 101)} {
			answer := c.Do(named(name)).Want(http.StatusBadRequest, "invalid_request")
			if message := answer.Text("message"); !strings.HasPrefix(message, "device_name must") || strings.Contains(message, "☃") {
				t.Errorf("%q: %s", name, message)
			}
		}
		// A browser's own name is not the user's to mend: it is cut instead.
		r := named("x")
		r.Header = http.Header{"User-Agent": {"agent " + strings.Repeat("u", 400)}}
		in := c.Do(r).Want(http.StatusOK, "")
		if got := listed(t, c.Do(sessions(in.Text("access_token"), "")))[0]["user_agent"]; got != "agent "+strings.Repeat("u", 294) {
			t.Errorf("user_agent %q", got)
		}
	})
}
