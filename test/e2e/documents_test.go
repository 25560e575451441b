package e2e_test

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/idp/idp"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

// documents are all that print commands, and how those are run. nil: by a test of the document's own, or, as CONTRIBUTING.md's, by the
// people who run the tests.
var documents = map[string]func(t *testing.T, all []block){
	"README.md": nil, "CONTRIBUTING.md": nil, "docs/adapters.md": nil, "docs/front-ends.md": nil, "docs/protect-a-service.md": nil,
	"docs/quickstart.md": nil, "docs/tour.md": nil,
	"docs/backup-and-restore.md": restored, "docs/configuration.md": configured, "docs/migrating-from-flask.md": migrated, "docs/moving-users.md": moved,
	"docs/mail-templates.md": previewed, "docs/providers.md": played, "docs/scaling.md": measured, "docs/security.md": searched,
	"docs/factors.md":           factored,
	"docs/passkeys.md":          beginsPasskeys,
	"docs/integrate.md":         integrated,
	"docs/revocation-stream.md": followed,
	"docs/upgrading.md":         upgraded, "docs/observability.md": observed,
	"docs/deploy/compose.md": composed, "docs/deploy/kubernetes.md": prepared, "docs/deploy/systemd.md": installed,
}

// elsewhere are the commands that no test of this package runs, by how they begin, and what does, or why nothing can.
var elsewhere = map[string]string{
	".ci/":                        "what runs the tests",
	"SIGNET_BENCH_USERS=":         "a million users take an hour",
	"TEST_DATABASE_URI=":          "a database of the reader's; the same tests run on ours",
	"docker ":                     "test/compose/run.sh starts it all, in .ci/package; test/deploy looks up what is named",
	"filebeat ":                   "a program of Elastic's, which Debian has not",
	"go run ./test/load -rounds ": "measuring takes minutes; measured looks up the flags",
	"kubectl ":                    "a cluster; test/deploy builds what is applied, and looks up what is named",
	"systemctl ":                  "services of the machine; .ci/package verifies the unit",
}

// runnable are the commands that a test here can run.
func runnable(all []block) (printed []string) {
	for _, command := range commands(all) {
		if _, known := ranElsewhere(command); !known {
			printed = append(printed, command)
		}
	}
	return printed
}

func ranElsewhere(command string) (begin string, known bool) {
	for begin := range elsewhere {
		if strings.HasPrefix(command, begin) {
			return begin, true
		}
	}
	return "", false
}

func TestEveryCommandOfTheDocumentsIsRun(t *testing.T) {
	t.Parallel()
	left := maps.Clone(elsewhere)
	for _, name := range pages(t) {
		all := blocks(t, "../../"+name, "")
		run, known := documents[name]
		for _, command := range commands(all) {
			begin, _ := ranElsewhere(command)
			delete(left, begin)
		}
		switch printed := len(commands(all)) > 0; {
		case printed && !known:
			t.Errorf("nothing runs the commands of %s", name)
		case !printed && known:
			t.Errorf("%s prints no commands", name)
		case run != nil:
			t.Run(name, func(t *testing.T) { run(t, all) })
		}
	}
	for begin := range left {
		t.Errorf("no document prints %q, which is said not to be run", begin)
	}
}

// pages are all documents, by their path in the repository.
func pages(t *testing.T) (all []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("../.."), ".", func(path string, entry fs.DirEntry, err error) error {
		hidden := strings.HasPrefix(entry.Name(), ".") && path != "."
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (hidden || entry.Name() == "node_modules" || entry.Name() == "testdata"):
			return fs.SkipDir
		case strings.HasSuffix(path, ".md"):
			all = append(all, path)
		}
		return nil
	})
	if err != nil || len(all) < len(documents) {
		t.Fatalf("%d documents, %v", len(all), err)
	}
	return all
}

// previewed looks at the template that docs/mail-templates.md shows.
func previewed(t *testing.T, all []block) {
	t.Helper()
	text, err := os.ReadFile("../../docs/mail-templates.md")
	if err != nil {
		t.Fatal(err)
	}
	dir, out := t.TempDir(), t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "templates/en"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i, example := range regexp.MustCompile("(?s)```\n({{define .*?)```").FindAllSubmatch(text, -1) {
		name := []string{"verify.txt", "verify.html"}[i]
		if err := os.WriteFile(filepath.Join(dir, "templates/en", name), example[1], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sh, shown := terminal(t, dir, nil), ""
	for _, command := range commands(all) {
		shown += sh.want(strings.ReplaceAll(command, "/tmp/mails", out))
	}
	if !strings.Contains(shown, "Welcome to Signet") || !strings.Contains(shown, "<html") {
		t.Errorf("what is shown is\n%s", shown)
	}
	if mails, err := os.ReadDir(out); err != nil || len(mails) < 2 {
		t.Errorf("%d mails, %v", len(mails), err)
	}
}

// played turns the switches of the providers that docs/providers.md starts.
func played(t *testing.T, all []block) {
	t.Helper()
	requireProgram(t, "curl")
	s := idp.Start(t, idp.Options{})
	sh, answers := terminal(t, t.TempDir(), nil), ""
	for _, command := range commands(all) {
		if strings.HasPrefix(command, "curl ") { // the others start what runs already
			answers += sh.want(strings.ReplaceAll(strings.Replace(command, "curl", "curl -sf", 1), "http://127.0.0.1:9090", s.URL))
		}
	}
	if !strings.Contains(answers, "eve@example.com") || !strings.Contains(answers, "wrong_nonce") {
		t.Errorf("the answers are\n%s", answers)
	}
}

// measured asks the load program what it can do. What docs/scaling.md measures by it takes minutes, and is not done by tests.
func measured(t *testing.T, all []block) {
	t.Helper()
	printed := commands(all)
	out := terminal(t, "../..", nil).want(printed[0])
	for _, command := range printed[1:] {
		for _, flag := range regexp.MustCompile(` -[a-z]+`).FindAllString(command, -1) {
			if strings.Contains(command, "test/load") && !strings.Contains(out, flag) {
				t.Errorf("%s: there is no%s", command, flag)
			}
		}
	}
}

// searched finds the tests of known attacks as docs/security.md says, in the repository.
func searched(t *testing.T, all []block) {
	t.Helper()
	out := ""
	for _, command := range commands(all) {
		out += terminal(t, "../..", nil).want(command)
	}
	for _, known := range []string{"CVE-2018-0114", "RFC 8725 §3.1", "ASVS 3.5.1"} {
		if !strings.Contains(out, " "+known+"\n") {
			t.Errorf("%s is not found in\n%s", known, out)
		}
	}
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, named := range regexp.MustCompile("`((?:[a-z]+/)*)([a-z_]+_test\\.go)`").FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat(filepath.Join("../..", cmp.Or(named[1], "test/e2e"), named[2])); err != nil {
			t.Error(err)
		}
	}
}

// configured asks a deployment that works about itself, as docs/configuration.md says.
func configured(t *testing.T, all []block) {
	t.Helper()
	mx := smtpserver.Start(t, smtpserver.Options{})
	s := testkit.Start(t, testkit.Options{Env: mailing(mx)})
	settings := reached(t, s)
	maps.Copy(settings, map[string]string{"PUBLIC_URL": named(s), "RATE_LIMITS": "on"})
	sh, out := terminal(t, t.TempDir(), settings), ""
	for _, command := range commands(all) {
		out += sh.want(command)
	}
	if !strings.Contains(out, "MAIL_SERVER") || !strings.Contains(out, "PUBLIC_URL") || len(mx.Messages()) != 1 {
		t.Errorf("it says\n%s", out)
	}
}

// restored makes a backup and puts it back, as docs/backup-and-restore.md says: first the embedded database, then Postgres.
func restored(t *testing.T, all []block) {
	t.Helper()
	printed := runnable(all)
	begin := slices.IndexFunc(printed, func(command string) bool { return strings.HasPrefix(command, "pg_dump ") })
	if begin < 0 {
		t.Fatal("Postgres is not dumped")
	}
	dir, now := t.TempDir(), time.Now().UTC().Format(time.RFC3339)
	s := testkit.Start(t, testkit.Options{})
	account := s.NewAccount()
	played := strings.NewReplacer("/backups/", dir+"/", "2027-01-31T03:00:00Z", now)
	sh := terminal(t, dir, reached(t, s))
	for _, command := range printed[:begin] {
		if strings.HasPrefix(command, "signet restore ") {
			s.Stop()
			command, _, _ = strings.Cut(command, "#")
			command += "--yes" // there is nobody to ask
		}
		sh.want(played.Replace(command))
	}
	if out := sh.want("signet users show " + account.Email); !strings.Contains(out, account.ID) {
		t.Errorf("the account is not there:\n%s", out)
	}
	restoredPostgres(t, printed[begin:], now)
}

// restoredPostgres does so by Postgres' own tools, which must not be older than the server.
func restoredPostgres(t *testing.T, printed []string, now string) {
	t.Helper()
	s := testkit.Start(t, testkit.Options{Backends: testkit.Production})
	account := s.NewAccount()
	s.Stop()
	former := s.Env["DATABASE_URI"]
	at, err := url.Parse(former)
	if err != nil {
		t.Fatal(err)
	}
	requireProgram(t, "pg_dump")
	requireProgram(t, "pg_restore")
	settings := cheaply(s.Env)
	delete(settings, "DATABASE_URI") // which the page sets
	sh := terminal(t, t.TempDir(), settings)
	sh.want("DATABASE_URI='" + former + "'")
	password, _ := at.User.Password()
	sh.want("export PGHOST=" + at.Hostname() + " PGPORT=" + at.Port() + " PGUSER=" + at.User.Username() + " PGPASSWORD=" + password)
	var tools, server int
	if _, err := fmt.Sscanf(sh.want("pg_dump --version"), "pg_dump (PostgreSQL) %d", &tools); err != nil {
		t.Fatal(err)
	}
	if server = testkit.RecordAt(t, former).Count("SELECT current_setting('server_version_num')::int / 10000"); tools < server {
		lacking(t, fmt.Sprintf("pg_dump is of %d, and the server of %d", tools, server))
	}
	name := "restored_" + strings.ToLower(rand.Text())
	own := *at
	own.Path = "/" + name
	defer sh.run("dropdb --if-exists --force " + name)
	played := strings.NewReplacer("postgresql://signet@localhost/signet_restored", "'"+own.String()+"'", "postgresql://signet@localhost/signet", "'"+former+"'",
		"signet_restored", name, "2027-01-31T03:00:00Z", now)
	for _, command := range printed {
		sh.want(played.Replace(command))
	}
	if out := sh.want("signet users show " + account.Email); !strings.Contains(out, account.ID) {
		t.Errorf("the account is not in the restored database:\n%s", out)
	}
}

// moved moves a user in and out, as docs/moving-users.md says.
func moved(t *testing.T, all []block) {
	t.Helper()
	dir := t.TempDir()
	for _, b := range all {
		if b.language == "json" {
			line := regexp.MustCompile(` "password_hash": "[^"]*",`).ReplaceAllString(b.text, "") // which stands for one
			if err := os.WriteFile(filepath.Join(dir, "people.ndjson"), []byte(line), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	sh := terminal(t, dir, cheaply(map[string]string{"DATA_DIR": filepath.Join(dir, "data")}))
	for _, command := range commands(all) {
		sh.want(command)
	}
	if content, err := os.ReadFile(filepath.Join(dir, "everybody.ndjson")); err != nil || !strings.Contains(string(content), "ada@example.com") {
		t.Errorf("%s, %v", content, err)
	}
}

// migrated takes the data of the Flask service, as docs/migrating-from-flask.md says.
func migrated(t *testing.T, all []block) {
	t.Helper()
	from, dir := flaskDatabase(t), t.TempDir()
	sh := terminal(t, dir, cheaply(map[string]string{"DATA_DIR": filepath.Join(dir, "data")}))
	for _, command := range commands(all) {
		sh.want(strings.ReplaceAll(command, "postgresql://signet@localhost/flask", "'"+from+"'"))
	}
	if out := sh.want("signet users list"); !strings.Contains(out, "ann@example.com") {
		t.Errorf("there are\n%s", out)
	}
}

// integrated registers a service as docs/integrate.md prints it. What the page shows of a language must be a part of that package's README,
// which the package's own tests run.
func integrated(t *testing.T, all []block) {
	t.Helper()
	sh := terminal(t, t.TempDir(), cheaply(map[string]string{"DATA_DIR": filepath.Join(t.TempDir(), "data")}))
	for _, command := range commands(all) {
		sh.want(command)
	}
	squeeze := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	shown := 0
	for _, b := range all {
		readme, known := map[string]string{"go": "sdk/go", "js": "sdk/ts", "python": "sdk/python"}[b.language]
		if !known {
			continue
		}
		text, err := os.ReadFile(filepath.Join("../..", readme, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		if shown++; !strings.Contains(squeeze(string(text)), squeeze(b.text)) {
			t.Errorf("%s/README.md does not show this:\n%s", readme, b.text)
		}
	}
	if shown == 0 {
		t.Error("the page shows no language")
	}
}
