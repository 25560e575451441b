package e2e_test

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// TestLoginWhenTheHashQueueIsFull: whether there is room is decided before the account is looked up, so that "busy" tells
// nothing about it.
func TestLoginWhenTheHashQueueIsFull(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"LOCKOUT_FAILURES": "1000"}})
	account := s.NewAccount()
	s.Stop()
	s.Env["HASH_WORKERS"], s.Env["HASH_WAIT"], s.Env["BCRYPT_COST"] = "1", "10ms", "9"
	s.Restart()
	c := s.Client()
	opens := func() bool { return c.Do(login(credentials(account))).Status == http.StatusOK }
	s.Eventually(20*time.Second, opens) // the start measures a comparison, in the only place there is
	record := s.Record()
	s.Eventually(20*time.Second, func() bool { // and the login hashed again
		return strings.HasPrefix(record.Text("SELECT password_hash FROM users WHERE id = ?", account.ID), "$2a$09$")
	})
	answers := c.AtOnce(24, func(i int) testkit.Request {
		if i%2 == 0 {
			return login(body{"email": account.Email, "password": "wrong"})
		}
		return login(body{"email": testkit.NewAddress(), "password": "wrong"})
	})
	counts := testkit.Tally(answers)
	if counts["503 busy"] == 0 || counts["401 invalid_credentials"] == 0 || counts["503 busy"]+counts["401 invalid_credentials"] != 24 {
		t.Errorf("answers: %v", counts)
	}
	for _, a := range answers {
		if a.Status != http.StatusServiceUnavailable {
			continue
		}
		if after, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || after < 1 {
			t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
		}
	}
	t.Run("and is served again afterwards", func(t *testing.T) { s.Eventually(20*time.Second, opens) })
}

// TestLoginHashesAnew: hashes follow the setting, one login at a time, behind the answer (ASVS 5.0 11.4.2).
func TestLoginHashesAnew(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := testkit.Start(t, testkit.Options{})
	account := s.NewAccount()
	record := s.Record()
	stored := func() string { return record.Text("SELECT password_hash FROM users WHERE id = ?", account.ID) }
	epoch := func() int { return record.Count("SELECT credential_epoch FROM principals WHERE id = ?", account.ID) }
	begin := epoch()
	for _, row := range []struct {
		name   string
		env    map[string]string
		prefix string
	}{
		{"after bcrypt's cost was raised", map[string]string{"BCRYPT_COST": "5"}, "$2a$05$"},
		{"after argon2id was chosen", map[string]string{"PASSWORD_HASH": "argon2id"}, "$argon2id$v=19$m=19456,t=2,p=1$"},
		{"after bcrypt was chosen again", map[string]string{"PASSWORD_HASH": "bcrypt"}, "$2a$05$"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s.Stop()
			maps.Copy(s.Env, row.env)
			s.Restart()
			c := s.Client()
			old := stored()
			c.Do(login(body{"email": account.Email, "password": "wrong"})).Want(http.StatusUnauthorized, "invalid_credentials")
			if stored() != old {
				t.Fatal("a wrong password changed the hash")
			}
			in := c.Login(account)
			s.Eventually(10*time.Second, func() bool { return strings.HasPrefix(stored(), row.prefix) })
			c.Login(account)
			c.Me(in.Access).Want(http.StatusOK, "")
		})
	}
	if epoch() != begin {
		t.Error("hashing the same password again counted as a change of it")
	}
}

// TestLoginIsNotSlowedByHashingAnew: with a setting that costs many times the old one, the answer waits for one comparison
// under the new setting (or accounts with old hashes could be told by their time), and never for the second hash. Not
// parallel, and the best of several: what else runs on the machine must not count.
func TestLoginIsNotSlowedByHashingAnew(t *testing.T) {
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"HASH_WORKERS": "1", "HASH_WAIT": "30s"}})
	var accounts [5]testkit.Account
	for i := range accounts {
		accounts[i] = s.NewAccount()
	}
	s.Stop()
	s.Env["BCRYPT_COST"] = "10"
	s.Restart()
	c, record := s.Client(), s.Record()
	took := func(a testkit.Account) time.Duration {
		t.Helper()
		in := c.Do(login(credentials(a))).Want(http.StatusOK, "")
		s.Eventually(30*time.Second, func() bool {
			return strings.HasPrefix(record.Text("SELECT password_hash FROM users WHERE id = ?", a.ID), "$2a$10$")
		})
		return in.Took
	}
	took(accounts[0])
	first, usual := time.Hour, time.Hour
	for _, a := range accounts[1:] {
		first = min(first, took(a))
		usual = min(usual, took(a))
	}
	if first > usual*17/10 || first < usual*3/10 {
		t.Errorf("the login that rehashes took %s, others take %s", first, usual)
	}
}
