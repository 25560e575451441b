package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
)

// What keeps a start from working is one line that says what to mend, and exit code 1. (Ports, folders that can't be made, keys and settings:
// config_test.go and cli_manners_test.go.)
func TestARefusedStartIsOneLine(t *testing.T) {
	t.Parallel()
	t.Run("on a file that is no database", func(t *testing.T) {
		t.Parallel()
		data := t.TempDir()
		if err := os.WriteFile(filepath.Join(data, "signet.db"), []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		oneLine(t, signet(t, cheaply(map[string]string{"DATA_DIR": data}), "", "serve").want(t, 1, "no SQLite database").Err)
	})

	t.Run("on a schema of the future", func(t *testing.T) {
		t.Parallel()
		testkit.Each(t, func(t *testing.T, b testkit.Backends) {
			s := testkit.Start(t, testkit.Options{Backends: b})
			s.Record().Exec("INSERT INTO migrations (version_id, is_applied, tstamp) VALUES (30000101000000, ?, CURRENT_TIMESTAMP)", true)
			s.Restart() // beside its successor
			env := cheaply(s.Env)
			s.Record().Exec("INSERT INTO meta (key, value) VALUES ('needs_migration', '30000101000000')")
			s.Stop()
			for _, args := range [][]string{{"serve"}, {"users", "list"}, {"migrate", "up"}} {
				oneLine(t, signet(t, env, "", args...).want(t, 1, "of a newer release").Err)
			}
		})
	})

	t.Run("on a full disk", func(t *testing.T) {
		t.Parallel()
		tool := requireProgram(t, "unshare")
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		const script = `mount -t tmpfs -o size=400k tmpfs "$1" || exit 77; cd "$1" && exec "$0" serve`
		child := exec.CommandContext(t.Context(), tool, "--user", "--map-root-user", "--mount", "sh", "-c", script, self, t.TempDir())
		child.Env = []string{asProgram + "=1", "PORT=0", "ADMIN_ADDR=off", "DATA_DIR=.", "BCRYPT_COST=4", "PATH=" + os.Getenv("PATH")}
		out, err := child.CombinedOutput()
		if code := child.ProcessState.ExitCode(); err != nil && code != 1 { // also where nobody may make a namespace
			t.Skipf("no small disk can be made here: exit %d, %v: %s", code, err, out)
		}
		if said := oneLine(t, string(out)); !strings.Contains(said, "disk") || !strings.Contains(said, "full") || err == nil {
			t.Errorf("%v: %s", err, out)
		}
	})

	t.Run("on a database that can't be written", func(t *testing.T) {
		t.Parallel()
		data := filepath.Join(t.TempDir(), "signet.db")
		if err := os.MkdirAll(data, 0o700); err != nil { // also root can't write a folder
			t.Fatal(err)
		}
		oneLine(t, signet(t, cheaply(map[string]string{"DATA_DIR": filepath.Dir(data)}), "", "serve").want(t, 1, "DATA_DIR can't be used").Err)
	})
}

func oneLine(t *testing.T, said string) string {
	t.Helper()
	if strings.Count(said, "\n") != 1 || !strings.HasPrefix(said, "signet: ") {
		t.Errorf("not one line:\n%s", said)
	}
	return said
}
