package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/signet-auth/signet/cmd/run"
	"github.com/signet-auth/signet/test/testkit"
)

// What README and guides print is run as it stands there: in one shell that goes on from command to command, in an empty folder. In it
// `go run ./cmd/signet`, and `signet`, is this test's own binary, which has the program in it.

// asProgram is the variable that makes this binary be the program.
const asProgram = "SIGNET_E2E_AS_PROGRAM"

// program does what cmd/signet does, and is the exit code.
func program() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	environ, err := run.Environ()
	if err != nil {
		fmt.Fprintln(os.Stderr, "signet:", err)
		return 1
	}
	return run.Main(ctx, os.Args[1:], environ, run.Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// requireProgram finds a program that people have, or skips the test where none need be there.
func requireProgram(t *testing.T, names ...string) (path string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short leaves out what needs other programs")
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	lacking(t, "there is no "+names[0]+" here")
	return ""
}

func lacking(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("SIGNET_TEST_BACKENDS") == "required" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// block is a part of a guide that is in a language.
type block struct{ language, text string }

// fenced is a block, which is indented where it belongs to a step of a list.
var fenced = regexp.MustCompile("(?ms)^( *)```([a-z]+)\n(.*?)^ *```")

// blocks are those of a document, or of one of its sections.
func blocks(t *testing.T, path, section string) (all []block) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	if section != "" {
		_, rest, found := strings.Cut(text, "\n## "+section+"\n")
		text, _, _ = strings.Cut(rest, "\n## ")
		if !found {
			t.Fatalf("%s has no section %q", path, section)
		}
	}
	for _, found := range fenced.FindAllStringSubmatch(text, -1) {
		all = append(all, block{found[2], strings.ReplaceAll("\n"+found[3], "\n"+found[1], "\n")[1:]})
	}
	return all
}

var (
	link    = regexp.MustCompile(`\]\(([^):#]*)(?:#([^)]+))?\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

func TestLinksOfTheGuidesLeadSomewhere(t *testing.T) {
	t.Parallel()
	for _, name := range pages(t) {
		guide := filepath.Join("../..", name)
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range link.FindAllStringSubmatch(string(text), -1) {
			target := guide
			if to[1] != "" {
				target = filepath.Join(filepath.Dir(guide), to[1])
			}
			content, err := os.ReadFile(target)
			if info, statErr := os.Stat(target); statErr == nil && info.IsDir() {
				err = nil
			}
			if err != nil || to[2] != "" && !slices.Contains(anchors(string(content)), to[2]) {
				t.Errorf("%s: %s leads nowhere", guide, to[0])
			}
		}
	}
}

// A page to which nothing leads is found by nobody.
func TestEveryPageIsInTheIndex(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	listed := map[string]bool{"docs/README.md": true}
	for _, index := range []string{"docs/README.md", "docs/adr/README.md"} {
		for _, to := range link.FindAllStringSubmatch(read(index), -1) {
			listed[filepath.ToSlash(filepath.Join(filepath.Dir(index), to[1]))] = true
		}
	}
	for _, name := range pages(t) {
		if (strings.HasPrefix(name, "docs/") || !strings.Contains(name, "/")) && !listed[name] {
			t.Errorf("docs/README.md does not lead to %s", name)
		}
	}
}

// anchors are the names that GitHub gives to headings.
func anchors(text string) (names []string) {
	for _, found := range heading.FindAllStringSubmatch(text, -1) {
		plain := strings.Map(func(r rune) rune {
			if r == ' ' {
				return '-'
			}
			if r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return -1
		}, strings.ToLower(found[1]))
		names = append(names, plain)
	}
	return names
}

// commands are those of blocks for a shell. One that ends in \ or | goes on in the next line.
func commands(of []block) (all []string) {
	for _, b := range of {
		if b.language != "sh" {
			continue
		}
		command := ""
		for line := range strings.SplitSeq(strings.TrimSpace(b.text), "\n") {
			command += line
			if strings.HasSuffix(line, "\\") || strings.HasSuffix(line, "|") {
				command += "\n"
				continue
			}
			if command != "" {
				all = append(all, command)
			}
			command = ""
		}
	}
	return all
}

// shell is what a reader has open.
type shell struct {
	t    *testing.T
	in   io.Writer
	out  *bufio.Reader
	runs int
}

// terminal is a shell in a folder. settings are what the program is started with in it, for the machine's sake.
func terminal(t *testing.T, dir string, settings map[string]string) *shell {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), requireProgram(t, "sh"))
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "PATH="+shims(t, settings)+":"+os.Getenv("PATH"))
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // it was told to end by the end of its input
	})
	return &shell{t: t, in: in, out: bufio.NewReader(out)}
}

// shims is a folder with the program under the names that guides give it.
func shims(t *testing.T, settings map[string]string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	as := asProgram + "=1"
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		as += " " + name + "='" + strings.ReplaceAll(settings[name], "'", `'\''`) + "'"
	}
	dir := t.TempDir()
	compiler, _ := exec.LookPath("go")
	for name, text := range map[string]string{
		"signet": "#!/bin/sh\nexec env " + as + " '" + self + "' \"$@\"\n",
		"go":     "#!/bin/sh\n[ \"$1 $2\" != 'run ./cmd/signet' ] && exec '" + compiler + "' \"$@\"\nshift 2\nexec signet \"$@\"\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run runs a command and waits for it.
func (s *shell) run(command string) (out string, code int) {
	s.t.Helper()
	s.runs++
	mark := fmt.Sprintf("--- end of command %d:", s.runs)
	_, err := fmt.Fprintf(s.in, "{ %s\n} </dev/null\nprintf '\\n%s %%d\\n' $?\n", command, mark)
	for err == nil {
		var line string
		line, err = s.out.ReadString('\n')
		if status, ended := strings.CutPrefix(line, mark+" "); ended {
			if code, err = strconv.Atoi(strings.TrimSpace(status)); err == nil {
				return out, code
			}
		}
		out += line
	}
	s.t.Fatalf("%s: %v\n%s", command, err, out)
	return "", 0
}

// want runs a command that must succeed.
func (s *shell) want(command string) string {
	s.t.Helper()
	out, code := s.run(command)
	if code != 0 {
		s.t.Fatalf("%s\nends with %d:\n%s", command, code, out)
	}
	return out
}

// reached is what the program needs to work beside a running server.
func reached(t *testing.T, s *testkit.Server) map[string]string {
	t.Helper()
	admin, err := url.Parse(s.AdminURL)
	if err != nil {
		t.Fatal(err)
	}
	return cheaply(s.Env, map[string]string{"ADMIN_ADDR": admin.Host})
}

// here is a command of a guide for a server at another port.
func here(s *testkit.Server, command string) string {
	return strings.ReplaceAll(command, "http://localhost:5000", strings.Replace(s.URL, "127.0.0.1", "localhost", 1))
}
