package upgrade_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestMain(m *testing.M) { os.Exit(backend.Main(m)) }

const (
	password  = "a long enough passphrase 7"
	secretKey = "dHdvIHJlbGVhc2VzLCBzaWRlIGJ5IHNpZGU-test-only"
)

// TestTheReleaseBeforeServesBesideThisOne goes through a rollout: the release before serves, this one migrates, both serve, and one of the
// former starts again on the new schema.
func TestTheReleaseBeforeServesBesideThisOne(t *testing.T) {
	if os.Getenv("SIGNET_TEST_UPGRADE") != "on" {
		t.Skip("it builds two programs: .ci/package runs it, and SIGNET_TEST_UPGRADE=on does")
	}
	commit := before(t)
	folder := t.TempDir()
	source := filepath.Join(folder, "source")
	unpack(t, commit, source)
	env := settings(backend.Postgres(t), folder)
	former := release{"the release before", build(t, source, filepath.Join(folder, "before")), env}
	this := release{"this release", build(t, "../..", filepath.Join(folder, "now")), env}

	former.run(t, "", "migrate", "up")
	first := former.serve(t)
	f := &fleet{t: t, all: []*server{first}}
	former.run(t, password, "admin", "create", "--email", "root@example.com", "--password-stdin")
	f.setUp(first)
	ada := f.register(first, "ada@example.com")
	ada.logIn(first)
	f.assign(first, ada)

	this.run(t, "", "migrate", "up")
	f.everythingWorks(first, "after-the-migration@example.com")
	ada.refresh(first)
	ada.isSeen(first)

	newer := this.serve(t)
	f.all = append(f.all, newer)
	again := former.serve(t)
	f.all = append(f.all, again)
	for i, s := range f.all {
		f.everythingWorks(s, fmt.Sprintf("beside-%d@example.com", i))
	}
	for _, s := range []*server{newer, first, newer, again} { // a session goes on at either
		ada.refresh(s)
		for _, other := range f.all {
			ada.isSeen(other)
		}
	}
	f.readsWhatIsWritten(newer, first)
	f.readsWhatIsWritten(first, newer)
}

// before is the parent of the newest commit that touches the migrations. Without history there is none to be had.
func before(t *testing.T) string {
	t.Helper()
	newest, err := output(t, "git", "log", "-1", "--format=%H", "--", "migrations/up")
	if err != nil || newest == "" {
		t.Skipf("there is no history here, so the release before can't be built: %v", err)
	}
	parent, err := output(t, "git", "rev-parse", "--verify", "--quiet", newest+"^1")
	if err != nil {
		t.Skipf("the history ends before %.12s, the newest commit that touches migrations/up, so the release before can't be built", newest)
	}
	t.Logf("the release before is %.12s, the parent of %.12s", parent, newest)
	return parent
}

// unpack writes the files of a commit. A worktree would be the same files, and an entry in the repository that a killed test leaves behind.
func unpack(t *testing.T, commit, folder string) {
	t.Helper()
	archive := folder + ".tar"
	if _, err := output(t, "git", "archive", "--format=tar", "--output="+archive, commit); err != nil {
		t.Fatalf("git archive: %v", err)
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "tar", "-xf", archive, "-C", folder).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
}

// build builds with the flags of the gate's own binary, so that most is in the cache.
func build(t *testing.T, source, binary string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", binary, "./cmd/signet")
	cmd.Dir, cmd.Env = source, append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", binary, err, out)
	}
	return binary
}

func settings(database, folder string) []string {
	env := map[string]string{
		"SIGNET_ENV": "development", "DATABASE_URI": database, "SECRET_KEY": secretKey, "PUBLIC_URL": "http://localhost:5000",
		"DATA_DIR": filepath.Join(folder, "data"), "BCRYPT_COST": "4", "RATE_LIMITS": "off", "LOG_LEVEL": "warn",
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		all = append(all, name+"="+env[name])
	}
	return all
}
