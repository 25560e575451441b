package run

import (
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/signet-auth/signet/domain"
)

// What a mail comes from, and speaks of, where nothing is said.
const (
	defaultProduct  = "Signet"
	defaultMailFrom = defaultProduct + " <no-reply@localhost.localdomain>"
)

// mailSettings are how mails go out, and what their links lead to.
type mailSettings struct {
	MailServer     string
	MailPort       int
	MailStartTLS   onOff
	MailTLS        onOff
	MailPlain      onOff
	MailUser       string
	MailPassword   domain.Secret
	MailFrom       string
	MailReplyTo    string
	MailTemplates  string
	LinkVerify     string
	LinkReset      string
	LinkEmail      string
	LinkFactorUndo string
}

func (m *mailSettings) group() group {
	page := texts("an address such as https://app.example.com/page?token={token}", isLink)
	return group{title: "Mail", settings: []setting{
		{
			name: "MAIL_SERVER", into: &m.MailServer, limit: form("a host, or host:port"), empty: "in development mails stay in the development inbox",
			text: "The mail server, by name. Empty (development): mails stay in the development inbox",
		},
		{name: "MAIL_PORT", into: &m.MailPort, empty: "465 with MAIL_USE_SSL, else 587", text: "Its port. Empty: 465 with MAIL_USE_SSL, else 587", limit: between(1, 65535)},
		{name: "MAIL_USE_TLS", into: &m.MailStartTLS, preset: "off", text: "STARTTLS, required when on"},
		{name: "MAIL_USE_SSL", into: &m.MailTLS, preset: "off", text: "TLS from the first byte on"},
		{name: "MAIL_PLAINTEXT", into: &m.MailPlain, preset: "off", text: "Send mail unencrypted. Production wants one of the three on"},
		{name: "MAIL_USERNAME", into: &m.MailUser, text: "The name by which Signet logs in to the mail server; empty: it does not"},
		{name: "MAIL_PASSWORD", into: &m.MailPassword, secret: true, text: "The password for MAIL_USERNAME"},
		{
			name: "MAIL_FROM", into: &m.MailFrom, limit: form("an address such as Example <no-reply@example.com>"), preset: defaultMailFrom, old: "MAIL_DEFAULT_SENDER",
			text: `The address that mails come from. Required in production. A name with a comma wants quotes: '"Example, Inc." <no-reply@example.com>'. Without a setting, the name in it ` +
				"is that of PRODUCT_NAME",
		},
		{name: "MAIL_REPLY_TO", into: &m.MailReplyTo, limit: form("an address such as Example <help@example.com>"), text: "Where answers go, when not to MAIL_FROM"},
		{
			name: "MAIL_TEMPLATES", into: &m.MailTemplates, limit: form("a folder"),
			text: "A folder whose templates win over the built-in ones (docs/mail-templates.md; look at them with: signet mail preview)",
		},
		{
			name: "LINK_VERIFY", into: &m.LinkVerify, limit: page, empty: "Signet's own page",
			text: "A page of yours for the link in verification mails, with {token} in it: https://app.example.com/verify?token={token}",
		},
		{
			name: "LINK_RESET", into: &m.LinkReset, limit: page, empty: "Signet's own page",
			text: "A page of yours for the link in mails that reset a password, with {token} in it; empty: Signet's own page",
		},
		{
			name: "LINK_EMAIL_CHANGE", into: &m.LinkEmail, limit: page, empty: "Signet's own page",
			text: "A page of yours for the link in mails that prove a changed address, with {token} in it; empty: Signet's own page",
		},
		{
			name: "LINK_FACTOR_UNDO", into: &m.LinkFactorUndo, limit: page, empty: "Signet's own page",
			text: "A page of yours for the link in mails about a first second factor, which undoes it, with {token} in it; empty: Signet's own page",
		},
	}}
}

// inbox tells whether mails go to the development inbox.
func (m *mailSettings) inbox() bool { return m.MailServer == "" }

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
func (c *Config) checkMail(bad func(ok bool, format string, args ...any)) {
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
}

func isLoopbackName(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// isLink takes the address of a page or of an app (app://…), and nothing that runs.
func isLink(text string) bool {
	u, err := url.Parse(strings.ReplaceAll(text, "{token}", "token"))
	return err == nil && strings.Contains(text, "{token}") && u.Scheme != "" && u.Host != "" &&
		!slices.Contains([]string{"javascript", "data", "vbscript", "file"}, u.Scheme)
}
