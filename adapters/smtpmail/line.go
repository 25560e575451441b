package smtpmail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

var errHungUp = errors.New("smtpmail: hung up")

// line is the connection of one delivery, which may be closed while it is in use, and even before it is open.
type line struct {
	transport *Transport

	mu      sync.Mutex
	conn    net.Conn
	closed  bool
	address string
	heard   atomic.Bool // the server has said something
	tls     atomic.Bool // it waits for us to speak TLS
}

// silence is how long a server may say nothing until we check whether it waits for TLS: otherwise the delivery would use up its time and
// fail without naming the cause.
const silence = 1500 * time.Millisecond

// suspectTLS dials once more and speaks TLS. A server that answers will never greet in plain text, so the delivery is given up; any other
// may be slow on purpose. Nothing is sent, so the certificate does not matter.
func (l *line) suspectTLS(ctx context.Context) {
	l.mu.Lock()
	address := l.address
	l.mu.Unlock()
	if address == "" || l.heard.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}} //nolint:gosec // it waits for TLS
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	_ = conn.Close()
	if !l.heard.Load() {
		l.tls.Store(true)
		l.close()
	}
}

func (l *line) isTLS() bool { return l.tls.Load() }

// listening notices that the server has said something.
type listening struct {
	net.Conn

	heard *atomic.Bool
}

func (c listening) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		c.heard.Store(true)
	}
	return n, err
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if !l.hold(conn) {
		_ = conn.Close()
		return nil, errHungUp
	}
	if l.transport.Security != TLS {
		l.mu.Lock()
		l.address = address
		l.mu.Unlock()
		return listening{conn, &l.heard}, nil
	}
	encrypted := tls.Client(conn, l.transport.tls())
	if err := encrypted.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return encrypted, nil
}

func (l *line) hold(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.conn = conn
	return true
}

func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.conn != nil {
		_ = l.conn.Close() // a second close is harmless
	}
}
