package e2e_test

import (
	"context"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

func TestServe(t *testing.T) {
	testkit.Long(t)
	t.Run("says where things are, serves, and stops when told", func(t *testing.T) {
		t.Parallel()
		data := filepath.Join(t.TempDir(), "data")
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var out testkit.Log
		ended := make(chan call, 1)
		go func() { ended <- serving(ctx, cheaply(map[string]string{"DATA_DIR": data}), &out) }()
		said := regexp.MustCompile(`(?s)API +(http://\S+)\n.*Documentation +(http://\S+)\n.*Metrics +(http://\S+)\n.*Inbox +(http://\S+)\nData +(\S+)\n`)
		deadline := time.Now().Add(20 * time.Second)
		for !said.MatchString(out.String()) {
			select {
			case c := <-ended:
				t.Fatalf("it ended: %+v", c)
			default:
			}
			if time.Now().After(deadline) {
				t.Fatalf("it says only:\n%s", out.String())
			}
			time.Sleep(10 * time.Millisecond) // another program's start, seen from outside
		}
		urls := said.FindStringSubmatch(out.String())
		for _, address := range []string{urls[1] + "/readyz", urls[1] + "/openapi.json", urls[2] + "/", urls[3], urls[4]} {
			answer, err := http.Get(address)
			if err != nil {
				t.Fatal(err)
			}
			if _ = answer.Body.Close(); answer.StatusCode != http.StatusOK {
				t.Errorf("%s answers %d", address, answer.StatusCode)
			}
		}
		if urls[5] != data {
			t.Errorf("the data is said to be in %s", urls[5])
		}
		stop()
		if c := <-ended; c.Code != 0 {
			t.Errorf("it ended with %d: %s", c.Code, c.Err)
		}
	})

	t.Run("not twice on one data folder", func(t *testing.T) {
		t.Parallel()
		s := testkit.Start(t, testkit.Options{})
		signet(t, cheaply(s.Env), "", "serve").want(t, 1, "another signet serves", s.Env["DATA_DIR"])
		s.NewAccount() // the first goes on
		s.Restart()    // and its lock goes with it
		s.NewAccount()
	})

	for name, key := range map[string]string{
		"a placeholder": "change-me-to-a-long-random-string-please-00", "an example's": "your-super-secret-key-here-0123456789abcdef",
		"a short one": "Zk9wQ7rT1yUe5Xc8Vb2Nm6", "one byte": strings.Repeat("a", 48), "a pattern": strings.Repeat("0123456789abcdef", 3),
	} {
		t.Run("not with the SECRET_KEY of "+name, func(t *testing.T) {
			t.Parallel()
			env := cheaply(map[string]string{"DATA_DIR": t.TempDir(), "SECRET_KEY": key})
			if refused := signet(t, env, "", "serve").want(t, 1, "SECRET_KEY"); strings.Contains(refused.Err, key) {
				t.Errorf("the error repeats the key: %s", refused.Err)
			}
		})
	}

	t.Run("not with another SECRET_KEY than the data was made with", func(t *testing.T) {
		t.Parallel()
		data := map[string]string{"DATA_DIR": t.TempDir()}
		old := map[string]string{"SECRET_KEY": testkit.SecretKey}
		s := testkit.Start(t, testkit.Options{Env: cheaply(data, old)})
		account := s.NewAccount()
		s.Stop()
		other := map[string]string{"SECRET_KEY": "Qm4vT8xB2nK6pL0sR3wY7zC1dF5gH9jE-test-only"}
		signet(t, cheaply(data, other), "", "serve").want(t, 1, "SECRET_KEY")
		rotated := testkit.Start(t, testkit.Options{Env: cheaply(data, other, map[string]string{"SECRET_KEY_PREVIOUS": testkit.SecretKey})})
		rotated.Client().Login(account)
	})

	for name, row := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"optional verification and strict registration": {map[string]string{"EMAIL_VERIFICATION": "optional"}, []string{"EMAIL_VERIFICATION=optional needs REGISTRATION_MODE=friendly"}},
		"several bad values, a line each":               {map[string]string{"PORT": "http", "BCRYPT_COST": "nine", "RATE_LIMITS": "maybe"}, []string{"signet: PORT ", "signet: BCRYPT_COST ", "signet: RATE_LIMITS "}},
		"Postgres without a mail server":                {map[string]string{"DATABASE_URI": "postgres://nobody@127.0.0.1:1/none", "SECRET_KEY": testkit.SecretKey, "BCRYPT_COST": "10"}, []string{"MAIL_SERVER is required in production"}},
		"a key of its own in production":                {map[string]string{"SIGNET_ENV": "production"}, []string{"SECRET_KEY is required in production"}},
		"keys that rotate before they may":              {map[string]string{"KEY_ROTATION": "23h"}, []string{"KEY_ROTATION must be 24h or more", "or 0"}},
		"keys that rotate backwards":                    {map[string]string{"KEY_ROTATION": "-30d"}, []string{"KEY_ROTATION must be a time such as"}},
		"no limits in production":                       {map[string]string{"SIGNET_ENV": "production", "RATE_LIMITS": "off"}, []string{"RATE_LIMITS=off is for tests"}},
		"a folder that can't be made":                   {map[string]string{"DATA_DIR": "/dev/null/data"}, []string{"DATA_DIR can't be used"}},
		"an administrator with a common password":       {map[string]string{"BOOTSTRAP_ADMIN_EMAIL": "root@example.com", "BOOTSTRAP_ADMIN_PASSWORD": "password"}, []string{"BOOTSTRAP_ADMIN_EMAIL", "too common"}},
		"templates that are not there":                  {map[string]string{"MAIL_TEMPLATES": "/nowhere/at/all"}, []string{"templates"}},
	} {
		t.Run("not with "+name, func(t *testing.T) {
			t.Parallel()
			signet(t, cheaply(map[string]string{"DATA_DIR": t.TempDir()}, row.env), "", "serve").want(t, 1, row.want...)
		})
	}
}

func TestIssuer(t *testing.T) {
	t.Parallel()
	env := testkit.Embedded.Env(t)
	issuer := func(more map[string]string) string {
		t.Helper()
		s := testkit.Start(t, testkit.Options{Env: cheaply(env, more)})
		defer s.Stop()
		iss, _ := s.VerifyToken(s.Client().Login(s.NewAccount()).Access)["iss"].(string)
		return iss
	}
	const first, second = "https://auth.example.com", "https://login.example.com"
	if got := issuer(map[string]string{"PUBLIC_URL": first + "/"}); got != first {
		t.Errorf("the issuer is %q, want PUBLIC_URL", got)
	}
	if got := issuer(nil); got != first {
		t.Errorf("the issuer is %q with nothing set, want the stored one", got)
	}
	signet(t, cheaply(env, map[string]string{"PUBLIC_URL": second}), "", "serve").want(t, 1, first, second, "ISSUER_FORCE=on", "ISSUER="+first)
	signet(t, cheaply(env, map[string]string{"ISSUER": second}), "", "serve").want(t, 1, "ISSUER_FORCE=on")
	if got := issuer(map[string]string{"PUBLIC_URL": second, "ISSUER": first}); got != first {
		t.Errorf("the issuer is %q, want ISSUER", got)
	}
	if got := issuer(map[string]string{"PUBLIC_URL": second, "ISSUER_FORCE": "true"}); got != second {
		t.Errorf("the issuer is %q after it was forced", got)
	}
	if got := issuer(map[string]string{"PUBLIC_URL": second}); got != second {
		t.Errorf("the issuer is %q, want the one that was forced before", got)
	}
}

func TestBootstrapAdmin(t *testing.T) {
	t.Parallel()
	env := testkit.Embedded.Env(t)
	start := func(email, password string) *testkit.Server {
		t.Helper()
		return testkit.Start(t, testkit.Options{Env: cheaply(env, map[string]string{
			"BOOTSTRAP_ADMIN_EMAIL": email, "BOOTSTRAP_ADMIN_PASSWORD": password,
		})})
	}
	s := start("root@example.com", "of the first administrator")
	in := s.Client().Do(loggingIn("root@example.com", "of the first administrator")).Want(http.StatusOK, "")
	valid := s.Client().Do(testkit.Request{Path: "/api/auth/validate-jwt", Bearer: in.Text("access_token")}).Want(http.StatusOK, "")
	if permissions, _ := valid.JSON()["permissions"].([]any); len(permissions) != 14 {
		t.Errorf("permissions %v", permissions)
	}
	if strings.Contains(s.Log.String(), "of the first administrator") || strings.Contains(s.Log.String(), "root@example.com") {
		t.Errorf("the log has the password or the address:\n%s", s.Log)
	}
	// An administrator who was removed stays so, whatever is still in the environment.
	s.Record().Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", in.Text("user.id"))
	s.Stop()
	s = start("root@example.com", "of the first administrator")
	s.Client().Do(loggingIn("root@example.com", "of the first administrator")).Want(http.StatusUnauthorized, "invalid_credentials")
	s.Stop()
	s = start("second@example.com", "of a second administrator")
	s.Client().Do(loggingIn("second@example.com", "of a second administrator")).Want(http.StatusUnauthorized, "invalid_credentials")
	if n := s.Record().Count("SELECT count(*) FROM users"); n != 1 {
		t.Errorf("%d users", n)
	}
}
