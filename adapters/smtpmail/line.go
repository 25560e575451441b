package smtpmail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
)

var errHungUp = errors.New("smtpmail: hung up")

// line is the connection of one delivery, which may be closed while it is used, and before it is there.
type line struct {
	transport *Transport

	mu     sync.Mutex
	conn   net.Conn
	closed bool
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
		return conn, nil
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
