package fault_test

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

// TestMailOverTLSWithAPassword sends mail through the settings to a server whose certificate the machine trusts. It is a
// process because the certificates to trust are read from the machine, once per process.
func TestMailOverTLSWithAPassword(t *testing.T) {
	const username, secret = "signet@signet.example", "the password for the mail server"
	for name, row := range map[string]struct {
		security   smtpserver.Security
		mechanisms []string
		setting    string
	}{
		"STARTTLS":                  {smtpserver.StartTLS, nil, "MAIL_USE_TLS=true"},
		"TLS from the first byte":   {smtpserver.TLS, nil, "MAIL_USE_SSL=true"},
		"a server that knows LOGIN": {smtpserver.StartTLS, []string{"LOGIN"}, "MAIL_USE_TLS=true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mx := smtpserver.Start(t, smtpserver.Options{Security: row.security, Username: username, Password: secret, Mechanisms: row.mechanisms})
			dir := t.TempDir()
			roots, password := filepath.Join(dir, "roots.pem"), filepath.Join(dir, "password")
			for path, content := range map[string][]byte{roots: mx.PEM, password: []byte(secret + "\n")} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			env := settings(t, mx, row.setting, "MAIL_USERNAME="+username, "MAIL_PASSWORD_FILE="+password, "SSL_CERT_FILE="+roots, "SSL_CERT_DIR="+dir)
			p := start(t, env)
			p.register("ada@example.com")
			eventually(t, "the mail", func() bool { return len(mx.Messages()) > 0 })
			m := mx.Messages()[0]
			if !m.Encrypted || m.User != username {
				t.Errorf("the mail came encrypted %v from %q", m.Encrypted, m.User)
			}
			mechanism := "PLAIN"
			if row.mechanisms != nil {
				mechanism = row.mechanisms[0]
			}
			if diff := cmp.Diff([]smtpserver.Login{{Mechanism: mechanism, Username: username, Encrypted: true, Accepted: true}}, mx.Logins()); diff != "" {
				t.Errorf("logins (-want +got):\n%s", diff)
			}
			if status, body := p.post("/api/auth/verify-email", map[string]string{"token": link(t, m)}); status != http.StatusOK {
				t.Errorf("the link answers %d %s", status, body)
			}
		})
	}
}
