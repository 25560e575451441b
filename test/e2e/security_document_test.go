package e2e_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// requirementKinds begin the ids of docs/security.md, those of what is not there yet too.
	requirementKinds = strings.Fields("PW RG TH RL SE JW RT OA AZ AT UI IN ER LG TR SC MF WA OP WH")
	requirementID    = regexp.MustCompile(`\b(?:` + strings.Join(requirementKinds, "|") + `)-[0-9]{1,2}\b`)
	// inDocument is a path in back quotes, or the name of a test.
	inDocument = regexp.MustCompile("`([a-z][a-z0-9_./]*/[a-z0-9_./]+|[a-z0-9_]+\\.go)`|\\b((?:Test|Fuzz|Benchmark)[A-Z]\\w+)")
	testFunc   = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)\w+)\(`)
)

// TestRequirementsAreExplained: an id in the code is no riddle, since docs/security.md has it, and what that document names is there.
func TestRequirementsAreExplained(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## By requirement\n")
	explained, tests := map[string]bool{}, map[string]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for _, id := range requirementID.FindAllString(cells[1], -1) {
			explained[id] = true
		}
		checkNames(t, line, tests)
	}
	if len(explained) < 100 {
		t.Fatalf("%d requirements are found", len(explained))
	}
	err = filepath.WalkDir("../..", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || strings.HasPrefix(entry.Name(), ".") && len(entry.Name()) > 2):
			return fs.SkipDir
		case entry.IsDir() || filepath.Ext(file) != ".go" && filepath.Ext(file) != ".sql":
			return nil
		}
		source, err := os.ReadFile(file)
		if !slices.ContainsFunc(requirementKinds, func(kind string) bool { return bytes.Contains(source, []byte(kind+"-")) }) {
			return err // which most files are, and the expression is slow
		}
		for _, id := range requirementID.FindAll(source, -1) {
			if !explained[string(id)] {
				t.Errorf("%s: %s is not in docs/security.md", file, id)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// checkNames looks for the files of a row, and for its tests in the file that stands before them. tests are those of files seen before.
func checkNames(t *testing.T, row string, tests map[string]string) {
	t.Helper()
	file := ""
	for _, found := range inDocument.FindAllStringSubmatch(row, -1) {
		if name := found[2]; name != "" {
			if !strings.Contains(tests[file], " "+name+" ") {
				t.Errorf("there is no %s in the file named before it: %s", name, row)
			}
			continue
		}
		file = found[1]
		if !strings.Contains(file, "/") {
			file = "test/e2e/" + file
		}
		if _, seen := tests[file]; seen {
			continue
		}
		if _, err := os.Stat("../../" + file); err != nil {
			t.Error(err)
		}
		if source, err := os.ReadFile("../../" + file); err == nil && strings.HasSuffix(file, "_test.go") {
			for _, f := range testFunc.FindAllSubmatch(source, -1) {
				tests[file] += " " + string(f[1]) + " "
			}
		}
	}
}
