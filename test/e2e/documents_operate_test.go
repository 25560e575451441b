package e2e_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/joho/godotenv"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/collector"
	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

// The pages for those who install and watch, each in a place that looks like theirs.

// upgraded does what docs/upgrading.md says to do before the servers restart.
func upgraded(t *testing.T, all []block) {
	t.Helper()
	s := testkit.Start(t, testkit.Options{})
	dir, settings := t.TempDir(), reached(t, s)
	maps.Copy(settings, map[string]string{"PUBLIC_URL": named(s), "RATE_LIMITS": "on"})
	sh := terminal(t, dir, settings)
	for _, command := range runnable(all) {
		sh.want(strings.ReplaceAll(command, "/backups/", dir+"/"))
	}
	if _, err := os.Stat(filepath.Join(dir, "before-upgrade.db")); err != nil {
		t.Error(err)
	}
}

// observed asks for metrics, traces and the rest as docs/observability.md says. What takes whatever is JSON stands for an Elasticsearch.
func observed(t *testing.T, all []block) {
	t.Helper()
	requireProgram(t, "curl")
	s, traces, dir := testkit.Start(t, testkit.Options{}), collector.Start(t), t.TempDir()
	put := ""
	elastic := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if content, err := io.ReadAll(r.Body); err == nil && json.Valid(content) {
			put = r.Method + " " + r.URL.Path
		}
	}))
	t.Cleanup(elastic.Close)
	sh := terminal(t, "../..", cheaply(map[string]string{"DATA_DIR": filepath.Join(dir, "data")}))
	sh.want("ELASTICSEARCH=" + elastic.URL)
	played := strings.NewReplacer("http://127.0.0.1:5001", s.AdminURL, "http://127.0.0.1:4318", traces.URL)
	out, rules := "", ""
	for _, command := range runnable(all) {
		switch command = played.Replace(command); {
		case strings.HasPrefix(command, "promtool "):
			rules = command
		case strings.Contains(command, "signet serve"):
			command, _, _ = strings.Cut(command, "#")
			log := filepath.Join(dir, "log")
			sh.want(command + " >" + log + " 2>&1 & server=$!")
			eventually(t, func() bool {
				said, _ := os.ReadFile(log)
				api := regexp.MustCompile(`http://[a-z0-9.]+:\d+`).FindString(string(said))
				if answer, err := http.Get(api + "/.well-known/jwks.json"); err == nil {
					_ = answer.Body.Close()
				}
				return len(traces.Spans()) > 0
			})
			sh.want("kill $server && wait $server")
		default:
			out += sh.want(command)
		}
	}
	if !strings.Contains(out, "signet_build_info{") || put != "PUT /_index_template/signet" {
		t.Errorf("Elasticsearch got %q; the metrics are\n%s", put, out)
	}
	requireProgram(t, "promtool") // last: where there is none, the others were run
	sh.want(rules)
}

// composed makes the files that docs/deploy/compose.md begins with.
func composed(t *testing.T, all []block) {
	t.Helper()
	requireProgram(t, "openssl")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../deploy")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "secrets")); err != nil { // of this folder's owner
		t.Fatal(err)
	}
	sh := terminal(t, dir, nil)
	for _, command := range runnable(all) {
		sh.want(command)
	}
	usable(t, dir, "compose.production.yml")
}

// prepared makes the installation of docs/deploy/kubernetes.md, up to what goes to a cluster.
func prepared(t *testing.T, all []block) {
	t.Helper()
	requireProgram(t, "openssl")
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "deploy/kubernetes"), os.DirFS("../../deploy/kubernetes")); err != nil {
		t.Fatal(err)
	}
	sh := terminal(t, dir, nil)
	for _, command := range runnable(all) {
		sh.want(command)
	}
	usable(t, filepath.Join(dir, "my-signet"), "kustomization.yaml")
}

// usable wants that a server of production could start with signet.env of a folder and the secrets that a file beside it names.
func usable(t *testing.T, dir, named string) {
	t.Helper()
	env, err := godotenv.Read(filepath.Join(dir, "signet.env"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, named))
	if err != nil {
		t.Fatal(err)
	}
	env["SIGNET_ENV"] = "production"
	for _, secret := range regexp.MustCompile(`secrets/(\w+)`).FindAllStringSubmatch(string(text), -1) {
		file := filepath.Join(dir, secret[0])
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
		if secret[1] != "postgres_password" { // which is Postgres' own
			env[strings.ToUpper(secret[1])+"_FILE"] = file
		}
	}
	said := signet(t, env, "", "config").want(t, 0, "SECRET_KEY_FILE", "DATABASE_URI_FILE")
	if strings.Contains(said.Out+said.Err, "no setting") {
		t.Errorf("it says\n%s%s", said.Out, said.Err)
	}
}

// installed installs the service as docs/deploy/systemd.md says, below a folder, from what a release's archive has. What systemd would do
// is done here: the server is started with the settings of the unit, and systemd-run runs what it is told to.
func installed(t *testing.T, all []block) {
	t.Helper()
	requireProgram(t, "openssl")
	root, archive, mx := t.TempDir(), t.TempDir(), smtpserver.Start(t, smtpserver.Options{})
	if err := os.CopyFS(filepath.Join(archive, "systemd"), os.DirFS("../../deploy/systemd")); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{"usr/local/bin", "etc/systemd/system", "var/lib/signet"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	below := strings.NewReplacer("/usr/local/", root+"/usr/local/", "/etc/", root+"/etc/", "/var/lib/", root+"/var/lib/")
	sh := terminal(t, archive, nil)
	sh.want(`cp "$(command -v signet)" signet`)
	for _, command := range runnable(all) {
		if strings.HasPrefix(command, "signet-command admin create") {
			started(t, root, archive, below, mx)
			sh.want("PATH=" + archive + ":" + root + "/usr/local/bin:$PATH")
			command = "echo 'correct horse battery' | " + command + " --password-stdin" // there is nobody to ask
		}
		sh.want(below.Replace(command))
	}
}

// systemdRun is what signet-command needs of it.
const systemdRun = `#!/bin/sh
export CREDENTIALS_DIRECTORY=/etc/signet
for option; do
	case $option in
	--property=EnvironmentFile=*) set -a && . "${option#*=*=}" && set +a || exit 1 ;;
	--property=LoadCredential=*) test -r "${option##*:}" || exit 1 ;;
	--property=WorkingDirectory=*) cd "${option#*=*=}" || exit 1 ;;
	--setenv=*) export "${option#*=}" ;;
	--*) ;;
	*) exec "$@" ;;
	esac
	shift
done
`

// started starts the server of an installed unit, and makes its commands reach it.
func started(t *testing.T, root, archive string, below *strings.Replacer, mx *smtpserver.Server) {
	t.Helper()
	read := func(path string) string {
		content, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	env, err := godotenv.Unmarshal(read("etc/signet/signet.env"))
	if err != nil {
		t.Fatal(err)
	}
	places := strings.NewReplacer("%d", root+"/etc/signet", "%S", root+"/var/lib")
	for _, line := range regexp.MustCompile(`(?m)^Environment=(.*)$`).FindAllStringSubmatch(read("etc/systemd/system/signet.service"), -1) {
		for setting := range strings.FieldsSeq(places.Replace(line[1])) {
			name, value, _ := strings.Cut(setting, "=")
			env[name] = value
		}
	}
	maps.Copy(env, mailing(mx)) // the machine's own: no certificate leads here
	maps.Copy(env, map[string]string{"SIGNET_ENV": "development", "PUBLIC_URL": "", "RATE_LIMITS": "on", "MAIL_USE_TLS": "off", "MAIL_USERNAME": ""})
	s := testkit.Start(t, testkit.Options{Env: env})
	settings := reached(t, s)
	maps.Copy(settings, map[string]string{"PUBLIC_URL": named(s)})
	program, err := os.ReadFile(filepath.Join(shims(t, settings), "signet"))
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{
		filepath.Join(root, "usr/local/bin/signet"):         string(program),
		filepath.Join(root, "usr/local/bin/signet-command"): below.Replace(read("usr/local/bin/signet-command")),
		filepath.Join(archive, "systemd-run"):               below.Replace(systemdRun),
	} {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}
