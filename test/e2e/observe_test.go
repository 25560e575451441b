package e2e_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/signet-auth/signet/test/testkit"
)

// The files observe_…_test.go check what operators watch Signet by against a server that runs: the metrics and their list, dashboards, alerts,
// the fields of the log, and traces.

//go:generate go test -count=1 -run TestTheListOfMetricsIsCurrent -update .

const deploy = "../../deploy"

// promtool, which is Prometheus' own (Debian: prometheus), runs on a file of the folder. It returns what it says and whether it is content.
func promtool(t *testing.T, arguments ...string) (said string, ok bool) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs other programs")
	}
	program, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("SIGNET_TEST_BACKENDS") == "required" {
			t.Fatal("there is no promtool: install prometheus")
		}
		t.Skip("there is no promtool: install prometheus")
	}
	output, err := exec.CommandContext(t.Context(), program, arguments...).CombinedOutput()
	return string(output), err == nil
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// whole is a server that has everything there are metrics of.
func whole(t *testing.T, env map[string]string) *testkit.Server {
	t.Helper()
	all := map[string]string{
		"REDIS_URL": "redis://" + miniredis.RunT(t).Addr(), "RATE_LIMITS": "on", "GITHUB_CLIENT_ID": "id", "GITHUB_CLIENT_SECRET": "a secret",
	}
	maps.Copy(all, env)
	return testkit.Start(t, testkit.Options{Env: all})
}

// scrape is what Prometheus gets.
func scrape(t *testing.T, s *testkit.Server) string {
	t.Helper()
	answer, err := http.Get(s.AdminURL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// metric is a family of the answer.
type metric struct {
	kind, help string
	labels     []string
}

var label = regexp.MustCompile(`([a-z_]+)="`)

// families reads an answer.
func families(text string) map[string]*metric {
	found := map[string]*metric{}
	for line := range strings.Lines(text) {
		word := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if len(word) == 4 && word[1] == "HELP" {
			found[word[2]] = &metric{help: word[3]}
		} else if len(word) == 4 && word[1] == "TYPE" {
			found[word[2]].kind = word[3]
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		name, _, _ := strings.Cut(strings.Split(line, " ")[0], "{")
		m := found[name]
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base := found[strings.TrimSuffix(name, suffix)]; m == nil && base != nil {
				m = base
			}
		}
		if m == nil {
			continue
		}
		for _, l := range label.FindAllStringSubmatch(line, -1) {
			if l[1] != "le" && !slices.Contains(m.labels, l[1]) {
				m.labels = append(m.labels, l[1])
			}
		}
	}
	return found
}

// files are those of a folder with an ending.
func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatal(fmt.Errorf("%s: %d files, %w", pattern, len(found), err))
	}
	return found
}
