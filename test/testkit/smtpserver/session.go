package smtpserver

import (
	"crypto/subtle"
	"errors"
	"io"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is one connection's state; the library calls it from one goroutine.
type session struct {
	server *Server
	conn   *smtp.Conn
	user   string
	from   string
	to     []string
}

func (s *Server) session(conn *smtp.Conn) (smtp.Session, error) {
	plain := &session{server: s, conn: conn}
	if s.options.Username == "" {
		return plain, nil
	}
	return authSession{plain}, nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.options.Username != "" && s.user == "" {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return s.server.perform(Mail, s.conn.Conn(), from)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if err := s.server.perform(Rcpt, s.conn.Conn(), to); err != nil {
		return err
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	if s.server.at(Data).drop {
		_, _ = io.ReadFull(r, make([]byte, 16))
	}
	if err := s.server.perform(Data, s.conn.Conn(), s.to[0]); err != nil {
		return err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	m := take(raw)
	m.From, m.To, m.User = s.from, s.to, s.user
	m.Encrypted = s.encrypted()
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.messages = append(s.server.messages, m)
	return nil
}

func (s *session) Reset() { s.from, s.to = "", nil }

func (s *session) Logout() error { return nil }

func (s *session) encrypted() bool {
	_, ok := s.conn.TLSConnectionState()
	return ok
}

// authSession is a session of a server with accounts; the library goes by the type.
type authSession struct{ *session }

func (s authSession) AuthMechanisms() []string { return s.server.options.Mechanisms }

func (s authSession) Auth(mechanism string) (sasl.Server, error) {
	check := func(username, password string) error {
		ok := subtle.ConstantTimeCompare([]byte(username+"\x00"+password),
			[]byte(s.server.options.Username+"\x00"+s.server.options.Password)) == 1
		s.server.mu.Lock()
		s.server.logins = append(s.server.logins, Login{mechanism, username, s.encrypted(), ok})
		s.server.mu.Unlock()
		if !ok {
			return smtp.ErrAuthFailed
		}
		s.user = username
		return nil
	}
	switch mechanism {
	case sasl.Plain:
		return sasl.NewPlainServer(func(_, username, password string) error { return check(username, password) }), nil
	case sasl.Login:
		return &loginServer{check: check}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// loginServer is the server's side of LOGIN, which the library lacks: it asks twice.
type loginServer struct {
	check    func(username, password string) error
	username string
	step     int
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.username = string(response)
		return []byte("Password:"), false, nil
	case 3:
		return nil, true, l.check(l.username, string(response))
	}
	return nil, false, errors.New("smtpserver: LOGIN has two answers")
}
