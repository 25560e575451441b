package e2e_test

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// TestTheSessionOfTheReadmeRunsAsPrinted runs what "Try it" says, one command after the other, with a shell and curl. Only the
// address of the server is another one, and what is in capitals is filled in from the answers and mails so far, as a reader does.
func TestTheSessionOfTheReadmeRunsAsPrinted(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("SIGNET_TEST_BACKENDS") == "required" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on"}})
	r := reader{t: t, s: s, seen: map[string]int{}}
	for _, command := range printed(t) {
		switch words := strings.Fields(command); {
		case words[0] == "curl":
			r.curl(command)
		case strings.HasPrefix(command, "go run ./cmd/signet dev mail"):
			admin, err := url.Parse(s.AdminURL)
			if err != nil {
				t.Fatal(err)
			}
			r.s.Eventually(15*time.Second, func() bool { return len(r.mails()) > 0 })
			signet(t, cheaply(s.Env, map[string]string{"ADMIN_ADDR": admin.Host}), "", words[3:]...).want(t, 0, "To: ada@example.com", "Verify your email address")
		case slices.Contains([]string{"services", "roles", "tokens"}, strings.TrimPrefix(strings.Join(words[:4], " "), "go run ./cmd/signet ")):
			out := signet(t, cheaply(s.Env), "", words[3:]...).want(t, 0).Out
			if words[3] == "tokens" {
				r.appToken = strings.TrimSpace(out)
			}
			(&landscape{Server: s}).heard(t)
		}
	}
	// What it led through, so that a README that lost its commands does not pass.
	for _, call := range []string{
		"/api/auth/register", "/api/auth/verify-email", "/api/auth/login", "/api/auth/me", "/api/auth/sessions", "/api/auth/refresh", "/api/auth/change-password",
		"/api/password/forgot", "/api/password/reset", "/api/auth/change-email", "/api/auth/change-email/confirm", "/api/auth/export", "/api/auth/logout",
		"/api/auth/close", "/api/roles/permissions", "/api/authz/check",
	} {
		if r.seen[call] == 0 {
			t.Errorf("the README shows no %s", call)
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

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// printed are the commands of "Try it".
func printed(t *testing.T) (commands []string) {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Try it\n")
	section, _, ended := strings.Cut(section, "\n## ")
	if !found || !ended {
		t.Fatal("the README has no section to try")
	}
	for _, block := range shellBlock.FindAllStringSubmatch(section, -1) {
		for command := range strings.SplitSeq(strings.ReplaceAll(block[1], "\\\n", "\\\x00"), "\n") {
			if command = strings.ReplaceAll(command, "\x00", "\n"); command != "" {
				commands = append(commands, command)
			}
		}
	}
	return commands
}

// reader follows the README.
type reader struct {
	t               *testing.T
	s               *testkit.Server
	seen            map[string]int // commands by the path that they call
	used            map[string]bool
	access, refresh string
	user, appToken  string
}

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
	command = strings.ReplaceAll(command, "http://localhost:5000", r.s.URL)
	out, err := exec.CommandContext(r.t.Context(), "sh", "-c", command).CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s: %v\n%s", command, err, out)
	}
	var answer struct {
		Success      bool   `json:"success"`
		AccessToken  string `json:"access_token"`
		RefreshToken string `json:"refresh_token"`
		User         struct{ ID string }
		Results      []struct{ Allowed bool }
	}
	if err := json.Unmarshal(out, &answer); err != nil || !answer.Success {
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
