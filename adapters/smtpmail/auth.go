package smtpmail

import (
	"errors"
	"slices"

	"github.com/wneessen/go-mail/smtp"
)

var (
	errUnencrypted = errors.New("smtpmail: the connection is not encrypted: the password stays here")
	errNoMechanism = errors.New("smtpmail: the server offers neither AUTH PLAIN nor AUTH LOGIN")
)

// auth picks PLAIN (RFC 4616), else LOGIN. On an unencrypted connection the server's offer may be an attacker's, so the password is sent
// only under TLS, or to this machine itself.
type auth struct {
	settings

	smtp.Auth
}

func (a *auth) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS && !isLoopback(a.Host) {
		return "", nil, errUnencrypted
	}
	switch {
	case slices.Contains(server.Auth, "PLAIN"):
		a.Auth = smtp.PlainAuth("", a.Username, a.Password.Reveal(), a.Host, true)
	case slices.Contains(server.Auth, "LOGIN"):
		a.Auth = smtp.LoginAuth(a.Username, a.Password.Reveal(), a.Host, true)
	default:
		return "", nil, errNoMechanism
	}
	return a.Auth.Start(server)
}
