package smtpserver

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Security is how a connection is encrypted.
type Security int

// The securities. StartTLS offers it and does without; TLS speaks nothing else.
const (
	Plain Security = iota
	StartTLS
	TLS
)

// Stage is a moment of a delivery.
type Stage string

// The stages. Greeting is before the server's first word; Data is while the content arrives, with the reply to its end.
const (
	Greeting Stage = "greeting"
	Mail     Stage = "MAIL"
	Rcpt     Stage = "RCPT"
	Data     Stage = "DATA"
)

// Options of a server.
type Options struct {
	Security Security
	// Username asks for authentication before MAIL when it is not empty; it is offered without encryption too, as careless
	// servers do.
	Username, Password string
	// Mechanisms are offered in this order; default PLAIN and LOGIN.
	Mechanisms []string
}

// Server is a running server. It is safe for concurrent use.
type Server struct {
	Host string
	Port int
	// Roots trust the server's certificate, which is valid for 127.0.0.1 and localhost.
	Roots *x509.CertPool
	// PEM is that certificate, for programs that read the ones to trust from a file.
	PEM []byte

	options Options
	quit    chan struct{} // closed when the test ends

	mu       sync.Mutex
	acts     map[Stage]act
	messages []Message
	logins   []Login
	held     []net.Conn
}

// Login is one attempt to authenticate.
type Login struct {
	Mechanism string
	Username  string
	Encrypted bool
	Accepted  bool
}

// act is what happens at a stage instead of going on.
type act struct {
	reply *smtp.SMTPError
	hang  bool
	drop  bool
	delay time.Duration
}

// Start runs a server that accepts everything.
func Start(tb testing.TB, options Options) *Server {
	tb.Helper()
	if options.Mechanisms == nil {
		options.Mechanisms = []string{"PLAIN", "LOGIN"}
	}
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("smtpserver: %v", err)
	}
	cert, roots := certificate(tb)
	s := &Server{
		Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Roots: roots,
		PEM:     pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
		options: options, quit: make(chan struct{}), acts: map[Stage]act{},
	}
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain = "mx.example.test"
	server.AllowInsecureAuth = true
	server.ErrorLog = log.New(io.Discard, "", 0)
	front := net.Listener(&doorman{listener, s})
	config := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	switch options.Security {
	case StartTLS:
		server.TLSConfig = config
	case TLS:
		front = tls.NewListener(front, config)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(front) })
	tb.Cleanup(func() {
		close(s.quit)
		_ = server.Close()
		_ = listener.Close()
		s.mu.Lock()
		for _, conn := range s.held {
			_ = conn.Close()
		}
		s.mu.Unlock()
		serving.Wait()
	})
	return s
}

// Messages lists what was accepted, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Logins lists the attempts to authenticate.
func (s *Server) Logins() []Login {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.logins)
}

// Accept goes back to accepting everything.
func (s *Server) Accept() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.acts)
}

// Reject answers a stage with a reply such as 550, {5, 1, 1}. The text is followed by the recipient's address, which real
// servers like to repeat.
func (s *Server) Reject(at Stage, code int, enhanced [3]int, text string) {
	s.set(at, act{reply: &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode(enhanced), Message: text}})
}

// Hang says nothing more from a stage on, and keeps the connection open.
func (s *Server) Hang(at Stage) { s.set(at, act{hang: true}) }

// Drop closes the connection at a stage; at Data in the midst of the content.
func (s *Server) Drop(at Stage) { s.set(at, act{drop: true}) }

// Delay waits before it goes on.
func (s *Server) Delay(at Stage, d time.Duration) { s.set(at, act{delay: d}) }

func (s *Server) set(at Stage, a act) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acts[at] = a
}

func (s *Server) at(stage Stage) act {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.acts[stage]
}

// perform does what was asked for at a stage.
func (s *Server) perform(stage Stage, conn net.Conn, address string) error {
	a := s.at(stage)
	switch {
	case a.delay > 0:
		select {
		case <-time.After(a.delay):
		case <-s.quit:
		}
	case a.hang:
		<-s.quit
	case a.drop:
		_ = conn.Close()
		return io.ErrClosedPipe
	case a.reply != nil:
		reply := *a.reply
		reply.Message += " <" + address + ">"
		return &reply
	}
	return nil
}

// doorman lets connections in, or not, before the server has said a word.
type doorman struct {
	net.Listener

	server *Server
}

func (d *doorman) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		switch a := d.server.at(Greeting); {
		case a.hang:
			d.server.mu.Lock()
			d.server.held = append(d.server.held, conn)
			d.server.mu.Unlock()
		case a.drop:
			_ = conn.Close()
		default:
			return conn, nil
		}
	}
}
