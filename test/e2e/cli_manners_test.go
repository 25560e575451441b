package e2e_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/signet-auth/signet/cmd/run"
	"github.com/signet-auth/signet/test/testkit"
)

// Whatever ends a prompt ends it at once, and leaves the terminal with its echo.
func TestPromptsAreLeftAtOnce(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		leave func(keyboard *os.File, stop context.CancelFunc)
		code  int
		says  string
	}{
		"by a signal": {func(_ *os.File, stop context.CancelFunc) { stop() }, 130, ""}, // main makes the end of the context of it
		"by Ctrl-C":   {func(keyboard *os.File, _ context.CancelFunc) { _, _ = keyboard.WriteString("\x03") }, 130, ""},
		"by Ctrl-D":   {func(keyboard *os.File, _ context.CancelFunc) { _, _ = keyboard.WriteString("\x04") }, 1, "signet: nothing was typed, and nothing was done"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keyboard, terminal, err := pty.Open()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _, _ = keyboard.Close(), terminal.Close() })
			before, err := term.GetState(int(terminal.Fd()))
			if err != nil {
				t.Fatal(err)
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var errs testkit.Log
			ended := make(chan int, 1)
			env := cheaply(map[string]string{"DATA_DIR": filepath.Join(t.TempDir(), "data")})
			go func() {
				ended <- run.Main(ctx, []string{"admin", "create", "--email", "ada@example.com"}, env, run.Stdio{In: terminal, Out: io.Discard, Err: &errs})
			}()
			eventually(t, func() bool {
				now, err := term.GetState(int(terminal.Fd()))
				return strings.Contains(errs.String(), "Password: ") && err == nil && *now != *before // it reads, without echo
			})
			row.leave(keyboard, stop)
			select {
			case code := <-ended:
				_, said, _ := strings.Cut(errs.String(), "Password: ")
				if code != row.code || strings.TrimSpace(said) != row.says {
					t.Errorf("it ended with %d: %q", code, errs.String())
				}
			case <-time.After(5 * time.Second):
				t.Fatal("it goes on")
			}
			if after, err := term.GetState(int(terminal.Fd())); err != nil || *after != *before {
				t.Errorf("the terminal is not as it was: %v", err)
			}
		})
	}
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time")
		}
	}
}

// A command is not the start of a server: it wants what it uses, and one that looks makes nothing.
func TestCommandsWantOnlyWhatTheyUse(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	account := s.NewAccount()
	env := map[string]string{
		"SIGNET_ENV": "production", "PORT": "http", "MAIL_PORT": "none", "LOG_LEVEL": "loud", "REDIS_PORT": "tcp://10.0.0.2:6379", "CORS_ORIGINS": "*",
	}
	for _, name := range []string{"DATABASE_URI", "DATABASE_TIMEOUT", "MIGRATE_DATABASE_URI", "DATA_DIR", "SECRET_KEY"} {
		env[name] = s.Env[name]
	}
	if env["SECRET_KEY"] == "" {
		content, err := os.ReadFile(filepath.Join(s.Env["DATA_DIR"], "secret_key"))
		if err != nil {
			t.Fatal(err)
		}
		env["SECRET_KEY"] = string(content)
	}
	signet(t, env, "", "users", "show", account.Email).want(t, 0, account.ID)
	signet(t, env, "", "keys", "list").want(t, 0, "KID")
	signet(t, env, "", "roles", "list", "auth_service").want(t, 0, "admin")
	delete(env, "SECRET_KEY")
	signet(t, env, "", "users", "list").want(t, 1, "signet: SECRET_KEY is required")
	signet(t, env, "", "migrate", "status").want(t, 0, "VERSION")
	env["ADMIN_ADDR"] = strings.TrimPrefix(s.AdminURL, "http://")
	signet(t, env, "", "dev", "mail").want(t, 0, account.Email)
	signet(t, env, "", "health").want(t, 1, "signet: PORT must be")
	env["PORT"] = hostOf(t, s.URL).Port()
	signet(t, env, "", "health").want(t, 0)
	for line := range strings.SplitSeq(strings.TrimSpace(signet(t, env, "", "serve").want(t, 1).Err), "\n") {
		if !strings.HasPrefix(line, "signet: ") || strings.HasSuffix(line, ".") {
			t.Errorf("%q begins or ends otherwise than the others", line)
		}
	}
	t.Run("looking makes nothing", func(t *testing.T) {
		t.Parallel()
		data := filepath.Join(t.TempDir(), "new")
		for _, args := range [][]string{{"users", "list"}, {"users", "show", "ada@example.com"}, {"keys", "list"}, {"services", "list"}, {"migrate", "status"}} {
			signet(t, map[string]string{"DATA_DIR": data}, "", args...).want(t, 1, "there is no database in "+data)
		}
		if _, err := os.Stat(data); !os.IsNotExist(err) {
			t.Errorf("the folder was made: %v", err)
		}
	})
}

func TestATakenPortIsFoundFirst(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	data, port := filepath.Join(t.TempDir(), "new"), hostOf(t, "http://"+taken.Addr().String()).Port()
	for setting, value := range map[string]string{"PORT": port, "ADMIN_ADDR": taken.Addr().String()} {
		env := cheaply(map[string]string{"DATA_DIR": data}, map[string]string{setting: value})
		signet(t, env, "", "serve").want(t, 1, "signet: "+setting+": "+taken.Addr().String()+" is taken")
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("the data folder was touched: %v", err)
	}
}

// Somebody starts without settings, writes a SECRET_KEY into .env later, and takes it out again.
func TestTheKeyOfTheDataFolderAndSECRET_KEYDoNotFight(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	account := s.NewAccount()
	s.Client().Login(account)
	s.Stop()
	s.Env["SECRET_KEY"] = testkit.SecretKey
	s.Restart()
	in := s.Client().Login(account)
	s.Client().Me(in.Access).Want(http.StatusOK, "")
	if !strings.Contains(s.Log.String(), "takes the place of the key that the data folder came with") {
		t.Error("it does not say which key counts now")
	}
	env := cheaply(s.Env)
	s.Move(11 * time.Minute) // a sweep seals again what the other key sealed
	eventually(t, func() bool { return !strings.Contains(signet(t, env, "", "keys", "list").Out, "previous") })
	s.Stop()
	delete(s.Env, "SECRET_KEY")
	path := filepath.Join(s.Env["DATA_DIR"], "secret_key")
	if err := s.TryStart(); err == nil || !strings.Contains(err.Error(), "SECRET_KEY is not set, so the key in "+path+" was tried") || !strings.Contains(err.Error(), "None of it was changed") {
		t.Errorf("%v", err)
	}
	s.Env["SECRET_KEY"] = testkit.SecretKey
	s.Restart()
	s.Client().Refresh(in.Refresh).Want(http.StatusOK, "")
}
