package e2e_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/backend"
	"github.com/signet-auth/signet/test/testkit/race"
)

// patience is what a write may take to say that it can't be done: the contract says about a second, the race detector needs
// some of its own.
const patience = 3 * time.Second

// register is a registration that nobody follows up.
func register(email string) testkit.Request {
	return testkit.Request{Path: "/api/auth/register", Body: body{"email": email, "password": testkit.Password}}
}

// remembered are calls that are answered from memory.
var remembered = []string{"/api/auth/me", "/api/auth/validate-jwt"}

func wantUnavailable(t *testing.T, what string, r testkit.Response) {
	t.Helper()
	after, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if r.Outcome() != "503 unavailable" || err != nil || after < 1 {
		t.Errorf("%s: %s, Retry-After %q", what, r.Outcome(), r.Header.Get("Retry-After"))
	}
	if r.Took > patience {
		t.Errorf("%s: the refusal took %s", what, r.Took)
	}
}

func TestRedisIsAbsentAtStart(t *testing.T) {
	links := testkit.NewLinks(t)
	links.Redis.Cut()
	s := testkit.Start(t, testkit.Options{Backends: links.Backends, Env: limited(nil)})
	c := s.Client()
	c.Do(get("/readyz", "")).Want(http.StatusOK, "")
	account := s.NewAccount()
	in := c.Login(account)
	c.Me(in.Access).Want(http.StatusOK, "")
	next := c.Refresh(in.Refresh).Want(http.StatusOK, "")
	for range 10 {
		c.Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials")
	}
	wantLimited(t, c.Do(guess(account.Email)), 10, 90*time.Second)

	links.Redis.Restore()
	settled(s)
	c.Me(next.Text("access_token")).Want(http.StatusOK, "")
	c.Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials") // counted from zero, and shared from here
}

func TestRedisIsLost(t *testing.T) {
	for name, lose := range map[string]func(l testkit.Links){
		"cut off":         func(l testkit.Links) { l.Redis.Cut() },
		"in a black hole": func(l testkit.Links) { l.Redis.Blackhole() },
	} {
		t.Run(name, func(t *testing.T) {
			links := testkit.NewLinks(t)
			s := testkit.Start(t, testkit.Options{Backends: links.Backends, Env: limited(nil)})
			settled(s)
			c := s.Client()
			account := s.NewAccount()
			in := c.Login(account)
			c.Me(in.Access).Want(http.StatusOK, "")
			usual := c.Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials").Took
			careful := s.NewAccount()
			app, carefulIn := s.Enrol(c.Login(careful))
			device := remember(c, careful, app)

			lose(links)
			for i := range 5 {
				// One call finds out, by its budget of 100 ms; those that come later don't ask.
				if took := c.Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials").Took; took > usual+500*time.Millisecond {
					t.Errorf("login %d took %s, usual are %s", i, took, usual)
				}
				if took := c.Me(in.Access).Want(http.StatusOK, "").Took; took > 500*time.Millisecond {
					t.Errorf("me %d took %s", i, took)
				}
			}
			in.Refresh = c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("refresh_token")
			c.Do(get("/readyz", "")).Want(http.StatusOK, "")
			c.Do(on(device, careful)).Want(http.StatusOK, "") // remembered in the database, which alone spares a factor
			c.Do(on(inventedDevice(t, newID()), careful)).Want(http.StatusUnauthorized, "mfa_required")
			c.Do(del("/api/auth/devices", carefulIn.Access)).Want(http.StatusOK, "")
			c.Do(on(device, careful)).Want(http.StatusUnauthorized, "mfa_required")
			links.Redis.Restore()
			settled(s)
			c.Login(account)
			c.Refresh(in.Refresh).Want(http.StatusOK, "")
			c.Do(on(device, careful)).Want(http.StatusUnauthorized, "mfa_required")
		})
	}
}

func TestPostgresIsLost(t *testing.T) {
	for name, lose := range map[string]func(l testkit.Links){
		"cut off":         func(l testkit.Links) { l.Postgres.Cut() },
		"in a black hole": func(l testkit.Links) { l.Postgres.Blackhole() },
	} {
		t.Run(name, func(t *testing.T) {
			links := testkit.NewLinks(t)
			s := testkit.Start(t, testkit.Options{Backends: links.Backends})
			c := s.Client()
			account := s.NewAccount()
			in, unseen := c.Login(account), c.Login(account)
			for _, path := range remembered {
				c.Do(get(path, in.Access)).Want(http.StatusOK, "")
			}
			s.Move(55 * time.Second) // what was remembered is as old as it gets
			down := s.Clock.Now()
			lose(links)

			for name, r := range map[string]testkit.Request{
				"login":                       login(credentials(account)),
				"login of nobody":             guess(testkit.NewAddress()),
				"refresh":                     refresh(body{"refresh_token": in.Refresh}),
				"logout":                      logout(in.Access),
				"logout by the refresh token": logoutBy(in.Refresh),
				"register":                    register(testkit.NewAddress()),
				"verify":                      {Path: "/api/auth/verify-email", Body: body{"email": account.Email, "code": "123456"}},
				"resend":                      {Path: "/api/auth/verify-email/resend", Body: body{"email": account.Email}},
			} {
				wantUnavailable(t, name, c.Do(r))
			}
			for _, answer := range c.AtOnce(30, func(int) testkit.Request { return refresh(body{"refresh_token": in.Refresh}) }) {
				wantUnavailable(t, "one of 30 refreshes", answer)
			}
			c.Do(get("/livez", "")).Want(http.StatusOK, "")
			s.Eventually(5*time.Second, func() bool { _, details := readiness(t, s); return details["database"] == "unavailable" })
			c.Do(get("/readyz", "")).Want(http.StatusOK, "") // or else the load balancer would have no replica left that answers from memory
			c.Do(jwks()).Want(http.StatusOK, "")

			s.Clock.Move(25*time.Second - s.Clock.Now().Sub(down))
			for _, path := range remembered {
				answer := c.Do(get(path, in.Access)).Want(http.StatusOK, "")
				if answer.Took > time.Second {
					t.Errorf("%s took %s", path, answer.Took)
				}
			}
			c.Me(testkit.Garble(in.Access)).Want(http.StatusUnauthorized, "token_invalid")
			s.Clock.Move(6 * time.Second)
			for _, path := range remembered {
				wantUnavailable(t, path+" after 30 s", c.Do(get(path, in.Access)))
			}
			s.Eventually(5*time.Second, func() bool { return c.Do(get("/readyz", "")).Status == http.StatusServiceUnavailable })

			links.Postgres.Restore()
			s.Eventually(15*time.Second, func() bool { return c.Me(in.Access).Status == http.StatusOK })
			s.Eventually(5*time.Second, func() bool { return c.Do(get("/readyz", "")).Status == http.StatusOK })
			c.Refresh(in.Refresh).Want(http.StatusOK, "") // no logout was answered, so nobody is logged out
			c.Me(unseen.Access).Want(http.StatusOK, "")
			c.Login(account)
		})
	}
}

// TestAFailoverIsFollowed: connections that lead to a server which takes no writes are given up, and nothing is restarted.
func TestAFailoverIsFollowed(t *testing.T) {
	s := testkit.Start(t, testkit.Options{Backends: testkit.Production})
	c := s.Client()
	account := s.NewAccount()
	in := c.Login(account)
	at, err := url.Parse(s.Env["DATABASE_URI"])
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(at.Path, "/")
	at.Path = "/postgres"
	server := testkit.RecordAt(t, at.String())
	server.Exec("ALTER DATABASE " + name + " SET default_transaction_read_only = on")
	server.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'")
	s.Eventually(10*time.Second, func() bool {
		return c.Do(login(credentials(account))).Status == http.StatusServiceUnavailable && s.Metric("signet_database_read_only") == 1
	})
	wantUnavailable(t, "a login", c.Do(login(credentials(account))))
	s.Eventually(5*time.Second, func() bool { _, details := readiness(t, s); return strings.HasPrefix(details["database"], "read-only") })
	c.Do(get("/readyz", "")).Want(http.StatusOK, "")
	c.Me(in.Access).Want(http.StatusOK, "")
	server.Exec("ALTER DATABASE " + name + " RESET default_transaction_read_only")
	s.Eventually(5*time.Second, func() bool { return c.Do(login(credentials(account))).Status == http.StatusOK })
	if s.Metric("signet_database_read_only") != 0 {
		t.Error("it is said to be read-only still")
	}
	for range 10 { // whichever connection it is
		c.Login(account)
	}
}

// Four replicas that start together on a fresh database, all through PgBouncer in transaction mode.
func TestReplicasStartThroughAPooler(t *testing.T) {
	direct := backend.Postgres(t)
	env := testkit.Production.Env(t)
	env["DATABASE_URI"] = backend.Pooler(t, direct, 10)
	replicas := make([]*testkit.Server, 4)
	for i := range replicas {
		replicas[i] = testkit.Prepare(t, testkit.Options{Backends: testkit.Backends{Name: "pooler", Env: func(testing.TB) map[string]string { return env }}})
	}
	for _, err := range race.Together(len(replicas), func(i int) error { return replicas[i].TryStart() }) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, s := range replicas {
		s.Client().Do(get("/readyz", "")).Want(http.StatusOK, "")
		s.Stop()
	}
	if n := testkit.RecordAt(t, direct).Count(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); n != 0 {
		t.Errorf("%d locks are left", n)
	}
}

func TestPostgresIsAbsentAtStart(t *testing.T) {
	links := testkit.NewLinks(t)
	links.Postgres.Cut()
	s := testkit.Prepare(t, testkit.Options{Backends: links.Backends})
	started := make(chan error, 1)
	go func() { started <- s.TryStart() }()
	s.Eventually(10*time.Second, func() bool { return strings.Contains(s.Log.String(), "waiting for the database") })
	links.Postgres.Restore()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	s.Client().Login(s.NewAccount())
}

// TestNoFalseSuccess takes Postgres away and gives it back while clients log in, refresh and log out. Whatever was answered
// with success must be in the record afterwards, and a client that keeps trying is never logged out.
func TestNoFalseSuccess(t *testing.T) {
	links := testkit.NewLinks(t)
	s := testkit.Start(t, testkit.Options{Backends: links.Backends, Env: map[string]string{"MAX_SESSIONS_PER_USER": "0", "HASH_WAIT": "20s"}})
	account := s.NewAccount()
	const clients = 8
	begun := make([]testkit.Tokens, clients)
	for i := range begun {
		begun[i] = s.Client().Login(account)
	}
	stop := make(chan struct{})
	finish := sync.OnceFunc(func() { close(stop) })
	t.Cleanup(finish) // also when the test fails: clients that go on would starve the tests after it
	type history struct {
		refresh       string // the token of the last answer
		in, out, lost []string
		refreshes     int
		odd           []string
	}
	finished := make(chan []history, 1)
	go func() {
		finished <- race.Together(clients, func(i int) history {
			h, c := history{refresh: begun[i].Refresh}, s.Client()
			for {
				select {
				case <-stop:
					return h
				default:
				}
				answer, err := c.Try(refresh(body{"refresh_token": h.refresh}))
				switch {
				case err != nil:
					h.odd = append(h.odd, err.Error())
				case answer.Status == http.StatusOK:
					h.refresh = answer.Text("refresh_token")
					h.refreshes++
				case answer.Status != http.StatusServiceUnavailable:
					h.odd = append(h.odd, "refresh: "+answer.Outcome())
					return h
				}
				answer, err = c.Try(login(credentials(account)))
				if err != nil || answer.Status != http.StatusOK {
					continue
				}
				id, token := answer.Text("session_id"), answer.Text("access_token")
				h.in = append(h.in, id)
				if answer, err = c.Try(logout(token)); err == nil && answer.Status == http.StatusOK {
					h.out = append(h.out, id)
				} else {
					h.lost = append(h.lost, id) // nobody was told anything: either will do
				}
			}
		})
	}()
	record := testkit.RecordAt(t, links.DatabaseURI)
	progress := func() { // some work is done between the outages
		before := record.Count("SELECT count(*) FROM sessions")
		s.Eventually(20*time.Second, func() bool { return record.Count("SELECT count(*) FROM sessions") > before+4 })
	}
	lost := func() bool { _, details := readiness(t, s); return details["database"] == "unavailable" }
	for range 3 {
		progress()
		links.Postgres.Cut()
		s.Eventually(10*time.Second, lost)
		links.Postgres.Restore()
		progress()
		links.Postgres.Blackhole()
		s.Eventually(10*time.Second, lost)
		links.Postgres.Restore()
	}
	progress()
	finish()
	histories := <-finished

	ended := map[string]bool{}
	for _, id := range record.Texts("SELECT id FROM sessions WHERE ended_at IS NOT NULL") {
		ended[id] = true
	}
	known := map[string]bool{}
	for _, id := range record.Texts("SELECT id FROM sessions") {
		known[id] = true
	}
	var in, out, refreshes int
	for i, h := range histories {
		in, out, refreshes = in+len(h.in), out+len(h.out), refreshes+h.refreshes
		if len(h.odd) > 0 {
			t.Errorf("client %d: %v", i, h.odd)
		}
		for _, id := range h.in {
			if !known[id] {
				t.Errorf("a login was answered whose session %s is not there", id)
			}
		}
		for _, id := range h.out {
			if !ended[id] {
				t.Errorf("a logout was answered whose session %s is live", id)
			}
		}
		s.Eventually(15*time.Second, func() bool { return s.Client().Refresh(h.refresh).Status == http.StatusOK })
	}
	t.Logf("%d logins, %d logouts and %d refreshes were answered with success", in, out, refreshes)
}
