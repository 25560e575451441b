package e2e_test

import (
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

// mailing are the settings that send mail to a server.
func mailing(mx *smtpserver.Server) map[string]string {
	return map[string]string{
		"MAIL_SERVER": mx.Host, "MAIL_PORT": strconv.Itoa(mx.Port), "MAIL_FROM": "Signet <no-reply@signet.example>", "OUTBOX_LEASE": "2s",
	}
}

// delivered waits for the first message to an address that the mail server accepted.
func delivered(s *testkit.Server, mx *smtpserver.Server, email string) smtpserver.Message {
	var found smtpserver.Message
	s.Eventually(20*time.Second, func() bool {
		for _, m := range mx.Messages() {
			if len(m.To) == 1 && strings.EqualFold(m.To[0], email) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// linkOf is the token of the link in a delivered message.
func linkOf(t *testing.T, m smtpserver.Message) string {
	t.Helper()
	const before = "/api/auth/verify-email/"
	_, rest, ok := strings.Cut(m.Text, before)
	if !ok {
		t.Fatalf("no link in\n%s", m.Text)
	}
	token, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(token)
}

func TestMailIsDeliveredBySMTP(t *testing.T) {
	t.Parallel()
	mx := smtpserver.Start(t, smtpserver.Options{})
	s := testkit.Start(t, testkit.Options{Env: mailing(mx)})
	c, email := s.Client(), testkit.NewAddress()
	c.Do(registering("U"+email[1:], testkit.Object{"first_name": "Ada"})).Want(http.StatusCreated, "")
	m := delivered(s, mx, email)
	if m.Err != nil || m.From != "no-reply@signet.example" || m.To[0] != "U"+email[1:] || m.Header.Get("From") != `"Signet" <no-reply@signet.example>` {
		t.Errorf("the message is from %q (%q) to %q, error %v", m.From, m.Header.Get("From"), m.To, m.Err)
	}
	if !strings.Contains(m.Text, "Ada") || !strings.Contains(m.HTML, linkOf(t, m)) || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("the message lacks the name, the link or what marks it as a machine's:\n%s", m.Raw)
	}
	c.Do(proving(linkOf(t, m))).Want(http.StatusOK, "")
}

// TestAMailServerNeverShowsInAnAnswer holds a server that is away, silent, slow or rude against the answers of one that works.
func TestAMailServerNeverShowsInAnAnswer(t *testing.T) {
	t.Parallel()
	ill := map[string]func(mx *smtpserver.Server){
		"silent":            func(mx *smtpserver.Server) { mx.Hang(smtpserver.Greeting) },
		"silent at the end": func(mx *smtpserver.Server) { mx.Hang(smtpserver.Data) },
		"slow":              func(mx *smtpserver.Server) { mx.Delay(smtpserver.Mail, time.Minute) },
		"hanging up":        func(mx *smtpserver.Server) { mx.Drop(smtpserver.Greeting) },
		"busy":              func(mx *smtpserver.Server) { mx.Reject(smtpserver.Mail, 451, [3]int{4, 3, 0}, "try again") },
		"refusing":          func(mx *smtpserver.Server) { mx.Reject(smtpserver.Rcpt, 550, [3]int{5, 1, 1}, "no such user") },
		"not there":         nil,
	}
	healthy := testkit.Start(t, testkit.Options{Env: mailing(smtpserver.Start(t, smtpserver.Options{}))})
	registered := normalised(healthy.Client().Do(registering(testkit.NewAddress())))
	resent := normalised(healthy.Client().Do(resending(testkit.NewAddress())))
	for name, befall := range ill {
		t.Run(name, func(t *testing.T) {
			mx := smtpserver.Start(t, smtpserver.Options{})
			env := mailing(mx)
			if befall == nil {
				env["MAIL_PORT"] = strconv.Itoa(closedPort(t))
			} else {
				befall(mx)
			}
			s := testkit.Start(t, testkit.Options{Env: env})
			c := s.Client()
			for range 6 { // more than there are workers to hang
				email := testkit.NewAddress()
				for _, ask := range []struct {
					request testkit.Request
					want    string
				}{{registering(email), registered}, {resending(email), resent}} {
					answer := c.Do(ask.request)
					if diff := cmp.Diff(ask.want, normalised(answer)); diff != "" {
						t.Errorf("%s (-healthy +%s):\n%s", ask.request.Path, name, diff)
					}
					if answer.Took > 3*time.Second { // one delivery alone would wait for 15
						t.Errorf("%s took %s", ask.request.Path, answer.Took)
					}
				}
			}
			c.Do(testkit.Request{Path: "/readyz"}).Want(http.StatusOK, "")
		})
	}
}

// closedPort is a port that nobody listens on.
func closedPort(t *testing.T) int {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestAMailThatFails(t *testing.T) {
	t.Parallel()
	t.Run("for now is sent later", func(t *testing.T) {
		mx := smtpserver.Start(t, smtpserver.Options{})
		s := testkit.Start(t, testkit.Options{Env: mailing(mx)})
		record, email := s.Record(), testkit.NewAddress()
		mx.Reject(smtpserver.Rcpt, 451, [3]int{4, 7, 1}, "greylisted")
		s.Client().Do(registering(email)).Want(http.StatusCreated, "")
		failed := func() bool {
			return record.Count("SELECT count(*) FROM outbox WHERE topic LIKE 'mail.%' AND last_error <> '' AND delivered_at IS NULL AND parked_at IS NULL") == 1
		}
		s.Eventually(15*time.Second, failed)
		mx.Accept()
		s.Move(time.Minute)
		s.Client().Do(proving(linkOf(t, delivered(s, mx, email)))).Want(http.StatusOK, "")
		s.Settled()
		if n := len(mx.Messages()); n != 1 {
			t.Errorf("%d messages", n)
		}
		checkBlanked(t, s)
	})

	t.Run("for good is parked, and the next one goes out", func(t *testing.T) {
		mx := smtpserver.Start(t, smtpserver.Options{})
		s := testkit.Start(t, testkit.Options{Env: mailing(mx)})
		record, email := s.Record(), testkit.NewAddress()
		mx.Reject(smtpserver.Rcpt, 550, [3]int{5, 1, 1}, "no such user")
		s.Client().Do(registering(email)).Want(http.StatusCreated, "")
		s.Eventually(15*time.Second, func() bool { return record.Count("SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL") == 1 })
		if why := record.Text("SELECT last_error FROM outbox WHERE parked_at IS NOT NULL"); !strings.Contains(why, "550") || strings.Contains(why, email) {
			t.Errorf("the reason kept is %q: it lacks the reply, or has the address that the server repeated", why)
		}
		if strings.Contains(s.Log.String(), email) || !strings.Contains(s.Log.String(), `"parked":true`) {
			t.Errorf("the log does not tell of the mail, or tells the address:\n%s", s.Log)
		}
		checkBlanked(t, s)
		mx.Accept()
		s.Move(time.Hour)
		other := testkit.NewAddress()
		s.Client().Do(registering(other)).Want(http.StatusCreated, "")
		delivered(s, mx, other)
		s.Settled()
		if n := len(mx.Messages()); n != 1 {
			t.Errorf("%d messages: the parked one was sent too", n)
		}
	})

	t.Run("until its secret has expired is given up", func(t *testing.T) {
		mx := smtpserver.Start(t, smtpserver.Options{})
		s := testkit.Start(t, testkit.Options{Env: mailing(mx)})
		record := s.Record()
		mx.Reject(smtpserver.Rcpt, 451, [3]int{4, 7, 1}, "greylisted")
		s.Client().Do(registering(testkit.NewAddress())).Want(http.StatusCreated, "")
		s.Eventually(15*time.Second, func() bool { return record.Count("SELECT count(*) FROM outbox WHERE last_error <> ''") == 1 })
		mx.Accept()
		s.Move(24 * time.Hour)
		s.Settled()
		if n := len(mx.Messages()) + record.Count("SELECT count(*) FROM outbox WHERE topic LIKE 'mail.%' AND delivered_at IS NOT NULL"); n != 0 {
			t.Errorf("a mail with a dead link was sent")
		}
		checkBlanked(t, s)
	})
}

// checkBlanked checks that messages that are done, one way or the other, keep nothing of what they carried.
func checkBlanked(t *testing.T, s *testkit.Server) {
	t.Helper()
	s.Settled()
	if n := s.Record().Count("SELECT count(*) FROM outbox WHERE payload IS NOT NULL"); n != 0 {
		t.Errorf("%d messages that are done keep their payload", n)
	}
}

// TestAnUntrustedMailServerGetsNothing is about who strips STARTTLS or shows a certificate of his own: the mail waits, and
// neither it nor the password is his to read.
func TestAnUntrustedMailServerGetsNothing(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		offers smtpserver.Security
		env    map[string]string
	}{
		"STARTTLS is not offered":           {smtpserver.Plain, map[string]string{"MAIL_USE_TLS": "true"}},
		"the certificate of STARTTLS":       {smtpserver.StartTLS, map[string]string{"MAIL_USE_TLS": "true"}},
		"the certificate of TLS from start": {smtpserver.TLS, map[string]string{"MAIL_USE_SSL": "true"}},
		"no TLS where it should be":         {smtpserver.Plain, map[string]string{"MAIL_USE_SSL": "true"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mx := smtpserver.Start(t, smtpserver.Options{Security: row.offers, Username: "signet", Password: "the password for mail"})
			env := mailing(mx)
			env["MAIL_USERNAME"], env["MAIL_PASSWORD"] = "signet", "the password for mail"
			maps.Copy(env, row.env)
			s := testkit.Start(t, testkit.Options{Env: env})
			s.Client().Do(registering(testkit.NewAddress())).Want(http.StatusCreated, "")
			record := s.Record()
			s.Eventually(15*time.Second, func() bool {
				return record.Count("SELECT count(*) FROM outbox WHERE last_error <> '' AND parked_at IS NULL AND delivered_at IS NULL") == 1
			})
			if logins, messages := mx.Logins(), mx.Messages(); len(logins)+len(messages) > 0 {
				t.Errorf("the server got %d logins and %d messages", len(logins), len(messages))
			}
			if strings.Contains(s.Log.String(), "the password for mail") {
				t.Error("the log has the password")
			}
		})
	}
}

// TestZitadelCVE202564101LinksComeFromPublicURLOnly sends every header by which a request says where we are reached (Zitadel
// CVE-2025-64101, GHSA-2wmj, GHSA-93m4): a link made of one carries the victim's secret to its sender.
func TestZitadelCVE202564101LinksComeFromPublicURLOnly(t *testing.T) {
	t.Parallel()
	const evil = "evil.example"
	poison := http.Header{
		"Host": {evil}, "X-Forwarded-Host": {evil}, "X-Forwarded-Proto": {"http"}, "X-Forwarded-Server": {evil}, "X-Forwarded-Port": {"666"},
		"X-Forwarded-Prefix": {"/evil"}, "X-Forwarded-For": {"192.0.2.66"}, "Forwarded": {"for=192.0.2.66;host=" + evil + ";proto=http"},
		"X-Host": {evil}, "X-Original-Host": {evil}, "X-Original-Url": {"http://" + evil + "/"}, "X-Rewrite-Url": {"http://" + evil + "/"},
		"X-Http-Host-Override": {evil}, "Origin": {"http://" + evil}, "Referer": {"http://" + evil + "/"}, "X-Zitadel-Forward-Host": {evil},
	}
	for name, row := range map[string]struct {
		env  map[string]string
		link func(s *testkit.Server, token string) string
	}{
		"the configured address": {
			map[string]string{"PUBLIC_URL": "https://auth.signet.example/base"},
			func(_ *testkit.Server, token string) string {
				return "https://auth.signet.example/base/api/auth/verify-email/" + token
			},
		},
		"behind a trusted proxy": {
			map[string]string{"PUBLIC_URL": "https://auth.signet.example", "TRUSTED_PROXIES": "127.0.0.0/8"},
			func(_ *testkit.Server, token string) string {
				return "https://auth.signet.example/api/auth/verify-email/" + token
			},
		},
		"a front end's template": {
			map[string]string{"LINK_VERIFY": "https://app.signet.example/welcome?lang=en#{token}"},
			func(_ *testkit.Server, token string) string {
				return "https://app.signet.example/welcome?lang=en#" + token
			},
		},
		"nothing configured": {
			nil,
			func(s *testkit.Server, token string) string {
				return "http://localhost:" + s.URL[strings.LastIndexByte(s.URL, ':')+1:] + "/api/auth/verify-email/" + token
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.Start(t, testkit.Options{Env: row.env})
			c, email := s.Client(), testkit.NewAddress()
			for i, request := range []testkit.Request{registering(email), resending(email)} {
				request.Header = poison.Clone()
				if answer := c.Do(request); answer.Status >= 300 || strings.Contains(string(answer.Body), evil) {
					t.Errorf("answer %d %s", answer.Status, answer.Body)
				}
				m := s.Mail(email, i+1)
				token := m.Links[0][strings.LastIndexAny(m.Links[0], "/#")+1:]
				if want := row.link(s, token); len(m.Links) != 1 || m.Links[0] != want {
					t.Errorf("links %q, want %q", m.Links, want)
				}
				if strings.Contains(m.Text+m.HTML+m.Subject, evil) {
					t.Errorf("the mail names the attacker's host:\n%s", m.Text)
				}
			}
		})
	}
}
