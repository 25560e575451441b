package e2e_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// TestTheSessionOfTheReadmeRunsAsPrinted runs what "Try it" says and then the tour, one command after the other, with a shell and curl.
// Only the address of the server is another one, and what is in capitals is filled in from the answers and mails so far, as a reader does.
func TestTheSessionOfTheReadmeRunsAsPrinted(t *testing.T) {
	requireProgram(t, "curl")
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on"}})
	r := reader{t: t, s: s, sh: terminal(t, t.TempDir(), reached(t, s)), seen: map[string]int{}}
	for _, command := range commands(append(blocks(t, "../../README.md", "Try it"), blocks(t, "../../docs/tour.md", "")...)) {
		switch subcommand, ours := strings.CutPrefix(command, "go run ./cmd/signet "); {
		case !ours:
			r.curl(command)
		case subcommand == "serve", strings.HasPrefix(subcommand, "admin create"): // it runs; that asks at a terminal
		case strings.HasPrefix(subcommand, "dev mail"):
			s.Eventually(15*time.Second, func() bool { return len(r.mails()) > 0 })
			if out := r.sh.want(command); !strings.Contains(out, "To: ada@example.com") || !strings.Contains(out, "Verify your email address") {
				t.Errorf("the inbox is said to hold:\n%s", out)
			}
		default:
			out := r.sh.want(command)
			if strings.HasPrefix(subcommand, "tokens create") {
				r.appToken = sgat.FindString(out)
			}
			(&landscape{Server: s}).heard(t)
		}
	}
	// What it led through, so that a guide that lost its commands does not pass.
	for _, call := range []string{
		"/api/auth/register", "/api/auth/verify-email", "/api/auth/login", "/api/auth/me", "/api/auth/sessions", "/api/auth/refresh", "/api/auth/change-password",
		"/api/password/forgot", "/api/password/reset", "/api/auth/change-email", "/api/auth/change-email/confirm", "/api/auth/export", "/api/auth/logout",
		"/api/auth/close", "/api/roles/permissions", "/api/authz/check",
	} {
		if r.seen[call] == 0 {
			t.Errorf("the README and the tour show no %s", call)
		}
	}
	// And where it led.
	c, record := s.Client(), s.Record()
	c.Do(loggingIn("ada@example.org", "remember the battery")).Want(401, "invalid_credentials")
	c.Me(r.access).Want(401, "token_invalid")
	if n := record.Count("SELECT count(*) FROM users WHERE email = 'ada@example.org' AND first_name = 'Ada' AND erase_at IS NOT NULL"); n != 1 {
		t.Errorf("%d accounts wait to be erased", n)
	}
}

// reader follows the README and the tour.
type reader struct {
	t               *testing.T
	s               *testkit.Server
	sh              *shell
	seen            map[string]int // commands by the path that they call
	used            map[string]bool
	access, refresh string
	user, appToken  string
}

var sgat = regexp.MustCompile(`sgat_\w+`)

var capitals = regexp.MustCompile(`THE [A-Z ]*[A-Z]`)

func (r *reader) curl(command string) {
	r.t.Helper()
	command = capitals.ReplaceAllStringFunc(command, r.fill)
	_, target, ours := strings.Cut(command, "http://localhost:5000")
	if !ours {
		r.t.Fatalf("it calls somebody else: %s", command)
	}
	target, _, _ = strings.Cut(target, " ")
	r.seen[target]++
	out := r.sh.want(here(r.s, command))
	var answer struct {
		Success      bool   `json:"success"`
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		User         struct{ ID string }
		Results      []struct{ Allowed bool }
	}
	if err := json.Unmarshal([]byte(out), &answer); err != nil || !answer.Success {
		r.t.Fatalf("%s\nanswers %s", command, out)
	}
	if answer.User.ID != "" {
		r.user = answer.User.ID
	}
	if slices.ContainsFunc(answer.Results, func(r struct{ Allowed bool }) bool { return !r.Allowed }) {
		r.t.Errorf("%s\nanswers %s", command, out)
	}
	if answer.AccessToken != "" {
		r.access, r.refresh = answer.AccessToken, answer.RefreshToken
	}
}

// fill is what the reader puts in for words in capitals: the latest of its sort. A mail's secret is used once.
func (r *reader) fill(words string) string {
	r.t.Helper()
	switch words {
	case "THE ACCESS TOKEN":
		return r.access
	case "THE REFRESH TOKEN":
		return r.refresh
	case "THE APPLICATION TOKEN":
		return r.appToken
	case "THE USER ID":
		return r.user
	case "THE CODE":
		return r.mailed(func(m testkit.Mail) string { return m.Code })
	case "THE TOKEN":
		return r.mailed(testkit.Mail.Token)
	}
	r.t.Fatalf("nobody knows what %s is", words)
	return ""
}

// mailed waits for a mail with a secret that was not used yet, of the newest mail that has one.
func (r *reader) mailed(secret func(testkit.Mail) string) (found string) {
	r.t.Helper()
	if r.used == nil {
		r.used = map[string]bool{}
	}
	r.s.Settled()
	for _, m := range r.mails() {
		if found = secret(m); found != "" {
			break
		}
	}
	if found == "" || r.used[found] {
		r.t.Fatal("there is no mail with a new secret")
	}
	r.used[found] = true
	return found
}

// mails are those to either address, newest first: the newer address gets the newer ones.
func (r *reader) mails() []testkit.Mail {
	r.t.Helper()
	return append(r.s.Mails("ada@example.org"), r.s.Mails("ada@example.com")...)
}
