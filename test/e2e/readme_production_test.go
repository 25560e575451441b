package e2e_test

import (
	"bufio"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/joho/godotenv"

	"github.com/signet-auth/signet/cmd/run"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/backend"
)

// signetEnv is the file that the README begins production with.
func signetEnv(t *testing.T) (file string, all []block) {
	t.Helper()
	all = blocks(t, "../../README.md", "Run it in production")
	if all[0].language != "env" || !strings.HasPrefix(all[0].text, "SIGNET_ENV=production\n") {
		t.Fatalf("it begins with\n%s", all[0].text)
	}
	return all[0].text, all
}

// TestSignetEnvOfTheReadme holds the file against all that reads it, and against those who fill in half of it.
func TestSignetEnvOfTheReadme(t *testing.T) {
	t.Parallel()
	file, all := signetEnv(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "signet.env")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Run("begins a server of production or none", func(t *testing.T) {
		docker := asDockerReads(file)
		_, err := run.ParseConfig(docker)
		if err == nil || !strings.HasPrefix(err.Error(), "SECRET_KEY is required in production") || strings.Contains(err.Error(), "\n") {
			t.Errorf("as printed, without a key: %v", err)
		}
		for name := range docker {
			if name == "SIGNET_ENV" {
				continue
			}
			env := maps.Clone(docker)
			delete(env, name)
			env["SECRET_KEY"] = testkit.SecretKey
			if c, err := run.ParseConfig(env); err == nil && c.Env != "production" {
				t.Errorf("without %s it is %s", name, c.Env)
			}
		}
	})
	t.Run("starts nothing where it is not", func(t *testing.T) {
		sh := terminal(t, t.TempDir(), nil)
		for _, command := range commands(all) {
			if strings.HasPrefix(command, "docker ") {
				continue
			}
			if out, code := sh.run(command); code == 0 || strings.Contains(out, "API") {
				t.Errorf("%s\nends with %d:\n%s", command, code, out)
			}
		}
	})
	t.Run("means the same to Docker, shells and .env, with a key of its own", func(t *testing.T) {
		sh := terminal(t, dir, nil)
		for _, command := range commands(all) {
			if strings.Contains(command, "openssl") {
				requireProgram(t, "openssl")
				sh.want(command)
			}
		}
		completed, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := asDockerReads(string(completed))
		if c, err := run.ParseConfig(want); err != nil || c.SecretKey.IsZero() {
			t.Errorf("the file, with a key: %v", err)
		}
		inDotEnv, err := godotenv.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		inShell := map[string]string{}
		clean := exec.CommandContext(t.Context(), "env", "-i", "sh", "-c", "set -a; . ./signet.env; set +a; /usr/bin/env")
		clean.Dir = dir
		out, err := clean.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for name, value := range asDockerReads(string(out)) {
			if _, ok := want[name]; ok {
				inShell[name] = value
			}
		}
		for who, read := range map[string]map[string]string{".env": inDotEnv, "a shell": inShell} {
			if diff := cmp.Diff(want, read); diff != "" {
				t.Errorf("%s reads something else (-Docker +%s):\n%s", who, who, diff)
			}
		}
	})
}

// TestProductionOfTheReadmeStartsAsPrinted fills in what only this machine knows, and starts the program as the README says.
func TestProductionOfTheReadmeStartsAsPrinted(t *testing.T) {
	t.Parallel()
	file, all := signetEnv(t)
	requireProgram(t, "openssl")
	for name, value := range map[string]string{"DATABASE_URI": backend.Postgres(t), "REDIS_URL": backend.Redis(t)} {
		file = regexp.MustCompile(`(?m)^`+name+`=.*$`).ReplaceAllLiteralString(file, name+"="+value)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "signet.env"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	script := ""
	for _, command := range commands(all) {
		if !strings.HasPrefix(command, "docker ") { // test/compose starts it in a container
			script += command + "\n"
		}
	}
	script = strings.NewReplacer("(set -a", "set -a", "signet serve)", "exec signet serve").Replace(script) // so that it can be told to stop
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", script)
	cmd.Dir = dir
	ours := shims(t, map[string]string{"PORT": "0", "HOST": "127.0.0.1", "ADMIN_ADDR": "off"})
	cmd.Env = append(os.Environ(), "PATH="+ours+":"+os.Getenv("PATH"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log testkit.Log
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, api := "", ""
	for lines := bufio.NewScanner(out); api == "" && lines.Scan(); {
		said += lines.Text() + "\n"
		if address, found := strings.CutPrefix(lines.Text(), "Here "); found { // PUBLIC_URL is a proxy's
			api = strings.TrimSpace(address)
		}
	}
	if !strings.Contains(said, "(production)") || api == "" {
		t.Fatalf("it says\n%s%s", said, log.String())
	}
	client := http.Client{Timeout: 10 * time.Second}
	answer, err := client.Get(api + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	if _ = answer.Body.Close(); answer.StatusCode != http.StatusOK || answer.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("it answers %d, and no https is behind PUBLIC_URL", answer.StatusCode)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended: %v\n%s", err, log.String())
	}
}

// TestTheFiveLinesOfTheReadmeAreThoseOfTheComposeFile, which test/compose starts.
func TestTheFiveLinesOfTheReadmeAreThoseOfTheComposeFile(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/compose.production.yml")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"cd deploy"} // "Run from this folder"
	for _, line := range regexp.MustCompile(`(?m)^# {3}(.+)$`).FindAllStringSubmatch(string(text), -1) {
		want = append(want, line[1])
	}
	if diff := cmp.Diff(want, commands(blocks(t, "../../README.md", "Deploy it in five lines"))); diff != "" {
		t.Errorf("-deploy/compose.production.yml +README.md:\n%s", diff)
	}
}

// asDockerReads is what `docker run --env-file` makes of a file: each line as it is, whatever quotes and blanks are in it.
func asDockerReads(file string) map[string]string {
	env := map[string]string{}
	for line := range strings.Lines(file) {
		line = strings.TrimRight(strings.TrimLeft(line, " \t"), "\r\n")
		if name, value, found := strings.Cut(line, "="); found && !strings.HasPrefix(line, "#") {
			env[name] = value
		}
	}
	return env
}
