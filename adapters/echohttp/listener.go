package echohttp

import (
	"net"
	"net/netip"
	"sync"
)

// limitListener bounds how many connections are open at once (ASVS 5.0 15.2.2): at the limit, new ones wait in the kernel's backlog, where
// they cost no memory of ours. One peer gets only a share of them, otherwise a single machine with idle connections would keep everybody
// else out.
type limitListener struct {
	net.Listener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once

	share   int            // of one peer; 0 means no limit of its own
	trusted []netip.Prefix // proxies, which open connections for many clients
	mu      sync.Mutex
	open    map[netip.Addr]int
}

func limitConnections(l net.Listener, limit, share int, trusted []netip.Prefix) net.Listener {
	return &limitListener{
		Listener: l, slots: make(chan struct{}, limit), closed: make(chan struct{}),
		share: share, trusted: trusted, open: map[netip.Addr]int{},
	}
}

// Accept waits for a free slot, then for a connection of a peer that has not used up its share. It closes others at once.
func (l *limitListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			<-l.slots
			return nil, err
		}
		peer := peerAddr(conn.RemoteAddr().String())
		if !l.enter(peer) {
			_ = conn.Close()
			continue
		}
		return &limitedConn{Conn: conn, release: func() { l.leave(peer); <-l.slots }}, nil
	}
}

func (l *limitListener) enter(peer netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.share > 0 && l.open[peer] >= l.share && !contains(l.trusted, peer) {
		return false
	}
	l.open[peer]++
	return true
}

func (l *limitListener) leave(peer netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[peer]--; l.open[peer] <= 0 {
		delete(l.open, peer)
	}
}

// Close stops accepting; open connections keep their slots.
func (l *limitListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	once    sync.Once
	release func()
}

// Close closes the connection and frees its slot, once.
func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.release)
	return err
}
