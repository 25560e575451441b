package postgres

import (
	"context"
	"database/sql/driver"
	"sync"
	"time"
)

// dialTimeout is how long the making of a connection may take, whatever the deadline of the statement that first wanted it.
const dialTimeout = 5 * time.Second

// patient makes connections that outlive the callers who gave up waiting for them: over a slow network, or on a busy machine, a handshake
// may take longer than a statement's deadline, and a new one with each try would never get through.
type patient struct {
	driver.Connector

	mu    sync.Mutex
	spare []*dial // in the making, or made, and nobody's
}

// dial is one connection in the making.
type dial struct {
	done chan struct{}
	conn driver.Conn
	err  error
}

// Connect takes a connection that an earlier caller left, or makes one.
func (p *patient) Connect(ctx context.Context) (driver.Conn, error) {
	d := p.begin(ctx)
	select {
	case <-d.done:
		return d.conn, d.err
	case <-ctx.Done():
		p.leave(d)
		return nil, ctx.Err()
	}
}

func (p *patient) begin(ctx context.Context) *dial {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.spare) - 1; last >= 0 {
		d := p.spare[last]
		p.spare = p.spare[:last]
		return d
	}
	d := &dial{done: make(chan struct{})}
	go func() {
		defer close(d.done)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dialTimeout)
		defer cancel()
		d.conn, d.err = p.Connector.Connect(ctx)
	}()
	return d
}

// leave keeps a connection for the next caller, and closes it if none comes.
func (p *patient) leave(d *dial) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spare = append(p.spare, d)
	time.AfterFunc(dialTimeout, func() {
		if p.take(d) {
			if <-d.done; d.err == nil {
				_ = d.conn.Close()
			}
		}
	})
}

// take removes a connection from those that are nobody's, and tells whether it was one.
func (p *patient) take(d *dial) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, other := range p.spare {
		if other == d {
			p.spare = append(p.spare[:i], p.spare[i+1:]...)
			return true
		}
	}
	return false
}
