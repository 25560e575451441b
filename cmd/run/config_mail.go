package run

import (
	"fmt"
	"net"
	"net/mail"
	"strconv"
	"strings"

	"github.com/signet-auth/signet/domain"
)

// What a mail comes from, and speaks of, where nothing is said.
const (
	defaultProduct  = "Signet"
	defaultMailFrom = defaultProduct + " <no-reply@localhost.localdomain>"
)

// fillMail sets what depends on other settings of mail.
func (c *Config) fillMail() {
	if host, port, err := net.SplitHostPort(c.MailServer); err == nil && c.MailPort == 0 {
		if n, err := strconv.Atoi(port); err == nil {
			c.MailServer, c.MailPort = host, n
		}
	}
	if c.MailPort == 0 {
		c.MailPort = 587
		if c.MailTLS {
			c.MailPort = 465
		}
	}
	c.ProductName = domain.Line(c.ProductName)
	if c.MailFrom == defaultMailFrom && c.ProductName != defaultProduct { // a mail of Acme does not come from Signet
		c.MailFrom = (&mail.Address{Name: c.ProductName, Address: "no-reply@localhost.localdomain"}).String()
	}
}

// checkMail finds what would keep every mail from arriving. Production says how it sends: mail that goes out unencrypted, or from an address
// that nobody has, is lost without a word.
func (c *Config) checkMail() []error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, showing(fmt.Errorf(format, args...), c.given))
		}
	}
	secure := 0
	for _, on := range []onOff{c.MailStartTLS, c.MailTLS, c.MailPlain} {
		if on {
			secure++
		}
	}
	bad(secure <= 1, "MAIL_USE_TLS (STARTTLS), MAIL_USE_SSL and MAIL_PLAINTEXT exclude each other: switch one on")
	if c.Env == production && c.MailServer != "" {
		bad(secure > 0, "MAIL_USE_TLS (STARTTLS, port 587) or MAIL_USE_SSL (port 465) must be on in production; MAIL_PLAINTEXT=on sends mail that anybody on the way can read")
		bad(c.given["MAIL_FROM"] != "", "MAIL_FROM is required in production: the address that mails come from, such as Example <no-reply@example.com>")
	}
	if _, port, err := net.SplitHostPort(c.MailServer); err == nil {
		bad(false, "MAIL_SERVER names port %s, and MAIL_PORT %d: give one of them", port, c.MailPort)
	}
	encrypted := bool(c.MailStartTLS || c.MailTLS)
	bad(c.MailUser == "" || encrypted || isLoopbackName(c.MailServer), "MAIL_USERNAME needs MAIL_USE_TLS=on or MAIL_USE_SSL=on: without, the password travels in the clear")
	for name, address := range map[string]string{"MAIL_FROM": c.MailFrom, "MAIL_REPLY_TO": c.MailReplyTo} {
		_, err := mail.ParseAddress(address)
		hint := ""
		if shown, _, ok := strings.Cut(address, "<"); ok && strings.Contains(shown, ",") && !strings.Contains(shown, `"`) {
			hint = `; a name with a comma wants quotes: "Example, Inc." <no-reply@example.com>`
		}
		bad(err == nil || name == "MAIL_REPLY_TO" && address == "", "%s must be an address such as Example <no-reply@example.com>%s", name, hint)
	}
	return errs
}

func isLoopbackName(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
