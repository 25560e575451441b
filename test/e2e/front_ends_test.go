//go:build unix

package e2e_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

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
	p.Click("#login button")
}

// prove enters a code of the second factor once it is asked for.
func (p page) prove(asked, code string) {
	p.Becomes(`!document.getElementById("proof").hidden && document.getElementById("message").textContent === "` + asked + `"`)
	p.Click("#code")
	p.Insert(code)
	p.Click("#proof button")
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

// withAFactor adds a second factor to Ada's account and does what the page asks for it: at the login, and before all invoices are deleted,
// once the one of the login is too long ago.
func withAFactor(t *testing.T, s *testkit.Server, p page, address string) {
	t.Helper()
	const asked = "Enter the code of your authenticator app, or a recovery code."
	p.logIn("correct horse battery")
	p.says("", true)
	p.lists("2026-001 2026-002")
	p.Click("#delete-all")
	p.says("This takes an authenticator app. Add one to your account first.", true)

	c := s.Client()
	app, _ := s.Enrol(c.Login(testkit.Account{Email: "ada@example.com", Password: "correct horse battery"}))
	p.Go(address)
	p.says("", false) // the first factor ended the session
	p.logIn("correct horse battery")
	p.Becomes(`!document.getElementById("proof").hidden`)
	p.Click("#remember")
	p.prove(asked, "000000")
	p.prove("The code is wrong, or it was used before", app.Code())
	p.says("", true)
	p.lists("2026-001 2026-002")

	past := s.Clock.Now().Add(-11 * time.Minute).Format("2006-01-02 15:04:05.999999-07:00")
	if n := s.Record().Exec("UPDATE sessions SET auth_time = ? WHERE level = 2 AND cookie", past); n != 1 {
		t.Fatalf("%d sessions are the page's", n)
	}
	p.Go(address)
	p.lists("2026-001 2026-002")
	p.Click("#delete-all")
	p.prove(asked, app.Codes[0])
	p.says("All are deleted.", true)
	p.Click("#logout")
	p.says("You are logged out.", false)
	p.logIn("correct horse battery") // on a device that is remembered, which outlives the logout
	p.says("", true)
	p.lists("2026-001 2026-002") // before that, the button would move away from the click
	p.Click("#logout")
	p.says("You are logged out.", false)
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
	p.lists("2026-001 2026-002")
	other := page{p.Beside()}
	other.Go(address)
	other.lists("2026-001 2026-002")
	p.Click("#logout")
	p.says("You are logged out.", false)
	other.says("You are logged out.", false)
	if why := s.Record().Text("SELECT end_reason FROM sessions ORDER BY created_at DESC LIMIT 1"); why != "logout" {
		t.Errorf("the last session ended by %q", why)
	}
	withAFactor(t, s, p, address)
	for _, heard := range append(p.Complaints(), other.Complaints()...) {
		if !strings.Contains(heard, "status of 40") && !strings.HasPrefix(heard, "info: ") { // that a call was refused is noted of any
			t.Errorf("the browser complains: %s", heard)
		}
	}
}
