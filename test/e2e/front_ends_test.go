//go:build unix

package e2e_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/browser"
)

// page is the front end of examples/browser, as a person has it before them.
type page struct{ *browser.Tab }

// says waits for what the page says, and for the form or what is behind it.
func (p page) says(text string, inside bool) {
	want := strconv.FormatBool(inside)
	p.Becomes(`document.getElementById("message").textContent === "` + text + `" && document.getElementById("login").hidden === ` + want +
		` && document.getElementById("inside").hidden !== ` + want)
}

// lists waits for the numbers of the invoices that are shown.
func (p page) lists(numbers string) {
	p.Becomes(`[...document.querySelectorAll("#invoices li")].map(i => i.firstChild.textContent).join(" ") === "` + numbers + `"`)
}

func (p page) logIn(password string) {
	p.Click("#email")
	browser.See[any](p.Tab, `email.value = "", password.value = ""`)
	p.Insert("ada@example.com")
	p.Click("#password")
	p.Insert(password)
	p.Click("form button")
}

// startFrontEnd starts the front end and the service behind it by the commands that docs/front-ends.md begins with.
func startFrontEnd(t *testing.T, s *testkit.Server) (origin string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("../../examples")); err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	origin = "http://localhost:" + port
	commands := commands(blocks(t, "../../docs/front-ends.md", "")[:1])
	if len(commands) != 2 || !strings.Contains(commands[0], "examples/go") || !strings.Contains(commands[1], "examples/browser") {
		t.Fatalf("the guide begins with %q", commands)
	}
	service := startExample(t, dir, strings.ReplaceAll(commands[0], "3000", port), here(s, "http://localhost:5000"))
	for _, name := range []string{"index.html", "app.js"} { // where its services are
		path := filepath.Join(dir, "examples/browser", name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(here(s, string(text)), "http://localhost:8000", service.url)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	startExample(t, dir, strings.ReplaceAll(commands[1], "3000", port), "")
	up(s, service.url)
	up(s, origin)
	return origin
}

// TestTheFrontEndRunsAsPrinted goes on where the quickstart ends, with the front end of docs/front-ends.md in a browser.
func TestTheFrontEndRunsAsPrinted(t *testing.T) {
	t.Parallel()
	requireProgram(t, "curl")
	requireProgram(t, "python3")
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on"}})
	sh := terminal(t, t.TempDir(), reached(t, s))
	enter := func(section string) {
		for _, command := range commands(blocks(t, "../../docs/quickstart.md", section)) {
			if !strings.Contains(command, "http://localhost:8000") {
				sh.want(here(s, command))
				(&landscape{Server: s}).heard(t)
			}
		}
	}
	enter("2. Make the service known, and somebody who calls it")
	address := startFrontEnd(t, s)

	p := page{browser.Open(t)}
	p.Go(address)
	p.says("", false)
	p.Shoot("front-end")
	p.logIn("a wrong horse battery")
	p.says("Invalid email or password", false)
	p.logIn("correct horse battery")
	p.says("You may not read invoices. Ask for the permission invoice:read.", true)

	enter("5. Be let in")
	p.Go(address) // the cookie goes on, and the next token knows of the role
	p.says("", true)
	p.lists("2026-001 2026-002")
	p.Shoot("front-end-inside")
	if kept := browser.See[string](p.Tab, `document.cookie + JSON.stringify({...localStorage, ...sessionStorage})`); kept != "{}" {
		t.Errorf("a script finds %s", kept)
	}
	p.Click(`[aria-label="Delete 2026-001"]`)
	p.says("2026-001 is deleted.", true)
	p.lists("2026-002")

	sh.want("signet users end-sessions ada@example.com")
	(&landscape{Server: s}).heard(t)
	p.Click(`[aria-label="Delete 2026-002"]`) // of which Signet is asked
	p.says("You are logged out.", false)

	p.logIn("correct horse battery")
	p.says("", true)
	other := page{p.Beside()}
	other.Go(address)
	other.lists("2026-001 2026-002")
	p.Click("#logout")
	p.says("You are logged out.", false)
	other.says("You are logged out.", false)
	if why := s.Record().Text("SELECT end_reason FROM sessions ORDER BY created_at DESC LIMIT 1"); why != "logout" {
		t.Errorf("the last session ended by %q", why)
	}
	for _, heard := range append(p.Complaints(), other.Complaints()...) {
		if !strings.Contains(heard, "status of 40") && !strings.HasPrefix(heard, "info: ") { // that a call was refused is noted of any
			t.Errorf("the browser complains: %s", heard)
		}
	}
}
