package smtpmail

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
)

// defaultTimeout bounds a delivery, from the dial on.
const defaultTimeout = 15 * time.Second

// Security is how the connection is encrypted.
type Security int

// The securities. StartTLS is mandatory: an attacker who strips the offer from the server's greeting stops the mail, but can't read it (RFC
// 8314 §3.1). TLS means TLS from the first byte on (RFC 8314 §3.3).
const (
	Plain Security = iota
	StartTLS
	TLS
)

// Options say which server sends mail, and with which sender.
type Options struct {
	Host     string
	Port     int // 0 = 25, 587 or 465, by Security
	Security Security

	// Username turns authentication on. With Plain, the host must be loopback.
	Username string
	Password domain.Secret

	// From is "name@example.com" or "Name <name@example.com>".
	From string
	// ReplyTo is the address for replies, in the same forms; empty: From.
	ReplyTo string
	// Timeout bounds one delivery; 0 = 15 s.
	Timeout time.Duration
	// Roots are the certificates to trust, nil = the system's.
	Roots *x509.CertPool
	// Now dates the mails.
	Now func() time.Time
}

// settings are options that were checked.
type settings struct {
	Options

	from    *mail.Address
	replyTo *mail.Address // nil: from
	domain  string        // of from: the right half of every Message-ID, and our name in EHLO
}

func (o Options) check() (settings, error) {
	if o.Host == "" || strings.ContainsAny(o.Host, " /\r\n\x00") {
		return settings{}, errors.New("the mail server's host is missing or no host name")
	}
	if o.Port < 0 || o.Port > 65535 {
		return settings{}, fmt.Errorf("no port %d", o.Port)
	}
	if o.Now == nil {
		return settings{}, errors.New("no clock")
	}
	if o.Username != "" && o.Security == Plain && !isLoopback(o.Host) {
		return settings{}, errors.New("a user name without TLS would send the password in the clear: use STARTTLS or TLS")
	}
	from, err := parseAddress(o.From)
	if err != nil {
		return settings{}, err
	}
	var replyTo *mail.Address
	if o.ReplyTo != "" {
		if replyTo, err = parseAddress(o.ReplyTo); err != nil {
			return settings{}, err
		}
	}
	_, host, _ := strings.Cut(from.Address, "@")
	o.Timeout = cmp.Or(o.Timeout, defaultTimeout)
	o.Port = cmp.Or(o.Port, [...]int{Plain: 25, StartTLS: 587, TLS: 465}[o.Security])
	return settings{Options: o, from: from, replyTo: replyTo, domain: host}, nil
}

func parseAddress(text string) (*mail.Address, error) {
	address, err := mail.ParseAddress(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no address", text)
	}
	_, host, _ := strings.Cut(address.Address, "@")
	if !isPlain(address.Address) || strings.Count(address.Address, "@") != 1 || strings.Contains(host, "[") || hasControl(address.Name) {
		return nil, fmt.Errorf("%q is not of the form name@example.com", text)
	}
	return address, nil
}

func (s settings) tls() *tls.Config {
	return &tls.Config{ServerName: s.Host, RootCAs: s.Roots, MinVersion: tls.VersionTLS12}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// isPlain tells whether text is printable ASCII without spaces.
func isPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f })
}
