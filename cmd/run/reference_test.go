package run_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/cmd/run"
)

var update = flag.Bool("update", false, "write the generated files")

// What people read comes from the declarations that the program reads.
func TestTheReferenceOfSettingsIsCurrent(t *testing.T) {
	const begin, end = "<!-- settings: written by go generate ./cmd/run -->\n", "<!-- end of settings -->\n"
	guide, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(guide), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatal("docs/configuration.md has no place for the settings")
	}
	for path, want := range map[string]string{
		"../../.env.example":          run.EnvExample(),
		"../../docs/configuration.md": before + begin + run.ConfigurationTables() + "\n" + end + after,
	} {
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is stale (go generate ./cmd/run): (-want +got)\n%s", path, diff)
		}
	}
}
