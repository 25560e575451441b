package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func TestEndingASession(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()

		t.Run("ends it and no other, at once", func(t *testing.T) {
			in, other := c.Login(account), c.Login(account)
			c.Me(other.Access).Want(http.StatusOK, "")
			c.Do(ending(in.Access, other.Session)).Want(http.StatusOK, "")
			c.Me(other.Access).Want(http.StatusUnauthorized, "token_invalid")
			c.Refresh(other.Refresh).Want(http.StatusUnauthorized, "token_invalid")
			c.Me(in.Access).Want(http.StatusOK, "")
			events := record.Events(domain.EventSessionEnded, other.Session)
			if len(events) != 1 || events[0].Details["reason"] != "ended_by_user" || string(events[0].ActorID) != account.ID || string(events[0].SessionID) != other.Session {
				t.Errorf("session.ended: %+v", events)
			}
			c.Do(ending(in.Access, other.Session)).Want(http.StatusNotFound, "not_found")
		})
		t.Run("takes the one that asks", func(t *testing.T) {
			in := c.Login(account)
			r := ending(in.Access, in.Session)
			r.Path += "/"
			c.Do(r).Want(http.StatusOK, "")
			c.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid")
		})
		t.Run("of somebody else is not found for anybody who asks (SE-3, Mattermost CVE-2017-18878)", func(t *testing.T) {
			in, victim := c.Login(account), s.NewAccount()
			theirs := c.Login(victim)
			givenRole(t, record, account.ID, string(domain.PlatformID), "Readers of users", domain.UserRead, domain.UserWrite)
			before := record.Rows()
			unknown := c.Do(ending(in.Access, "00000000-0000-4000-8000-00000000dead")).Want(http.StatusNotFound, "not_found")
			for name, r := range map[string]testkit.Request{
				"by its id":            ending(in.Access, theirs.Session),
				"in capitals":          ending(in.Access, strings.ToUpper(theirs.Session)),
				"with a user in query": ending(in.Access, theirs.Session+"?user_id="+victim.ID),
				"with a user in body": {
					Method: http.MethodDelete, Path: "/api/auth/sessions/" + theirs.Session, Bearer: in.Access, Body: body{"user_id": victim.ID, "id": theirs.Session},
				},
				"with a user in headers": {
					Method: http.MethodDelete, Path: "/api/auth/sessions/" + theirs.Session, Bearer: in.Access, Header: http.Header{"X-User-Id": {victim.ID}},
				},
			} {
				answer := c.Do(r)
				if diff := cmp.Diff(anyID.ReplaceAllString(string(unknown.Body), "ID"), anyID.ReplaceAllString(string(answer.Body), "ID")); diff != "" {
					t.Errorf("%s: not the answer about an unknown one: %s", name, diff)
				}
			}
			if n := len(idsOf(t, c.Do(sessions(in.Access, "?user_id="+victim.ID)))); n < 1 {
				t.Errorf("%d sessions", n)
			}
			for _, id := range idsOf(t, c.Do(sessions(in.Access, "?user_id="+victim.ID))) {
				if id == theirs.Session {
					t.Error("the list has another user's session")
				}
			}
			c.Me(theirs.Access).Want(http.StatusOK, "")
			if diff := cmp.Diff(before, record.Rows()); diff != "" {
				t.Errorf("rows (-before +after):\n%s", diff)
			}
		})
		t.Run("that is no session is not found", func(t *testing.T) {
			in := c.Login(account)
			for _, id := range []string{"abc", account.ID, "%27", "00000000-0000-0000-0000-000000000000", strings.Repeat("a", 2000)} {
				c.Do(ending(in.Access, id)).Want(http.StatusNotFound, "not_found")
			}
		})
		t.Run("named as the count is, is no session either", func(t *testing.T) {
			r := ending(c.Login(account).Access, "stats")
			r.OffContract = true // the document's router takes the path for the count's alone
			c.Do(r).Want(http.StatusNotFound, "not_found")
		})
		t.Run("that lapsed is not found", func(t *testing.T) {
			idle := c.Login(account)
			s.Move(14 * day)
			c.Do(ending(c.Login(account).Access, idle.Session)).Want(http.StatusNotFound, "not_found")
		})
		t.Run("counts once of fifty times at once", func(t *testing.T) {
			in, other := c.Login(account), c.Login(account)
			counts := testkit.Tally(c.AtOnce(50, func(int) testkit.Request { return ending(in.Access, other.Session) }))
			if counts["200"] != 1 || counts["404 not_found"] != 49 {
				t.Errorf("answers: %v", counts)
			}
			if events := record.Events(domain.EventSessionEnded, other.Session); len(events) != 1 {
				t.Errorf("%d times ended", len(events))
			}
		})
		t.Run("wins over refreshes at the same moment", func(t *testing.T) {
			in, other := c.Login(account), c.Login(account)
			answers := c.AtOnce(20, func(i int) testkit.Request {
				if i == 7 {
					return ending(in.Access, other.Session)
				}
				return refresh(body{"refresh_token": other.Refresh})
			})
			answers[7].Want(http.StatusOK, "")
			for i, answer := range answers {
				if i != 7 && answer.Status == http.StatusOK {
					c.Refresh(answer.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
					c.Me(answer.Text("access_token")).Want(http.StatusUnauthorized, "token_invalid")
				}
			}
		})
	})
}

func TestEndingOtherSessions(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"MAX_SESSIONS_PER_USER": "60"}})
		c, record := s.Client(), s.Record()

		t.Run("leaves the one that asks, and says how many", func(t *testing.T) {
			account := s.NewAccount()
			one, two, three := c.Login(account), c.Login(account), c.Login(account)
			other := c.Login(s.NewAccount())
			answer := c.Do(endingOthers(two.Access)).Want(http.StatusOK, "")
			if diff := cmp.Diff(map[string]any{"success": true, "revoked": 2.0}, answer.JSON()); diff != "" {
				t.Error(diff)
			}
			for _, gone := range []testkit.Tokens{one, three} {
				c.Me(gone.Access).Want(http.StatusUnauthorized, "token_invalid")
				c.Refresh(gone.Refresh).Want(http.StatusUnauthorized, "token_invalid")
				if events := record.Events(domain.EventSessionEnded, gone.Session); len(events) != 1 || events[0].Details["reason"] != "ended_by_user" {
					t.Errorf("session.ended: %+v", events)
				}
			}
			c.Me(two.Access).Want(http.StatusOK, "")
			c.Refresh(two.Refresh).Want(http.StatusOK, "")
			c.Me(other.Access).Want(http.StatusOK, "")
			if got := c.Do(endingOthers(two.Access)).Want(http.StatusOK, "").JSON()["revoked"]; got != 0.0 {
				t.Errorf("again: %v", got)
			}
		})
		t.Run("leaves exactly one of fifty that end each other at once", func(t *testing.T) {
			account := s.NewAccount()
			in := make([]testkit.Tokens, 50)
			for i := range in {
				in[i] = c.Login(account)
			}
			answers := c.AtOnce(len(in), func(i int) testkit.Request { return endingOthers(in[i].Access) })
			counts := testkit.Tally(answers)
			if counts["200"] != 1 || counts["401 token_invalid"]+counts["503 unavailable"] != 49 {
				t.Errorf("answers: %v", counts)
			}
			for i, answer := range answers {
				if answer.Status == http.StatusOK {
					c.Me(in[i].Access).Want(http.StatusOK, "")
				}
			}
			if n := record.LiveSessions(account.ID); n != 1 {
				t.Errorf("%d sessions live", n)
			}
		})
		t.Run("ends every session of before, whatever logs in beside it", func(t *testing.T) {
			account := s.NewAccount()
			in := c.Login(account)
			before := make([]testkit.Tokens, 5)
			for i := range before {
				before[i] = c.Login(account)
			}
			answers := c.AtOnce(12, func(i int) testkit.Request {
				if i == 5 {
					return endingOthers(in.Access)
				}
				return login(credentials(account))
			})
			answers[5].Want(http.StatusOK, "")
			for _, gone := range before {
				c.Me(gone.Access).Want(http.StatusUnauthorized, "token_invalid")
			}
			live := idsOf(t, c.Do(sessions(in.Access, "")))
			if n := record.LiveSessions(account.ID); n != len(live) {
				t.Errorf("%d live, %d listed", n, len(live))
			}
		})
	})
}

// TestEndsAreSeenByEveryReplica: not parallel, as the other tests about time.
func TestEndsAreSeenByEveryReplica(t *testing.T) {
	a := testkit.Start(t, testkit.Options{Backends: testkit.Production})
	b := a.Replica(nil)
	settled(a, b)
	account := a.NewAccount()
	for name, end := range map[string]func(by, of testkit.Tokens) testkit.Request{
		"one":        func(by, of testkit.Tokens) testkit.Request { return ending(by.Access, of.Session) },
		"all others": func(by, _ testkit.Tokens) testkit.Request { return endingOthers(by.Access) },
		"by cookie": func(_, of testkit.Tokens) testkit.Request {
			return testkit.Request{Method: http.MethodPost, Path: "/api/auth/logout", Header: http.Header{
				"Cookie": {"signet_rt=" + of.Refresh}, "Origin": {fmt.Sprintf("http://localhost:%s", a.URL[strings.LastIndex(a.URL, ":")+1:])}, "X-Signet": {"1"},
			}}
		},
	} {
		by, of := a.Client().Login(account), a.Client().Login(account)
		if name == "by cookie" {
			in := a.Client().Do(byCookie(account)).Want(http.StatusOK, "")
			of = testkit.Tokens{Access: in.Text("access_token"), Refresh: given(t, in).Value}
		}
		b.Client().Me(of.Access).Want(http.StatusOK, "")
		a.Client().Do(end(by, of)).Want(http.StatusOK, "")
		wantRefused(t, b, name, of.Access)
		wantRefused(t, a, name, of.Access)
		b.Client().Me(by.Access).Want(http.StatusOK, "")
	}
}
