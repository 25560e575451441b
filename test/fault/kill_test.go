package fault_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

// TestKilledBetweenCommitAndMail kills the server after it has acknowledged registrations and before their mails are out,
// at each place where a mail can be then. None may be lost.
func TestKilledBetweenCommitAndMail(t *testing.T) {
	for name, at := range map[string]smtpserver.Stage{
		"while it waits for the mail server's greeting": smtpserver.Greeting,
		"while it names the recipient":                  smtpserver.Rcpt,
		"while the mail server thinks about the mail":   smtpserver.Data,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mx := smtpserver.Start(t, smtpserver.Options{})
			mx.Hang(at)
			env := settings(t, mx)
			first := start(t, env)
			var emails []string
			for i := range 12 { // three times as many as there are workers: some mails are not even written yet
				emails = append(emails, fmt.Sprintf("user%d@example.com", i))
				first.register(emails[i])
			}
			first.kill()
			if n := len(mx.Messages()); n > 0 {
				t.Fatalf("%d mails were out before the kill", n)
			}
			mx.Accept()

			second := start(t, env)
			for _, email := range emails {
				eventually(t, "the mail to "+email, func() bool { return len(messagesTo(mx, email)) > 0 })
				if status, body := second.post("/api/auth/verify-email", map[string]string{"token": link(t, messagesTo(mx, email)[0])}); status != http.StatusOK {
					t.Errorf("the link to %s answers %d %s", email, status, body)
				}
				for _, m := range messagesTo(mx, email)[1:] { // one whose answer was too late is sent again, as the same mail
					if first := messagesTo(mx, email)[0]; m.Header.Get("Message-Id") != first.Header.Get("Message-Id") {
						t.Errorf("two different mails to %s", email)
					}
				}
			}
		})
	}
}

// TestKilledBetweenMailAndSettling is the one moment at which a mail may go out twice: the mail server has it, and the server
// dies before it could write that down. Both carry one Message-ID, so mail programs show one.
func TestKilledBetweenMailAndSettling(t *testing.T) {
	mx := smtpserver.Start(t, smtpserver.Options{})
	env := settings(t, mx)
	running := start(t, env)
	sent := map[string]int{}
	for i := range 8 {
		email := fmt.Sprintf("user%d@example.com", i)
		running.register(email)
		eventually(t, "the mail to "+email, func() bool { return len(messagesTo(mx, email)) > 0 })
		running.kill() // at once: now and then before it was settled
		running = start(t, env)
	}
	running.register("last@example.com")
	eventually(t, "the last mail", func() bool { return len(messagesTo(mx, "last@example.com")) > 0 })
	for _, m := range mx.Messages() {
		id := m.Header.Get("Message-Id")
		if id == "" {
			t.Fatalf("a mail has no Message-ID:\n%s", m.Raw)
		}
		sent[m.To[0]+" "+id]++
	}
	if len(sent) != 9 {
		t.Errorf("%d different mails for 9 addresses: %v", len(sent), sent)
	}
}

// TestKilledWhileServing kills the server under writes: what it acknowledged is there, and the data folder is free again.
func TestKilledWhileServing(t *testing.T) {
	mx := smtpserver.Start(t, smtpserver.Options{})
	env := settings(t, mx)
	running := start(t, env)
	for round := range 4 {
		email := fmt.Sprintf("user%d@example.com", round)
		running.register(email)
		eventually(t, "the mail to "+email, func() bool { return len(messagesTo(mx, email)) > 0 })
		status, body := running.post("/api/auth/verify-email", map[string]string{"token": link(t, messagesTo(mx, email)[0])})
		if status != http.StatusOK {
			t.Fatalf("verify answers %d %s", status, body)
		}
		running.kill()
		running = start(t, env)
		for known := range round + 1 {
			if status, body := running.post("/api/auth/login", map[string]string{"email": fmt.Sprintf("user%d@example.com", known), "password": password}); status != http.StatusOK {
				t.Errorf("after kill %d user%d gets %d %s", round, known, status, body)
			}
		}
		if status, body := running.post("/api/auth/verify-email", map[string]string{"token": link(t, messagesTo(mx, email)[0])}); status != http.StatusBadRequest {
			t.Errorf("a used link answers %d %s after the kill", status, body)
		}
	}
}
