package e2e_test

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// limited are the settings of tests about limits: the client's address is what the test says it is.
func limited(more map[string]string) map[string]string {
	env := map[string]string{"RATE_LIMITS": "on", "TRUSTED_PROXIES": "127.0.0.1/32", "LIMIT_MAIL": "3/1h", "LIMIT_MAIL_BLOCK": "1000/1h"}
	maps.Copy(env, more)
	return env
}

// settled waits until the servers count in Redis, where there is one: a start does not wait for it.
func settled(servers ...*testkit.Server) {
	for _, s := range servers {
		if s.Env["REDIS_URL"] != "" {
			s.Eventually(15*time.Second, func() bool { return s.Metric("signet_redis_up") == 1 })
		}
	}
}

// from sends a request as if from an address.
func from(address string, r testkit.Request) testkit.Request {
	header := http.Header{}
	if r.Header != nil {
		header = r.Header.Clone()
	}
	header.Set("X-Forwarded-For", address)
	r.Header = header
	return r
}

func guess(email string) testkit.Request { return login(body{"email": email, "password": "wrong"}) }

// wantLimited checks a refusal: how long to wait, and for what limit.
func wantLimited(t *testing.T, r testkit.Response, limit int, wait time.Duration) {
	t.Helper()
	r.Want(http.StatusTooManyRequests, "rate_limited")
	after, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || after < 1 || time.Duration(after)*time.Second > wait+time.Second {
		t.Errorf("Retry-After %q, want at most %s", r.Header.Get("Retry-After"), wait)
	}
	reset, err := strconv.Atoi(r.Header.Get("RateLimit-Reset"))
	if r.Header.Get("RateLimit-Limit") != strconv.Itoa(limit) || r.Header.Get("RateLimit-Remaining") != "0" || err != nil || reset < after {
		t.Errorf("RateLimit headers: %v", r.Header)
	}
}

// The tests of shared limits are not parallel: on a machine that is too busy Redis misses its 100 ms, and then limits are
// counted from zero in the process, as they should be.
func TestLoginBudgetOfAnAccount(t *testing.T) {
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: limited(map[string]string{"HASH_WAIT": "20s"})})
		settled(s)
		c := s.Client()
		known := s.NewAccount()
		for name, email := range map[string]string{"that exists": known.Email, "that does not": testkit.NewAddress()} {
			t.Run("is ten guesses in 15 minutes, from wherever, for one "+name, func(t *testing.T) {
				for i := range 10 {
					c.Do(from(fmt.Sprintf("198.51.100.%d", i), guess(email))).Want(http.StatusUnauthorized, "invalid_credentials")
				}
				wantLimited(t, c.Do(from("198.51.100.77", guess(email))), 10, 90*time.Second)
				wantLimited(t, c.Do(from("198.51.100.78", login(body{"email": email, "password": testkit.Password}))), 10, 90*time.Second)
			})
		}
		t.Run("leaves other accounts alone", func(t *testing.T) { c.Login(s.NewAccount()) })
		t.Run("is not used by right passwords", func(t *testing.T) {
			account := s.NewAccount()
			for range 25 {
				c.Login(account)
			}
			for range 9 {
				c.Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials")
			}
			c.Login(account)
			c.Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials")
			wantLimited(t, c.Do(guess(account.Email)), 10, 90*time.Second)
		})
		t.Run("nor by the right password of who has to verify first", func(t *testing.T) {
			email := testkit.NewAddress()
			c.Do(testkit.Request{Path: "/api/auth/register", Body: body{"email": email, "password": testkit.Password}}).Want(http.StatusCreated, "")
			for range 15 {
				c.Do(login(body{"email": email, "password": testkit.Password})).Want(http.StatusForbidden, "email_not_verified")
			}
		})
		t.Run("can't be exceeded by guessing in parallel", func(t *testing.T) {
			account := s.NewAccount()
			counts := testkit.Tally(c.AtOnce(40, func(i int) testkit.Request {
				return from(fmt.Sprintf("192.0.2.%d", i), guess(account.Email))
			}))
			// A guess whose failure can't be counted in time is not answered, and costs its budget all the same.
			if counts["401 invalid_credentials"]+counts["503 unavailable"] != 10 || counts["429 rate_limited"] != 30 {
				t.Errorf("answers: %v", counts)
			}
		})
	})
	t.Run("comes back one by one, every 90 s", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: limited(nil)})
		c := s.Client()
		account := s.NewAccount()
		for range 10 {
			c.Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials")
		}
		wantLimited(t, c.Do(guess(account.Email)), 10, 90*time.Second)
		s.Move(90 * time.Second)
		c.Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials")
		wantLimited(t, c.Do(guess(account.Email)), 10, 90*time.Second)
		s.Move(15 * time.Minute)
		c.Login(account)
	})
}

func TestFailureBudgetOfAnAddressBlock(t *testing.T) {
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		// Slow refill, or the race detector's slowness would give the budget back.
		s := testkit.Start(t, testkit.Options{Backends: b, Env: limited(map[string]string{"LIMIT_FAILURES": "8/1h"})})
		settled(s)
		c := s.Client()
		account := s.NewAccount()
		for name, row := range map[string]struct {
			addresses       func(i int) string
			inside, outside string
		}{
			"an IPv4 address":           {func(int) string { return "203.0.113.7" }, "::ffff:203.0.113.7", "203.0.113.8"},
			"an IPv6 /64":               {func(i int) string { return fmt.Sprintf("2001:db8:0:1::%x", i+1) }, "2001:db8:0:1:ffff::1", "2001:db8:0:2::1"},
			"a spoofed list of clients": {func(i int) string { return fmt.Sprintf("10.0.0.%d, 203.0.113.50", i) }, "203.0.113.50", "203.0.113.51"},
		} {
			t.Run("counts by "+name, func(t *testing.T) {
				for i := range 8 {
					c.Do(from(row.addresses(i), guess(testkit.NewAddress()))).Want(http.StatusUnauthorized, "invalid_credentials")
				}
				wantLimited(t, c.Do(from(row.inside, guess(testkit.NewAddress()))), 8, 8*time.Minute)
				wantLimited(t, c.Do(from(row.inside, login(credentials(account)))), 8, 8*time.Minute)
				c.Do(from(row.outside, login(credentials(account)))).Want(http.StatusOK, "")
			})
		}
		t.Run("and garbage as the address is the proxy's", func(t *testing.T) {
			for i := range 8 {
				c.Do(from(fmt.Sprintf("garbage%d", i), guess(testkit.NewAddress()))).Want(http.StatusUnauthorized, "invalid_credentials")
			}
			wantLimited(t, c.Do(from("more garbage", guess(testkit.NewAddress()))), 8, 8*time.Minute)
			wantLimited(t, c.Do(guess(testkit.NewAddress())), 8, 8*time.Minute)
		})
		t.Run("is not used by right passwords", func(t *testing.T) {
			for range 12 {
				c.Do(from("203.0.113.99", login(credentials(account)))).Want(http.StatusOK, "")
			}
		})
	})
	t.Run("is 60 a minute", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"HASH_WAIT": "20s"})})
		c := s.Client()
		counts := testkit.Tally(c.AtOnce(100, func(int) testkit.Request { return from("203.0.113.7", guess(testkit.NewAddress())) }))
		if counts["401 invalid_credentials"] < 60 || counts["429 rate_limited"] < 30 {
			t.Errorf("answers: %v", counts)
		}
		s.Move(time.Minute)
		c.Do(from("203.0.113.7", guess(testkit.NewAddress()))).Want(http.StatusUnauthorized, "invalid_credentials")
	})
	t.Run("ignores what an untrusted peer says", func(t *testing.T) {
		env := limited(map[string]string{"TRUSTED_PROXIES": "", "LIMIT_FAILURES": "5/1h"})
		s := testkit.Start(t, testkit.Options{Env: env})
		c := s.Client()
		for i := range 5 {
			c.Do(from(fmt.Sprintf("203.0.113.%d", i), guess(testkit.NewAddress()))).Want(http.StatusUnauthorized, "invalid_credentials")
		}
		wantLimited(t, c.Do(from("203.0.113.77", guess(testkit.NewAddress()))), 5, 12*time.Minute)
	})
}

func TestCallLimits(t *testing.T) {
	t.Parallel()
	t.Run("forged tokens: 60 a minute from a block, and valid ones still pass", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: limited(nil)})
		c := s.Client()
		in := c.Login(s.NewAccount())
		header, claims := testkit.ReadToken(t, in.Access)
		forged := func(int) testkit.Request { return from("203.0.113.7", validate(testkit.Resign(t, header, claims))) }
		counts := testkit.Tally(c.AtOnce(50, forged))
		for outcome, n := range testkit.Tally(c.AtOnce(50, forged)) {
			counts[outcome] += n
		}
		if counts["401 token_invalid"] < 60 || counts["429 rate_limited"] < 20 || counts["401 token_invalid"]+counts["429 rate_limited"] != 100 {
			t.Errorf("answers: %v", counts)
		}
		for range 5 {
			c.Do(from("203.0.113.7", validate(in.Access))).Want(http.StatusOK, "")
			c.Do(from("203.0.113.7", get("/api/auth/me", in.Access))).Want(http.StatusOK, "")
		}
		c.Do(from("203.0.113.8", validate(testkit.Resign(t, header, claims)))).Want(http.StatusUnauthorized, "token_invalid")
	})
	t.Run("expired and ended tokens are no forgeries", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"LIMIT_FORGED": "3"})})
		c := s.Client()
		account := s.NewAccount()
		ended, expired := c.Login(account), c.Login(account)
		c.Do(logout(ended.Access)).Want(http.StatusOK, "")
		s.Move(16 * time.Minute)
		for range 10 {
			c.Do(validate(ended.Access)).Want(http.StatusUnauthorized, "token_invalid")
			c.Do(validate(expired.Access)).Want(http.StatusUnauthorized, "token_invalid")
		}
	})
	t.Run("forged refresh tokens count too", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"LIMIT_FORGED": "3"})})
		c := s.Client()
		in := c.Login(s.NewAccount())
		for range 3 {
			c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/auth/refresh", Bearer: testkit.Garble(in.Refresh)}).Want(http.StatusUnauthorized, "token_invalid")
		}
		wantLimited(t, c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/auth/refresh", Bearer: testkit.Garble(in.Refresh)}), 3, 20*time.Second)
		wantLimited(t, c.Refresh(testkit.Garble(in.Refresh)), 3, 20*time.Second)
		c.Refresh(in.Refresh).Want(http.StatusOK, "")
	})
	t.Run("a session has its calls a minute, whatever others do", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"LIMIT_CALLS": "20", "LIMIT_ANONYMOUS": "600"})})
		c := s.Client()
		account := s.NewAccount()
		in, other := c.Login(account), c.Login(account)
		for range 20 {
			c.Me(in.Access).Want(http.StatusOK, "")
		}
		s.Eventually(10*time.Second, func() bool { return c.Me(in.Access).Status == http.StatusTooManyRequests })
		wantLimited(t, c.Me(in.Access), 20, 3*time.Second)
		c.Me(other.Access).Want(http.StatusOK, "")
		for range 60 {
			c.Do(validate(in.Access)).Want(http.StatusOK, "") // no limit, ever
		}
		next := c.Refresh(in.Refresh).Want(http.StatusOK, "")
		if got := c.Me(next.Text("access_token")).Outcome(); got != "429 rate_limited" {
			t.Errorf("a fresh token of the same session: %s", got)
		}
	})
	t.Run("strangers have theirs by block; keys and health have no limit", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"LIMIT_ANONYMOUS": "20"})})
		c := s.Client()
		s.Eventually(10*time.Second, func() bool {
			return c.Do(from("203.0.113.7", get("/api/auth/me", ""))).Status == http.StatusTooManyRequests
		})
		wantLimited(t, c.Do(from("203.0.113.7", get("/api/auth/me", ""))), 20, 3*time.Second)
		c.Do(from("203.0.113.8", get("/api/auth/me", ""))).Want(http.StatusUnauthorized, "token_missing")
		for range 30 {
			for _, path := range []string{"/.well-known/jwks.json", "/livez", "/readyz"} {
				c.Do(from("203.0.113.7", get(path, ""))).Want(http.StatusOK, "")
			}
		}
	})
	t.Run("are 600 a minute", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: limited(nil)})
		c := s.Client()
		in := c.Login(s.NewAccount())
		for name, r := range map[string]testkit.Request{"for a session": get("/api/auth/me", in.Access), "for a stranger": from("203.0.113.7", get("/api/auth/me", ""))} {
			counts := map[string]int{}
			for range 14 {
				for outcome, n := range testkit.Tally(c.AtOnce(50, func(int) testkit.Request { return r })) {
					counts[outcome] += n
				}
			}
			if counts["429 rate_limited"] == 0 || counts["429 rate_limited"] > 100 {
				t.Errorf("%s: %v", name, counts)
			}
		}
	})
}

func TestLimitsOfReplicas(t *testing.T) {
	t.Run("are shared through Redis", func(t *testing.T) {
		a := testkit.Start(t, testkit.Options{Backends: testkit.Production, Env: limited(nil)})
		replica := a.Replica(nil)
		account := a.NewAccount()
		settled(a, replica)
		for range 5 {
			a.Client().Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials")
			replica.Client().Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials")
		}
		wantLimited(t, a.Client().Do(guess(account.Email)), 10, 90*time.Second)
		wantLimited(t, replica.Client().Do(guess(account.Email)), 10, 90*time.Second)
	})
	t.Run("go on in each process when Redis is cut off", func(t *testing.T) {
		links := testkit.NewLinks(t)
		s := testkit.Start(t, testkit.Options{Backends: links.Backends, Env: limited(nil)})
		c := s.Client()
		account := s.NewAccount()
		settled(s)
		c.Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials")
		links.Redis.Cut()
		for range 10 {
			c.Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials")
		}
		wantLimited(t, c.Do(guess(account.Email)), 10, 90*time.Second)
		links.Redis.Restore()
		settled(s)
		for range 9 { // one was counted there before
			c.Do(guess(account.Email)).Want(http.StatusUnauthorized, "invalid_credentials")
		}
		wantLimited(t, c.Do(guess(account.Email)), 10, 90*time.Second)
	})
}
