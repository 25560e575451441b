package backend_test

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit/backend"
)

// echo answers every byte with itself.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(conn, conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// say sends a word and returns what comes back within the time.
func say(conn net.Conn, word string, within time.Duration) (string, error) {
	if _, err := io.WriteString(conn, word); err != nil {
		return "", err
	}
	return hear(conn, len(word), within)
}

func hear(conn net.Conn, n int, within time.Duration) (string, error) {
	if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
		return "", err
	}
	answer := make([]byte, n)
	_, err := io.ReadFull(conn, answer)
	return string(answer), err
}

const (
	soon = 5 * time.Second       // surely enough when bytes pass
	long = 50 * time.Millisecond // long enough to see that they do not
)

func TestProxy(t *testing.T) {
	t.Run("forwards both ways, and the end of a stream", func(t *testing.T) {
		conn := dial(t, backend.NewProxy(t, echo(t)).Addr())
		if got, err := say(conn, "hello", soon); got != "hello" || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
		if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if _, err := hear(conn, 1, soon); !errors.Is(err, io.EOF) {
			t.Errorf("after our end: %v, want EOF", err)
		}
	})

	t.Run("counts how often a client waits", func(t *testing.T) {
		proxy := backend.NewProxy(t, echo(t))
		for range 2 {
			conn := dial(t, proxy.Addr())
			for range 3 {
				if _, err := say(conn, "hello", soon); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := proxy.RoundTrips(); n != 6 {
			t.Errorf("%d, want 6", n)
		}
	})

	t.Run("cut resets what is open and refuses what is new", func(t *testing.T) {
		proxy := backend.NewProxy(t, echo(t))
		conn := dial(t, proxy.Addr())
		if _, err := say(conn, "hello", soon); err != nil {
			t.Fatal(err)
		}
		proxy.Cut()
		if _, err := hear(conn, 1, soon); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("open connection: %v, want a reset", err)
		}
		if _, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", proxy.Addr()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("new connection: %v, want refused", err)
		}
	})

	t.Run("restored after a cut it serves the same address", func(t *testing.T) {
		proxy := backend.NewProxy(t, echo(t))
		before := proxy.Addr()
		proxy.Cut()
		proxy.Cut() // twice is once
		proxy.Restore()
		if got, err := say(dial(t, before), "again", soon); got != "again" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})

	t.Run("a black hole accepts and stays silent, and delivers later", func(t *testing.T) {
		proxy := backend.NewProxy(t, echo(t))
		old := dial(t, proxy.Addr())
		if _, err := say(old, "hello", soon); err != nil {
			t.Fatal(err)
		}
		proxy.Blackhole()
		fresh := dial(t, proxy.Addr())
		for name, conn := range map[string]net.Conn{"old": old, "fresh": fresh} {
			if got, err := say(conn, "lost?", long); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%s connection: got %q, %v, want silence", name, got, err)
			}
		}
		proxy.Restore()
		for name, conn := range map[string]net.Conn{"old": old, "fresh": fresh} {
			if got, err := hear(conn, 5, soon); got != "lost?" || err != nil {
				t.Errorf("%s connection: got %q, %v after restoring", name, got, err)
			}
		}
	})

	t.Run("a black hole can be cut", func(t *testing.T) {
		proxy := backend.NewProxy(t, echo(t))
		proxy.Blackhole()
		conn := dial(t, proxy.Addr())
		if _, err := say(conn, "x", long); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("hanging connection: %v, want silence", err)
		}
		proxy.Cut()
		if _, err := hear(conn, 1, soon); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("hanging connection: %v, want a reset", err)
		}
	})

	t.Run("a target that is gone resets the caller", func(t *testing.T) {
		gone := backend.NewProxy(t, echo(t))
		gone.Cut()
		// The reset may arrive before connect returns.
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", backend.NewProxy(t, gone.Addr()).Addr())
		if err == nil {
			defer func() { _ = conn.Close() }()
			_, err = hear(conn, 1, soon)
		}
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v, want a reset", err)
		}
	})
}
