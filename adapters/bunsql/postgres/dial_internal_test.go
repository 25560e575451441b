package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slow is a connector whose handshakes end when the test says so.
type slow struct {
	driver.Connector
	begun atomic.Int64
	shake chan error
}

type plain struct {
	driver.Conn
	closed chan struct{}
}

func (c *plain) Close() error { close(c.closed); return nil }

func (s *slow) Connect(ctx context.Context) (driver.Conn, error) {
	s.begun.Add(1)
	select {
	case err := <-s.shake:
		return &plain{closed: make(chan struct{})}, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestAHandshakeOutlivesTheStatementThatBeganIt(t *testing.T) {
	server := &slow{shake: make(chan error, 1)}
	pool := &patient{Connector: server}
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if _, err := pool.Connect(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v", err)
		}
		cancel()
	}
	server.shake <- nil
	if conn, err := pool.Connect(t.Context()); err != nil || conn == nil || server.begun.Load() != 1 {
		t.Errorf("%v, %d handshakes", err, server.begun.Load())
	}

	refused := errors.New("refused")
	server.shake <- refused
	if _, err := pool.Connect(t.Context()); !errors.Is(err, refused) || server.begun.Load() != 2 {
		t.Errorf("%v, %d handshakes", err, server.begun.Load())
	}
}

func TestAConnectionThatNobodyComesForIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &slow{shake: make(chan error, 1)}
		pool := &patient{Connector: server}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		server.shake <- nil
		d := pool.begin(ctx)
		<-d.done
		pool.leave(d)
		left := time.Now()
		<-d.conn.(*plain).closed
		if after := time.Since(left); after != dialTimeout {
			t.Errorf("closed after %v, want %v", after, dialTimeout)
		}
	})
}
