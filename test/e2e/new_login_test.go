package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// Other user agents that have a name, each a class of its own.
const (
	chromeOnWindows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
	safariOnPhone   = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)

// loggingInFrom is a login by a user agent.
func loggingInFrom(a testkit.Account, userAgent string) testkit.Request {
	r := loggingIn(a.Email, a.Password)
	r.Header = agent(userAgent)
	return r
}

// alarms are the mails about new devices that an account got, newest first, once nothing is on its way.
func alarms(s *testkit.Server, a testkit.Account) (found []testkit.Mail) {
	s.Settled()
	for _, m := range s.Mails(a.Email) {
		if strings.HasPrefix(m.Subject, "New sign-in") {
			found = append(found, m)
		}
	}
	return found
}

func TestALoginFromAnUnknownClassOfDeviceIsTold(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "off"}})
	c, a := s.Client(), s.NewAccount()
	login := func(userAgent string, mails int) {
		t.Helper()
		c.Do(loggingInFrom(a, userAgent)).Want(http.StatusOK, "")
		if got := alarms(s, a); len(got) != mails {
			t.Fatalf("%d mails after a login by %.40q, want %d", len(got), userAgent, mails)
		}
	}
	login(firefox, 0) // the very first: nothing to compare it with
	login(strings.Replace(firefox, "140", "141", 2), 0)
	s.Clock.Move(48 * time.Hour)
	login(firefox, 0)
	login(chromeOnWindows, 1)
	login(chromeOnWindows, 1)
	if m := alarms(s, a)[0]; !strings.Contains(words(m), ": Chrome on Windows, on ") || !strings.Contains(words(m), "from 127.0.0.1.") || len(m.Links) != 0 {
		t.Errorf("the mail does not say what happened, or has a link:\n%s", m.Text)
	}

	// An attacker who changes user agents does not flood the owner: three a day.
	for i, userAgent := range []string{safariOnPhone, "curl/8.14.1", "okhttp/4.12.0", "python-requests/2.32.4", "Dart/3.5 (dart:io)"} {
		login(userAgent, min(2+i, 3))
	}
	s.Clock.Move(25 * time.Hour)
	login("Wget/1.25.0", 4)
}

func TestHostileUserAgentsAreOneClassThatDoesNotSay(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "off"}})
	c, a := s.Client(), s.NewAccount()
	c.Do(loggingInFrom(a, firefox)).Want(http.StatusOK, "")
	for _, userAgent := range []string{
		"evil.example/1.0 (+https://evil.example/)", strings.Repeat("evil/1 ", 1500), "<script>evil</script>", "=?utf-8?B?ZXZpbA==?=",
		"\u202eevil\u2066/1.0", "{{.Evil}}", strings.Repeat("(", 4000), "evil\xff\xfe/1",
	} {
		c.Do(loggingInFrom(a, userAgent)).Want(http.StatusOK, "")
	}
	got := alarms(s, a)
	if len(got) != 1 || !strings.Contains(words(got[0]), "one that does not say what it is") || strings.Contains(strings.ToLower(got[0].Text+got[0].HTML), "evil") {
		t.Errorf("%d mails: %+v", len(got), got)
	}
	if n := s.Record().Count("SELECT count(*) FROM user_devices"); n != 2 {
		t.Errorf("%d classes are kept", n)
	}
}

func TestParallelLoginsFromANewDeviceAreToldOnce(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"RATE_LIMITS": "off"}})
		c, a := s.Client(), s.NewAccount()
		c.Do(loggingInFrom(a, firefox)).Want(http.StatusOK, "")
		for _, answer := range c.AtOnce(20, func(int) testkit.Request { return loggingInFrom(a, safariOnPhone) }) {
			answer.Want(http.StatusOK, "")
		}
		if got := alarms(s, a); len(got) != 1 {
			t.Errorf("%d mails", len(got))
		}
	})
}

func TestAWrongPasswordTellsOfNoDevice(t *testing.T) {
	t.Parallel()
	s := testkit.Shared(t, testkit.Embedded)
	c, a := s.Client(), s.NewAccount()
	c.Do(loggingInFrom(a, firefox)).Want(http.StatusOK, "")
	wrong := loggingIn(a.Email, "not the password")
	wrong.Header = agent(safariOnPhone)
	c.Do(wrong).Want(http.StatusUnauthorized, "invalid_credentials")
	c.Do(loggingInFrom(a, safariOnPhone)).Want(http.StatusOK, "")
	if got := alarms(s, a); len(got) != 1 {
		t.Errorf("%d mails: the wrong guess made the device known, or was told", len(got))
	}
	if n := s.Record().Count(fmt.Sprintf("SELECT count(*) FROM user_devices WHERE user_id = '%s'", a.ID)); n != 2 {
		t.Errorf("%d classes", n)
	}
}
