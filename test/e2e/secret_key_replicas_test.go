package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

// openThings are what people hold, or wait for, while SECRET_KEY changes. One replica gave them out, another takes them.
type openThings struct {
	access, refresh, cookie string
	cursor                  string // of the list of sessions
	pending, code           string // a registration, and the code of its mail
	move                    string // the link to a new address
}

var (
	sixDigits = regexp.MustCompile(`\n +(\d{6})\n`)
	linkPath  = regexp.MustCompile(`https://auth\.example\.com(/\S+/)(\S+)`)
)

// mailed waits for a mail to an address with a link to a path, and returns its secret and, if it has one, its code.
func mailed(s *testkit.Server, mx *smtpserver.Server, email, path string) (secret, code string) {
	s.Eventually(20*time.Second, func() bool {
		for _, m := range slices.Backward(mx.Messages()) {
			link := linkPath.FindStringSubmatch(m.Text)
			if len(m.To) != 1 || m.To[0] != email || link == nil || link[1] != path {
				continue
			}
			secret = link[2]
			if digits := sixDigits.FindStringSubmatch(m.Text); digits != nil {
				code = digits[1]
			}
			return true
		}
		return false
	})
	return secret, code
}

// begun makes open things at a replica.
func begun(t *testing.T, s *testkit.Server, mx *smtpserver.Server, account testkit.Account) (o openThings) {
	t.Helper()
	c := s.Client().In(t)
	in := c.Login(account)
	o.access, o.refresh = in.Access, in.Refresh
	o.cookie = given(t, c.Do(byCookie(account)).Want(http.StatusOK, "")).Value
	o.cursor = c.Do(get("/api/auth/sessions?limit=1", in.Access)).Want(http.StatusOK, "").Text("next_cursor")
	to := testkit.NewAddress()
	o.pending = testkit.NewAddress()
	c.Do(register(o.pending)).Want(http.StatusCreated, "")
	c.Do(moving(in.Access, to, account.Password)).Want(http.StatusAccepted, "")
	_, o.code = mailed(s, mx, o.pending, "/api/auth/verify-email/")
	o.move, _ = mailed(s, mx, to, "/api/auth/change-email/")
	return o
}

// continued goes on with open things elsewhere, and back.
func (o openThings) continued(t *testing.T, there, back *testkit.Server) {
	t.Helper()
	c, d := there.Client().In(t), back.Client().In(t)
	for _, c := range []*testkit.Client{c, d} {
		c.Me(o.access).Want(http.StatusOK, "")
	}
	next := c.Refresh(o.refresh).Want(http.StatusOK, "")
	d.Me(next.Text("access_token")).Want(http.StatusOK, "")
	again := d.Refresh(next.Text("refresh_token")).Want(http.StatusOK, "")
	c.Me(again.Text("access_token")).Want(http.StatusOK, "")
	cookie := given(t, c.Do(sent("/api/auth/refresh", o.cookie)).Want(http.StatusOK, ""))
	given(t, d.Do(sent("/api/auth/refresh", cookie.Value)).Want(http.StatusOK, ""))
	c.Do(movingIn(o.move)).Want(http.StatusOK, "")
}

// proved proves the registration at a replica by the code of its mail, which lives for ten minutes, and is the account.
func (o openThings) proved(t *testing.T, s *testkit.Server) testkit.Account {
	t.Helper()
	s.Client().In(t).Do(testkit.Request{Path: "/api/auth/verify-email", Body: testkit.Object{"email": o.pending, "code": o.code}}).Want(http.StatusOK, "")
	return testkit.Account{Email: o.pending, Password: testkit.Password}
}

// joined is a new account at a replica.
func joined(t *testing.T, s *testkit.Server, mx *smtpserver.Server) testkit.Account {
	t.Helper()
	o := openThings{pending: testkit.NewAddress()}
	s.Client().In(t).Do(register(o.pending)).Want(http.StatusCreated, "")
	_, o.code = mailed(s, mx, o.pending, "/api/auth/verify-email/")
	return o.proved(t, s)
}

// TestSecretKeyIsReplacedReplicaByReplica goes through the three rounds of docs/operations.md, one replica after the other, with people at all
// of them: what any replica gave out before a step the other takes after it.
func TestSecretKeyIsReplacedReplicaByReplica(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		mx := smtpserver.Start(t, smtpserver.Options{})
		env := mailing(mx)
		maps.Copy(env, map[string]string{
			"SECRET_KEY": oldSecretKey, "PUBLIC_URL": "https://auth.example.com", "CORS_ORIGINS": app, "CLEANUP_EVERY": "100ms",
		})
		servers := []*testkit.Server{testkit.Start(t, testkit.Options{Backends: b, Env: env})}
		if b.Name != testkit.Embedded.Name { // one data folder serves one server
			servers = append(servers, servers[0].Replica(nil))
		}
		first := servers[0]
		record, kids := first.Record(), published(first.Client())
		idle := begun(t, first, mx, joined(t, first, mx)) // by somebody who comes back only after it all
		people := make([]testkit.Account, len(servers))
		for i, s := range servers {
			people[i] = joined(t, s, mx)
		}

		for round, settings := range []map[string]string{
			{"SECRET_KEY": oldSecretKey, "SECRET_KEY_PREVIOUS": newSecretKey},
			{"SECRET_KEY": newSecretKey, "SECRET_KEY_PREVIOUS": oldSecretKey},
			{"SECRET_KEY": newSecretKey, "SECRET_KEY_PREVIOUS": ""},
		} {
			for i, s := range servers {
				t.Run(fmt.Sprintf("round %d, replica %d", round+1, i+1), func(t *testing.T) {
					open := make([]openThings, len(servers))
					for j, other := range servers {
						open[j] = begun(t, other, mx, people[j])
					}
					maps.Copy(s.Env, settings)
					s.Restart()
					for j, o := range open {
						there := servers[(j+1)%len(servers)]
						if now := published(there.Client()); !slices.Equal(now, kids) {
							t.Errorf("the keys were %v and are %v", kids, now)
						}
						there.Client().In(t).Do(get("/api/auth/sessions?limit=1&cursor="+url.QueryEscape(o.cursor), o.access)).Want(http.StatusOK, "")
						people[j] = o.proved(t, there)
						o.continued(t, there, servers[j])
					}
				})
			}
			if round == 1 { // the old one may go
				if said := signet(t, cheaply(first.Env), "", "keys", "list").want(t, 0); strings.Contains(said.Out, "SECRET_KEY") {
					t.Errorf("the keys are not sealed again: %s", said.Out)
				}
			}
		}

		t.Run("nobody lost anything", func(t *testing.T) {
			idle.continued(t, servers[len(servers)-1], first)
			first.Settled()
			if n := record.Count("SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL OR last_error <> ''"); n != 0 {
				t.Errorf("%d messages had trouble", n)
			}
			if n := record.Count("SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL"); n != 0 {
				t.Errorf("%d sessions ended", n)
			}
			for _, s := range servers {
				if strings.Contains(s.Log.String(), "can't be opened") {
					t.Error("a replica could not open something")
				}
			}
		})
	})
}
