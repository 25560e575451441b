package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/cmd/run"
	"github.com/signet-auth/signet/test/testkit"
)

// call is how a command ended.
type call struct {
	Code     int
	Out, Err string
}

// signet runs a command of the program, as main does.
func signet(t *testing.T, env map[string]string, stdin string, args ...string) call {
	t.Helper()
	var out, errs bytes.Buffer
	code := run.Main(t.Context(), args, env, run.Stdio{In: strings.NewReader(stdin), Out: &out, Err: &errs})
	return call{code, out.String(), errs.String()}
}

// want fails the test unless the command ended so, and said all of the words on the stream that people look at then.
func (c call) want(t *testing.T, code int, words ...string) call {
	t.Helper()
	said := c.Out
	if code != 0 {
		said = c.Err
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("it does not say %q", word)
		}
	}
	if c.Code != code || t.Failed() {
		t.Fatalf("exit %d, want %d\nstdout: %s\nstderr: %s", c.Code, code, c.Out, c.Err)
	}
	return c
}

// cheaply is an environment with what tests always want.
func cheaply(env map[string]string, more ...map[string]string) map[string]string {
	all := map[string]string{"BCRYPT_COST": "4", "PORT": "0", "ADMIN_ADDR": "127.0.0.1:0", "HOST": "127.0.0.1"}
	for _, m := range append([]map[string]string{env}, more...) {
		maps.Copy(all, m)
	}
	return all
}

func TestAdminCreate(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	const password = "an administrator's passphrase"
	t.Run("while a server runs", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{})
		c, env := s.Client(), cheaply(s.Env)
		email := testkit.NewAddress()
		c.Do(registering(email, testkit.Object{"password": "of somebody who was faster"})).Want(http.StatusCreated, "")
		pending := s.Mail(email, 1)

		made := signet(t, env, password+"\n", "admin", "create", "--email", "A"+email[1:], "--password-stdin").want(t, 0, "is an administrator now, with id ")
		if strings.Contains(made.Out+made.Err, password) {
			t.Error("the password was printed")
		}
		in := c.Do(loggingIn("A"+email[1:], password)).Want(http.StatusOK, "")
		valid := c.Do(testkit.Request{Path: "/api/auth/validate-jwt", Bearer: in.Text("access_token")}).Want(http.StatusOK, "")
		if got, want := fmt.Sprint(valid.JSON()["permissions"]), "[audit:read role:delete role:read role:write service:delete service:read service:write token:delete token:read token:write user:credentials user:delete user:read user:write]"; got != want {
			t.Errorf("permissions %s, want %s", got, want)
		}
		if id := in.Text("user.id"); !strings.Contains(made.Out, id) || in.JSON()["user"].(testkit.Object)["is_email_verified"] != true {
			t.Errorf("the user is %s", in.Body)
		}
		signet(t, env, password, "admin", "create", "--email", email, "--password-stdin").want(t, 0)

		// What waited for the address is gone with the mailbox taken.
		c.Do(proving(pending.Token())).Want(http.StatusBadRequest, "invalid_token")
		signet(t, env, password, "admin", "create", "--email", email, "--password-stdin").want(t, 1, "has an account already")
	})

	t.Run("of somebody who is there, with the password that they have", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{})
		c, env, account := s.Client(), cheaply(s.Env), s.NewAccount()
		promote := func() call { return signet(t, env, "", "admin", "create", "--email", account.Email) }
		record := s.Record()
		record.Exec("UPDATE users SET email_verified_at = NULL WHERE id = ?", account.ID)
		promote().want(t, 1, "proved the mailbox")
		record.Exec("UPDATE users SET email_verified_at = created_at WHERE id = ?", account.ID)
		signet(t, env, "", "users", "disable", account.Email, "--reason", "on leave").want(t, 0)
		signet(t, env, "", "users", "disable", account.Email, "--until", "30d").want(t, 0)
		signet(t, env, "", "users", "show", account.Email).want(t, 0, "on leave")
		if closed := signet(t, env, "", "users", "list", "--state", "closed").want(t, 0); strings.Contains(closed.Out, account.Email) {
			t.Error("it is listed as closed")
		}
		promote().want(t, 1, "users enable")
		signet(t, env, "", "users", "enable", account.Email).want(t, 0)
		for range 2 {
			promote().want(t, 0, account.Email, account.ID, "is an administrator now")
		}
		in := c.Login(account)
		c.Do(get("/api/users", in.Access)).Want(http.StatusOK, "")
	})

	t.Run("refuses what a registration refuses", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{})
		env, before := cheaply(s.Env), s.Record().Rows()
		for name, row := range map[string]struct {
			args  []string
			stdin string
			code  int
			words []string
		}{
			"a short password":   {[]string{"--email", "a@example.com", "--password-stdin"}, "short\n", 1, []string{"at least 8 characters"}},
			"a common password":  {[]string{"--email", "a@example.com", "--password-stdin"}, "password\n", 1, []string{"too common"}},
			"no password":        {[]string{"--email", "a@example.com", "--password-stdin"}, "", 1, []string{"password is required"}},
			"a bad address":      {[]string{"--email", "a@@example.com", "--password-stdin"}, password, 1, []string{"valid email address"}},
			"no address at all":  {[]string{"--email", "", "--password-stdin"}, password, 1, []string{"email is required"}},
			"nowhere to ask":     {[]string{"--email", "a@example.com"}, password, 1, []string{"--password-stdin"}},
			"no address":         {[]string{"--password-stdin"}, password, 2, []string{"--email"}},
			"a password in args": {[]string{"--email", "a@example.com", "--password", password}, "", 2, []string{"unknown flag"}},
		} {
			t.Run(name, func(t *testing.T) {
				signet(t, env, row.stdin, append([]string{"admin", "create"}, row.args...)...).want(t, row.code, row.words...)
			})
		}
		if diff := cmp.Diff(before, s.Record().Rows()); diff != "" {
			t.Errorf("rows (-before +after):\n%s", diff)
		}
	})

	t.Run("before the first start", func(t *testing.T) {
		t.Parallel()
		data := map[string]string{"DATA_DIR": filepath.Join(t.TempDir(), "new")}
		signet(t, cheaply(data), password, "admin", "create", "--email", "first@example.com", "--password-stdin").want(t, 0)
		s := testkit.Start(t, testkit.Options{Env: data})
		s.Client().Do(loggingIn("first@example.com", password)).Want(http.StatusOK, "")
	})

	t.Run("leaves the schema of Postgres to its owner", func(t *testing.T) {
		t.Parallel()
		env := cheaply(testkit.Production.Env(t))
		signet(t, env, password, "admin", "create", "--email", "first@example.com", "--password-stdin").want(t, 1, "run signet migrate up")
		signet(t, env, "", "migrate", "up").want(t, 0)
		signet(t, env, password, "admin", "create", "--email", "first@example.com", "--password-stdin").want(t, 0)
	})
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		env := cheaply(b.Env(t))
		files, err := filepath.Glob("../../migrations/up/*.sql")
		if err != nil || len(files) < 5 {
			t.Fatalf("%d migrations, error %v", len(files), err)
		}
		status := func(applied int) {
			t.Helper()
			out := signet(t, env, "", "migrate", "status").want(t, 0).Out
			if a, p := strings.Count(out, " applied "), strings.Count(out, " pending"); a != applied || p != len(files)-applied {
				t.Errorf("%d applied and %d pending, want %d and %d:\n%s", a, p, applied, len(files)-applied, out)
			}
		}
		if b.Name == testkit.Embedded.Name {
			signet(t, env, "", "migrate", "status").want(t, 1, "there is no database in "+env["DATA_DIR"])
		} else {
			status(0)
		}
		if n := strings.Count(signet(t, env, "", "migrate", "up", "--steps", "2").want(t, 0).Out, "applied "); n != 2 {
			t.Errorf("--steps 2 applied %d", n)
		}
		status(2)
		signet(t, env, "", "migrate", "up").want(t, 0, "applied ")
		status(len(files))
		signet(t, env, "", "migrate", "up").want(t, 0, "nothing to apply")
		signet(t, env, "", "migrate", "down").want(t, 0, "took back ")
		status(len(files) - 1)
		signet(t, env, "", "migrate", "down", "--steps", "2").want(t, 0, "took back ")
		status(len(files) - 3)
		signet(t, env, "", "migrate", "up").want(t, 0)
		signet(t, env, "", "migrate", "down", "--all").want(t, 1, "--yes")
		status(len(files))
		inProduction := cheaply(env, map[string]string{"SIGNET_ENV": "production"}) // and no setting that migrations have nothing to do with
		signet(t, inProduction, "", "migrate", "down", "--all", "--yes").want(t, 1, "refused in production")
		status(len(files))
		signet(t, env, "", "migrate", "down", "--all", "--yes").want(t, 0, "took back ")
		status(0)
		signet(t, env, "", "migrate", "down").want(t, 0, "nothing to take back")
		signet(t, env, "", "migrate", "up").want(t, 0)
		testkit.Start(t, testkit.Options{Env: env}).NewAccount()
	})

	t.Run("create makes the two files", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		out := signet(t, nil, "", "migrate", "create", "add-teams", "--dir", dir).want(t, 0, "add-teams.sql").Out
		for path := range strings.FieldsSeq(out) {
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
		}
		signet(t, nil, "", "migrate", "create", "../teams", "--dir", dir).want(t, 1, "no name for a migration")
		signet(t, nil, "", "migrate", "create").want(t, 2)
	})
}

func TestDevMailAndHealth(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	env := cheaply(s.Env, map[string]string{"ADMIN_ADDR": hostOf(t, s.AdminURL).Host, "PORT": hostOf(t, s.URL).Port()})
	signet(t, env, "", "health").want(t, 0)
	signet(t, env, "", "dev", "mail").want(t, 0, "no mail yet")
	first, firstMail := applicant(t, s)
	second, _ := applicant(t, s)

	out := signet(t, env, "", "dev", "mail").want(t, 0, "To: "+first, "To: "+second, firstMail.Links[0], firstMail.Code).Out
	if strings.Index(out, first) > strings.Index(out, second) {
		t.Error("the newest is not last")
	}
	if last := signet(t, env, "", "dev", "mail", "--last", "1").want(t, 0, "To: "+second).Out; strings.Contains(last, first) {
		t.Error("--last 1 prints more")
	}
	var listing struct{ Messages []testkit.Mail }
	printed := signet(t, env, "", "dev", "mail", "--json").want(t, 0, "{\n  \"messages\"").Out
	if err := json.Unmarshal([]byte(printed), &listing); err != nil || len(listing.Messages) != 2 || listing.Messages[0].To != first {
		t.Errorf("--json prints %s, error %v", printed, err)
	}
	printed = signet(t, env, "", "dev", "mail", "--json", "--last", "1").want(t, 0).Out
	if strings.Contains(printed, first) || !strings.Contains(printed, second) {
		t.Errorf("--json --last 1 prints %s", printed)
	}
	signet(t, cheaply(env, map[string]string{"ADMIN_ADDR": "off"}), "", "dev", "mail").want(t, 1, "ADMIN_ADDR is off")
	s.Stop()
	signet(t, env, "", "dev", "mail").want(t, 1, "is the server running")
	signet(t, env, "", "health").want(t, 1)
}

func hostOf(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestTheCommandLine(t *testing.T) {
	signet(t, nil, "", "--help").want(t, 0, "serve", "migrate", "admin", "health")
	for _, args := range [][]string{{"version"}, {"--version"}} {
		signet(t, nil, "", args...).want(t, 0, "signet ")
	}
	signet(t, nil, "", "help").want(t, 0, "serve", "migrate", "admin", "health")
	signet(t, nil, "", "help", "users", "disable").want(t, 0, "--until")
	signet(t, nil, "").want(t, 2, "signet --help")
	signet(t, nil, "", "sing").want(t, 2, "sing")
	signet(t, nil, "", "serve", "--port", "1").want(t, 2, "--port")
	signet(t, nil, "", "roles", "revoke", "billing").want(t, 2, "signet roles has no command revoke, but list, show, create, min-acr, assign, unassign\nTry: signet roles --help")
}

// serving runs `serve` until its context ends and returns how it ended.
func serving(ctx context.Context, env map[string]string, out *testkit.Log) call {
	var errs testkit.Log
	code := run.Main(ctx, []string{"serve"}, env, run.Stdio{In: strings.NewReader(""), Out: out, Err: &errs})
	return call{code, out.String(), errs.String()}
}
