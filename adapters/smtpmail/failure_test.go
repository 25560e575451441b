package smtpmail_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/smtpmail"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

func isPermanent(err error) bool { return errors.Is(err, mailer.ErrPermanent) }

// discreet fails the test when an error tells an address, the content or a password.
func discreet(t *testing.T, err error) {
	t.Helper()
	for _, secret := range []string{"@", "Ada", "s3cr3t", "Confirm", "p4ssw0rd", "echoed"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
}

func TestReplies(t *testing.T) {
	for _, row := range []struct {
		fact      string
		stage     smtpserver.Stage
		code      int
		enhanced  [3]int
		permanent bool
		tells     string
	}{
		{"an unknown mailbox is for good", smtpserver.Rcpt, 550, [3]int{5, 1, 1}, true, "550 5.1.1 to RCPT"},
		{"a refused sender is for good", smtpserver.Mail, 553, [3]int{5, 1, 8}, true, "553 5.1.8 to MAIL"},
		{"refused content is for good", smtpserver.Data, 554, [3]int{5, 7, 1}, true, "554 5.7.1 to the end of DATA"},
		{"greylisting is temporary", smtpserver.Rcpt, 450, [3]int{4, 7, 1}, false, "450 4.7.1 to RCPT"},
		{"a full mailbox may be emptied", smtpserver.Rcpt, 452, [3]int{4, 2, 2}, false, "452 4.2.2 to RCPT"},
		{"a busy server is temporary", smtpserver.Mail, 421, [3]int{4, 3, 2}, false, "421 4.3.2 to MAIL"},
		{"trouble with content is temporary", smtpserver.Data, 451, [3]int{4, 3, 0}, false, "451 4.3.0 to the end of DATA"},
		{"a demand for authentication is the operator's to mend", smtpserver.Mail, 530, [3]int{5, 7, 0}, false, "530 5.7.0 to MAIL"},
	} {
		t.Run(row.fact, func(t *testing.T) {
			server := smtpserver.Start(t, smtpserver.Options{})
			server.Reject(row.stage, row.code, row.enhanced, "echoed: no such user")
			transport := transport(t, options(server))
			err := transport.Send(t.Context(), message(t))
			if err == nil || isPermanent(err) != row.permanent {
				t.Fatalf("error = %v, permanent = %v, want %v", err, isPermanent(err), row.permanent)
			}
			if !strings.Contains(err.Error(), row.tells) {
				t.Errorf("error = %v, want it to tell %q", err, row.tells)
			}
			discreet(t, err)

			server.Accept()
			if err := transport.Send(t.Context(), message(t)); err != nil {
				t.Errorf("the next mail fails too: %v", err)
			}
		})
	}
}

func TestServersThatGoAway(t *testing.T) {
	t.Parallel()
	for _, stage := range []smtpserver.Stage{smtpserver.Greeting, smtpserver.Mail, smtpserver.Rcpt, smtpserver.Data} {
		t.Run("a connection closed at "+string(stage)+" is temporary", func(t *testing.T) {
			t.Parallel()
			server := smtpserver.Start(t, smtpserver.Options{})
			server.Drop(stage)
			err := transport(t, options(server)).Send(t.Context(), message(t))
			if err == nil || isPermanent(err) {
				t.Fatalf("error = %v", err)
			}
			discreet(t, err)
		})

		t.Run("a server that hangs at "+string(stage)+" is given up after the timeout", func(t *testing.T) {
			t.Parallel()
			server := smtpserver.Start(t, smtpserver.Options{})
			server.Hang(stage)
			o := options(server)
			o.Timeout = 200 * time.Millisecond
			start := time.Now()
			err := transport(t, o).Send(t.Context(), message(t))
			if !errors.Is(err, context.DeadlineExceeded) || isPermanent(err) {
				t.Errorf("error = %v", err)
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
		})

		t.Run("a cancelled caller does not wait for a server that hangs at "+string(stage), func(t *testing.T) {
			t.Parallel()
			server := smtpserver.Start(t, smtpserver.Options{})
			server.Hang(stage)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(50*time.Millisecond, cancel)
			start := time.Now()
			if err := transport(t, options(server)).Send(ctx, message(t)); !errors.Is(err, context.Canceled) {
				t.Errorf("error = %v", err)
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}

	t.Run("a slow server is waited for", func(t *testing.T) {
		server := smtpserver.Start(t, smtpserver.Options{})
		for _, stage := range []smtpserver.Stage{smtpserver.Mail, smtpserver.Rcpt, smtpserver.Data} {
			server.Delay(stage, 50*time.Millisecond)
		}
		if err := transport(t, options(server)).Send(t.Context(), message(t)); err != nil {
			t.Error(err)
		}
	})

	t.Run("nobody listening is temporary", func(t *testing.T) {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := listener.Addr().(*net.TCPAddr).Port
		_ = listener.Close()
		err = transport(t, options(&smtpserver.Server{Host: "127.0.0.1", Port: port})).Send(t.Context(), message(t))
		if err == nil || isPermanent(err) || !strings.Contains(err.Error(), "refused") {
			t.Errorf("error = %v", err)
		}
	})
}

func TestTLS(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		fact   string
		server smtpserver.Security
		client smtpmail.Security
		roots  bool
		tells  string
	}{
		{"STARTTLS that is not offered is not done without", smtpserver.Plain, smtpmail.StartTLS, true, "STARTTLS"},
		{"a certificate nobody vouches for is refused with STARTTLS", smtpserver.StartTLS, smtpmail.StartTLS, false, "not trusted"},
		{"a certificate nobody vouches for is refused with TLS", smtpserver.TLS, smtpmail.TLS, false, "not trusted"},
		{"TLS against a plain port says so", smtpserver.Plain, smtpmail.TLS, true, "MAIL_USE_TLS"},
		{"STARTTLS against a port that waits for TLS says so", smtpserver.TLS, smtpmail.StartTLS, true, "MAIL_USE_SSL"},
		{"plain text against a port that waits for TLS says so", smtpserver.TLS, smtpmail.Plain, true, "MAIL_USE_SSL"},
	} {
		t.Run(row.fact, func(t *testing.T) {
			t.Parallel()
			server := smtpserver.Start(t, smtpserver.Options{Security: row.server})
			o := options(server)
			o.Security = row.client
			if !row.roots {
				o.Roots = nil
			}
			o.Timeout = time.Minute
			err := transport(t, o).Send(t.Context(), message(t))
			if err == nil || isPermanent(err) || !strings.Contains(err.Error(), row.tells) {
				t.Errorf("error = %v, want a temporary one that tells %q", err, row.tells)
			}
			if n := len(server.Messages()); n != 0 {
				t.Errorf("%d mails went out", n)
			}
		})
	}
}

func TestAuthentication(t *testing.T) {
	accounts := func(security smtpserver.Security, mechanisms ...string) smtpserver.Options {
		return smtpserver.Options{Security: security, Username: "signet", Password: "p4ssw0rd", Mechanisms: mechanisms}
	}
	for _, row := range []struct {
		fact      string
		server    smtpserver.Options
		client    smtpmail.Security
		mechanism string
	}{
		{"PLAIN is used where both are offered", accounts(smtpserver.StartTLS, "LOGIN", "PLAIN"), smtpmail.StartTLS, "PLAIN"},
		{"LOGIN is used where it is all there is", accounts(smtpserver.TLS, "LOGIN"), smtpmail.TLS, "LOGIN"},
		{"loopback does without encryption", accounts(smtpserver.Plain), smtpmail.Plain, "PLAIN"},
	} {
		t.Run(row.fact, func(t *testing.T) {
			server := smtpserver.Start(t, row.server)
			o := options(server)
			o.Security, o.Username, o.Password = row.client, "signet", domain.NewSecret("p4ssw0rd")
			if err := transport(t, o).Send(t.Context(), message(t)); err != nil {
				t.Fatal(err)
			}
			if got := only(t, server); got.User != "signet" {
				t.Errorf("sent as %q", got.User)
			}
			want := smtpserver.Login{Mechanism: row.mechanism, Username: "signet", Encrypted: row.client != smtpmail.Plain, Accepted: true}
			if logins := server.Logins(); len(logins) != 1 || logins[0] != want {
				t.Errorf("logins = %+v, want %+v", logins, want)
			}
		})
	}

	t.Run("a wrong password is the operator's to mend", func(t *testing.T) {
		server := smtpserver.Start(t, accounts(smtpserver.StartTLS))
		o := options(server)
		o.Security, o.Username, o.Password = smtpmail.StartTLS, "signet", domain.NewSecret("old p4ssw0rd")
		err := transport(t, o).Send(t.Context(), message(t))
		if err == nil || isPermanent(err) || !strings.Contains(err.Error(), "535") {
			t.Fatalf("error = %v", err)
		}
		discreet(t, err)
	})

	t.Run("a server without a mechanism that we speak gets no password", func(t *testing.T) {
		server := smtpserver.Start(t, accounts(smtpserver.StartTLS, "XOAUTH2"))
		o := options(server)
		o.Security, o.Username, o.Password = smtpmail.StartTLS, "signet", domain.NewSecret("p4ssw0rd")
		err := transport(t, o).Send(t.Context(), message(t))
		if err == nil || isPermanent(err) || !strings.Contains(err.Error(), "AUTH PLAIN") {
			t.Errorf("error = %v", err)
		}
		if logins := server.Logins(); len(logins) != 0 {
			t.Errorf("logins = %+v", logins)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	good := smtpmail.Options{Host: "mail.example.com", From: "no-reply@example.com", Now: time.Now}
	if _, err := smtpmail.New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*smtpmail.Options){
		"no host":                            func(o *smtpmail.Options) { o.Host = "" },
		"a host of two lines":                func(o *smtpmail.Options) { o.Host = "a\r\nb" },
		"a socket":                           func(o *smtpmail.Options) { o.Host = "unix:///tmp/x" },
		"a port out of range":                func(o *smtpmail.Options) { o.Port = 70000 },
		"no clock":                           func(o *smtpmail.Options) { o.Now = nil },
		"no sender":                          func(o *smtpmail.Options) { o.From = "" },
		"a sender that is no address":        func(o *smtpmail.Options) { o.From = "Signet" },
		"two senders":                        func(o *smtpmail.Options) { o.From = "a@example.com, b@example.com" },
		"a sender with headers in its name":  func(o *smtpmail.Options) { o.From = "\"x\r\nBcc: all@example.com\" <a@example.com>" },
		"a sender that needs SMTPUTF8":       func(o *smtpmail.Options) { o.From = "grüße@example.com" },
		"a sender with a quoted local part":  func(o *smtpmail.Options) { o.From = `"a b"@example.com` },
		"a sender at an address literal":     func(o *smtpmail.Options) { o.From = "a@[192.0.2.1]" },
		"a password that would go unsealed":  func(o *smtpmail.Options) { o.Username = "signet" },
		"the same to an address, not a name": func(o *smtpmail.Options) { o.Username, o.Host = "signet", "192.0.2.1" },
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			change(&o)
			if _, err := smtpmail.New(o); err == nil {
				t.Error("no error")
			}
		})
	}
}

// Check does all of a delivery but the mail.
func TestCheck(t *testing.T) {
	t.Run("a server that takes the password", func(t *testing.T) {
		server := smtpserver.Start(t, smtpserver.Options{Security: smtpserver.StartTLS, Username: "signet", Password: "p4ssw0rd"})
		o := options(server)
		o.Security, o.Username, o.Password = smtpmail.StartTLS, "signet", domain.NewSecret("p4ssw0rd")
		if err := transport(t, o).Check(t.Context()); err != nil || len(server.Logins()) != 1 || len(server.Messages()) != 0 {
			t.Errorf("error = %v, %d logins", err, len(server.Logins()))
		}
		o.Password = domain.NewSecret("p4ssw0rd of another")
		err := transport(t, o).Check(t.Context())
		if err == nil || !strings.Contains(smtpmail.Advice(err), "MAIL_PASSWORD") {
			t.Fatalf("error = %v, advice %q", err, smtpmail.Advice(err))
		}
		discreet(t, err)
	})
	t.Run("one that nobody vouches for", func(t *testing.T) {
		server := smtpserver.Start(t, smtpserver.Options{Security: smtpserver.TLS})
		o := options(server)
		o.Security, o.Roots = smtpmail.TLS, nil
		if err := transport(t, o).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "not trusted") {
			t.Errorf("error = %v", err)
		}
	})
}
