package e2e_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit/smtpserver"
)

func TestMailTest(t *testing.T) {
	t.Parallel()
	mx := smtpserver.Start(t, smtpserver.Options{Username: "signet", Password: "p4ssw0rd"})
	env := mailing(mx)
	maps.Copy(env, map[string]string{"MAIL_USERNAME": "signet", "MAIL_PASSWORD": "p4ssw0rd", "PORT": "none of its business", "PRODUCT_NAME": "Acme"})
	signet(t, env, "", "mail", "test", "ada@example.com").want(t, 0, mx.Host, "took the mail to ada@example.com")
	if got := mx.Messages(); len(got) != 1 || got[0].To[0] != "ada@example.com" || !strings.Contains(got[0].Subject, "Acme") {
		t.Errorf("%+v", got)
	}
	mx.Reject(smtpserver.Rcpt, 554, [3]int{5, 7, 1}, "relay access denied")
	signet(t, env, "", "mail", "test", "ada@example.com").want(t, 1, "554 5.7.1 to RCPT", "relays no mail")
	mx.Reject(smtpserver.Mail, 553, [3]int{5, 1, 8}, "who are you")
	signet(t, env, "", "mail", "test", "ada@example.com").want(t, 1, "553", "MAIL_FROM")
	mx.Accept()
	env["MAIL_PASSWORD"] = "of another"
	if refused := signet(t, env, "", "mail", "test", "ada@example.com").want(t, 1, "MAIL_PASSWORD"); strings.Count(refused.Err, "\n") != 1 {
		t.Errorf("several lines:\n%s", refused.Err)
	}
	signet(t, env, "", "mail", "test", "ada@@example.com").want(t, 1, "valid email address")
	signet(t, nil, "", "mail", "test", "ada@example.com").want(t, 1, "MAIL_SERVER is not set")
	env["MAIL_PORT"] = "1"
	signet(t, env, "", "mail", "test", "ada@example.com").want(t, 1, "port 1 did not take the mail", "refused")
}
