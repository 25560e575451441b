package backend

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// mode is what the proxy does with bytes and connections.
type mode int

const (
	forwarding mode = iota
	hanging         // connections are accepted and stay open, nothing passes
	refusing        // nothing listens, open connections are reset
)

// Proxy is a TCP relay that can fail the ways a network does. It starts out forwarding, listens on a port of 127.0.0.1
// that never changes, and is closed when the test ends. Its methods are for the goroutine of the test.
type Proxy struct {
	tb   testing.TB
	addr string

	mu       sync.Mutex
	target   string
	mode     mode
	changed  chan struct{} // closed at the next change of mode
	listener net.Listener  // nil while refusing
	open     map[net.Conn]struct{}
	relays   sync.WaitGroup

	roundTrips atomic.Int64
}

// NewProxy relays a new local address to target (host:port).
func NewProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	p := &Proxy{tb: tb, addr: "127.0.0.1:0", target: target, changed: make(chan struct{}), open: map[net.Conn]struct{}{}}
	p.listen()
	p.addr = p.listener.Addr().String()
	tb.Cleanup(func() {
		p.Cut()
		p.relays.Wait()
	})
	return p
}

// Addr is the proxy's host:port.
func (p *Proxy) Addr() string { return p.addr }

// RoundTrips is how often a client has begun to speak on a connection, at its beginning or after the server: how often it waited
// for the network, whatever the protocol and however many pieces a request came in.
func (p *Proxy) RoundTrips() int { return int(p.roundTrips.Load()) }

// Cut refuses new connections and resets the open ones, as a server that was killed.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.become(refusing)
	if p.listener != nil {
		_ = p.listener.Close() // it only fails when closed before
		p.listener = nil
	}
	for conn := range p.open {
		reset(conn)
	}
}

// Blackhole accepts connections and lets nothing pass in either direction, on open connections neither, as a link that
// drops packets. What was sent meanwhile arrives after [Proxy.Restore].
func (p *Proxy) Blackhole() {
	p.tb.Helper()
	p.switchOn(hanging)
}

// Restore forwards again. Connections that were cut stay lost; those that hung go on.
func (p *Proxy) Restore() {
	p.tb.Helper()
	p.switchOn(forwarding)
}

func (p *Proxy) switchOn(m mode) {
	p.tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener == nil {
		p.listen()
	}
	p.become(m)
}

// become changes the mode and wakes the relays that wait for it. p.mu is held.
func (p *Proxy) become(m mode) {
	p.mode = m
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *Proxy) retarget(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = addr
}

// listen opens the port, again after a cut. A passing connection of another process may hold the number for a moment.
func (p *Proxy) listen() {
	p.tb.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for {
		listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", p.addr)
		if err == nil {
			p.listener = listener
			p.relays.Go(func() { p.accept(listener) })
			return
		}
		if time.Now().After(deadline) {
			p.tb.Fatalf("backend: proxy: %v", err)
		}
		time.Sleep(pollEvery)
	}
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return // closed by Cut
		}
		if p.adopt(client) {
			p.relays.Go(func() { p.relay(client) })
		}
	}
}

// adopt registers a connection for Cut. One that was accepted while Cut ran is reset here.
func (p *Proxy) adopt(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == refusing {
		reset(conn)
		return false
	}
	p.open[conn] = struct{}{}
	return true
}

func (p *Proxy) abandon(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, conn)
	_ = conn.Close() // a second close is harmless
}

// relay carries one connection until both directions have ended.
func (p *Proxy) relay(client net.Conn) {
	defer p.abandon(client)
	if !p.pass() {
		return
	}
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(context.Background(), "tcp", target)
	if err != nil {
		reset(client)
		return
	}
	if !p.adopt(server) {
		return
	}
	defer p.abandon(server)
	var both sync.WaitGroup
	var asked atomic.Bool // the client spoke last
	both.Go(func() {
		p.carry(server, client, func() {
			if !asked.Swap(true) {
				p.roundTrips.Add(1)
			}
		})
	})
	both.Go(func() { p.carry(client, server, func() { asked.Store(false) }) })
	both.Wait()
}

// carry copies one direction, each piece only once the mode lets it pass, and hands on the end of the stream. note hears of a
// piece before the other side has it.
func (p *Proxy) carry(to, from net.Conn, note func()) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if !p.pass() {
			return
		}
		if n > 0 {
			note()
			if _, err := to.Write(buf[:n]); err != nil {
				reset(from)
				return
			}
		}
		if err != nil {
			if tcp, ok := to.(*net.TCPConn); ok {
				_ = tcp.CloseWrite() // the other side may be gone already
			}
			return
		}
	}
}

// pass waits out a black hole; false means that the connection was cut.
func (p *Proxy) pass() bool {
	for {
		p.mu.Lock()
		mode, changed := p.mode, p.changed
		p.mu.Unlock()
		if mode != hanging {
			return mode == forwarding
		}
		<-changed
	}
}

// reset closes with RST instead of FIN: what a peer sees of a killed process or a lost route.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
