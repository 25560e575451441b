package e2e_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

var update = flag.Bool("update", false, "write the golden files")

var (
	anyID   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyTime = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
)

// normalised is a whole answer as text: status, headers and body, with ids and times replaced. Two answers that a stranger
// can't tell apart are equal in it.
func normalised(r testkit.Response) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%d\n", r.Status)
	var names []string
	for name := range r.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		value := strings.Join(r.Header[name], ", ")
		if name == "Date" {
			value = "<date>"
		}
		fmt.Fprintf(&text, "%s: %s\n", name, value)
	}
	fmt.Fprintf(&text, "\n%s\n", r.Body)
	return anyTime.ReplaceAllString(anyID.ReplaceAllString(text.String(), "<id>"), "<time>")
}

// golden compares an answer with its file below testdata, byte for byte.
func golden(t *testing.T, name string, r testkit.Response) {
	t.Helper()
	path, got := filepath.Join("testdata", name), normalised(r)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// TestStrictAnswers holds what strangers see to one file per question, no matter which account is asked about.
func TestStrictAnswers(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		verified := s.NewAccount()
		waiting, mail := applicant(t, s)
		unknown := testkit.NewAddress
		used := s.Mail(verified.Email, 1)
		guarded := s.NewAccount()
		s.Enrol(c.Login(guarded))
		for _, row := range []struct {
			file string
			asks map[string]testkit.Request
		}{
			{"register.http", map[string]testkit.Request{
				"free": registering(unknown()), "taken": registering(verified.Email), "waiting": registering(waiting),
			}},
			{"resend.http", map[string]testkit.Request{
				"unknown": resending(unknown()), "verified": resending(verified.Email), "waiting": resending(waiting),
			}},
			{"forgot.http", map[string]testkit.Request{
				"unknown": forgetting(unknown()), "verified": forgetting(verified.Email), "waiting": forgetting(waiting),
			}},
			{"login-refused.http", map[string]testkit.Request{
				"unknown": loggingIn(unknown(), testkit.Password), "wrong": loggingIn(verified.Email, "a wrong password"),
				"wrong of a waiting one": loggingIn(waiting, "a wrong password"), "wrong of one with a second factor": loggingIn(guarded.Email, "a wrong password"), "too long": loggingIn(verified.Email, strings.Repeat("x", 73)),
			}},
			{"verify-refused.http", map[string]testkit.Request{
				"no token": proving("abc"), "used": proving(used.Token()), "used, as a link": following(http.MethodPost, used.Token(), ""),
				"a code for nobody": provingByCode(unknown(), "123456"), "a code for a verified address": provingByCode(verified.Email, used.Code),
				"a wrong code": provingByCode(waiting, wrongCode(mail)),
			}},
			{"link-page.http", map[string]testkit.Request{
				"live": following(http.MethodGet, mail.Token(), browserAccept),
			}},
			{"link-dead.http", map[string]testkit.Request{
				"used": following(http.MethodGet, used.Token(), browserAccept), "none": following(http.MethodGet, "abc", browserAccept),
				"the button": following(http.MethodPost, used.Token(), browserAccept),
			}},
			{"link-confirm.http", map[string]testkit.Request{
				"live": following(http.MethodGet, mail.Token(), "*/*"), "used": following(http.MethodGet, used.Token(), "*/*"),
				"none": following(http.MethodGet, "abc", "*/*"),
			}},
		} {
			for ask, request := range row.asks {
				t.Run(row.file+" "+ask, func(t *testing.T) { golden(t, row.file, c.In(t).Do(request)) })
			}
		}
		// What is said when the secret was right, no matter to whom.
		_, fresh := applicant(t, s)
		golden(t, "verified.http", c.Do(proving(fresh.Token())))
	})
}

// TestEveryServerServesTheOneDocument is why answers may be checked against the document of the first server of the process.
func TestEveryServerServesTheOneDocument(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	text, err := os.ReadFile("../../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	want := describedBy(t, text)
	for name, o := range map[string]testkit.Options{
		"embedded":      {Backends: testkit.Embedded},
		"production":    {Backends: testkit.Production},
		"other ways":    {Env: map[string]string{"REGISTRATION": "off", "SESSION_LIMIT_POLICY": "deny", "REFRESH_BEARER": "static"}},
		"another place": {Env: map[string]string{"PUBLIC_URL": "https://auth.example.org"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := testkit.Start(t, o).Client().Do(testkit.Request{Path: "/openapi.json"})
			if diff := cmp.Diff(want, describedBy(t, got.Body)); diff != "" {
				t.Errorf("the document (-docs/openapi.json +served):\n%s", diff)
			}
		})
	}
}

// describedBy is a document without the version of the program, and without where it is served.
func describedBy(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	info, ok := document["info"].(map[string]any)
	if !ok {
		t.Fatalf("the document has no info: %.200s", text)
	}
	delete(info, "version")
	delete(document, "servers")
	return document
}

// TestProblems checks what every failure has in common (RFC 9457).
func TestProblems(t *testing.T) {
	t.Parallel()
	s := testkit.Shared(t, testkit.Embedded)
	c := s.Client()
	for name, row := range map[string]struct {
		request testkit.Request
		outcome string
		header  map[string]string
	}{
		"an unknown path":       {testkit.Request{Path: "/api/auth/nothing", OffContract: true}, "404 not_found", nil},
		"the root":              {testkit.Request{Path: "/", OffContract: true}, "404 not_found", nil},
		"an encoded slash":      {testkit.Request{Path: "/api/auth/verify-email%2Fabc", OffContract: true}, "404 not_found", nil},
		"a NUL in the path":     {testkit.Request{Path: "/api/auth/verify-email/%00", OffContract: true}, "404 not_found", nil},
		"a dot segment":         {testkit.Request{Path: "/api/auth/x/../me", OffContract: true}, "404 not_found", nil},
		"another method":        {testkit.Request{Method: http.MethodDelete, Path: "/api/auth/register", OffContract: true}, "405 method_not_allowed", map[string]string{"Allow": "OPTIONS, POST"}},
		"an invented method":    {testkit.Request{Method: "BREW", Path: "/api/auth/login", OffContract: true}, "405 method_not_allowed", nil},
		"a malformed body":      {testkit.Request{Path: "/api/auth/register", Body: "{"}, "400 invalid_request", nil},
		"a body that is text":   {testkit.Request{Path: "/api/auth/register", Body: "hello", Header: http.Header{"Content-Type": {"text/plain"}}}, "415 unsupported_media_type", nil},
		"a large body":          {testkit.Request{Path: "/api/auth/register", Body: strings.Repeat(" ", 64<<10) + "{}"}, "413 body_too_large", nil},
		"no token":              {testkit.Request{Path: "/api/auth/me"}, "401 token_missing", map[string]string{"WWW-Authenticate": `Bearer realm="signet"`}},
		"a forged token":        {testkit.Request{Path: "/api/auth/me", Bearer: "abc"}, "401 token_invalid", map[string]string{"WWW-Authenticate": `Bearer realm="signet", error="invalid_token"`}},
		"a token in the query":  {testkit.Request{Path: "/api/auth/me?access_token=abc"}, "401 token_missing", nil},
		"the wrong password":    {loggingIn("nobody@example.com", "not the password"), "401 invalid_credentials", map[string]string{"WWW-Authenticate": `Bearer realm="signet"`}},
		"a link to be scanned":  {following(http.MethodGet, "abc", "*/*"), "409 confirmation_required", nil},
		"a used token":          {proving("abc"), "400 invalid_token", nil},
		"an unknown service":    {testkit.Request{Path: "/api/auth/login", Body: testkit.Object{"email": "a@example.com", "password": "x", "service": "nope"}}, "400 unknown_service", nil},
		"an id from the client": {testkit.Request{Path: "/api/auth/nothing", OffContract: true, Header: http.Header{"X-Request-Id": {"mine"}}}, "404 not_found", nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := c.In(t)
			answer := c.Do(row.request)
			if answer.Outcome() != row.outcome {
				t.Fatalf("answer %s, want %s\n%s", answer.Outcome(), row.outcome, answer.Body)
			}
			problem := answer.JSON()
			code, _ := problem["code"].(string)
			for member, want := range map[string]any{
				"type": "urn:signet:problem:" + code, "status": float64(answer.Status), "success": false,
				"message": problem["detail"], "request_id": answer.Header.Get("X-Request-Id"),
			} {
				if problem[member] != want {
					t.Errorf("%s is %v, want %v", member, problem[member], want)
				}
			}
			if title, _ := problem["title"].(string); title == "" || problem["detail"] == "" || !anyID.MatchString(answer.Header.Get("X-Request-Id")) {
				t.Errorf("title %q, detail %q, X-Request-Id %q", title, problem["detail"], answer.Header.Get("X-Request-Id"))
			}
			for header, want := range map[string]string{
				"Content-Type": "application/problem+json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
				"Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			} {
				if got := answer.Header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			for header, want := range row.header {
				if got := answer.Header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestARequestIDIsTakenFromATrustedProxyOnly(t *testing.T) {
	t.Parallel()
	header := http.Header{"X-Request-Id": {"from-the-proxy.7"}}
	direct := testkit.Shared(t, testkit.Embedded)
	if got := direct.Client().Do(testkit.Request{Path: "/livez", Header: header}).Header.Get("X-Request-Id"); !anyID.MatchString(got) {
		t.Errorf("a stranger chose the request id %q", got)
	}
	behind := testkit.Start(t, testkit.Options{Env: map[string]string{"TRUSTED_PROXIES": "127.0.0.1"}})
	if got := behind.Client().Do(testkit.Request{Path: "/livez", Header: header}).Header.Get("X-Request-Id"); got != "from-the-proxy.7" {
		t.Errorf("the proxy's request id became %q", got)
	}
	header.Set("X-Request-Id", "<script>")
	if got := behind.Client().Do(testkit.Request{Path: "/livez", Header: header}).Header.Get("X-Request-Id"); !anyID.MatchString(got) {
		t.Errorf("the request id is %q", got)
	}
}
