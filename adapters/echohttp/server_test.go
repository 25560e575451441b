package echohttp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
)

// running is a server on free ports, stopped at the end of the test.
type running struct {
	public, admin string // host:port
	stop          context.CancelFunc
	stopped       chan error
}

func start(t *testing.T, k *kernel, change func(*echohttp.ServerOptions)) *running {
	t.Helper()
	options := echohttp.ServerOptions{PublicAddr: "127.0.0.1:0", AdminAddr: "127.0.0.1:0", Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&options)
	}
	server, err := echohttp.Listen(options, k.API, echohttp.NewAdmin(k.API, echohttp.AdminOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{public: server.PublicAddr().String(), stop: stop, stopped: make(chan error, 1)}
	if addr := server.AdminAddr(); addr != nil {
		r.admin = addr.String()
	}
	done := make(chan struct{})
	go func() {
		r.stopped <- server.Serve(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		stop()
		<-done
	})
	return r
}

func status(t *testing.T, client *http.Client, url string) int {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

func TestServer(t *testing.T) {
	t.Run("serves on two listeners", func(t *testing.T) {
		s := start(t, newKernel(t, nil), nil)
		for url, want := range map[string]int{
			s.public + "/livez": 200, s.admin + "/livez": 200, s.public + "/anybody": 200, s.admin + "/anybody": 404,
			s.public + "/metrics": 404, s.public + "/docs": 404, s.public + "/debug/pprof": 404, s.public + "/dev/inbox": 404,
		} {
			if got := status(t, http.DefaultClient, "http://"+url); got != want {
				t.Errorf("%s answers %d (SC-2)", url, got)
			}
		}
	})
	t.Run("has no admin listener unless asked", func(t *testing.T) {
		if s := start(t, newKernel(t, nil), func(o *echohttp.ServerOptions) { o.AdminAddr = "" }); s.admin != "" {
			t.Errorf("listens on %s", s.admin)
		}
	})
	t.Run("says which address it can't have", func(t *testing.T) {
		k := newKernel(t, nil)
		s := start(t, k, nil)
		for _, o := range []echohttp.ServerOptions{{PublicAddr: s.public}, {PublicAddr: "127.0.0.1:0", AdminAddr: s.admin}} {
			if _, err := echohttp.Listen(o, k.API, nil); err == nil {
				t.Error("no error")
			}
		}
	})
	t.Run("refuses headers past 16 KB (ASVS 4.2.1)", func(t *testing.T) {
		s := start(t, newKernel(t, nil), nil)
		r := newServerRequest(t, "http://"+s.public+"/anybody")
		r.Header.Set("X-Long", strings.Repeat("x", 24<<10))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		wantStatus(t, res, http.StatusRequestHeaderFieldsTooLarge)
	})
	t.Run("answers HEAD without a body", func(t *testing.T) {
		s := start(t, newKernel(t, nil), nil)
		conn := dial(t, s.public)
		_, _ = io.WriteString(conn, "HEAD /anybody HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		answer, err := io.ReadAll(conn)
		if head, body, _ := strings.Cut(string(answer), "\r\n\r\n"); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200") || body != "" {
			t.Errorf("got %q", answer)
		}
	})
	t.Run("answers a body that is too long, chunked, and closes the connection", func(t *testing.T) {
		s := start(t, newKernel(t, nil), nil)
		conn := dial(t, s.public)
		_, _ = io.WriteString(conn, "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n18000\r\n"+
			strings.Repeat(" ", 0x18000)+"\r\n0\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		wantProblem(t, res, 413, "body_too_large")
		if !res.Close {
			t.Error("the connection stays open")
		}
	})
}

// With a connection that is closed while it still sends, a client loses the answer.
func TestABodyThatIsTooLongGetsItsAnswer(t *testing.T) {
	s := start(t, newKernel(t, nil), nil)
	for _, size := range []int{70_000, 1_000_000} {
		t.Run(strconv.Itoa(size)+" bytes", func(t *testing.T) {
			t.Parallel()
			conn := dial(t, s.public)
			_, err := fmt.Fprintf(conn, "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", size)
			for range 10 { // slower than net/http waits with the end of a connection, which is half a second
				_, writeErr := io.WriteString(conn, strings.Repeat(" ", size/10))
				err = errors.Join(err, writeErr)
				time.Sleep(100 * time.Millisecond)
			}
			res, readErr := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || readErr != nil {
				t.Fatalf("%v, %v", err, readErr)
			}
			wantProblem(t, res, 413, "body_too_large")
			_ = res.Body.Close()
		})
	}
}

func TestConnectionLimit(t *testing.T) {
	s := start(t, newKernel(t, nil), func(o *echohttp.ServerOptions) { o.MaxConnections, o.MaxPerPeer = 2, 2 })
	var held []net.Conn
	for range 2 {
		conn := dial(t, s.public)
		if _, err := io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	third := dial(t, s.public)
	_, _ = io.WriteString(third, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
	_ = third.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := third.Read(make([]byte, 1)); err == nil {
		t.Fatal("the third of two connections was served")
	}
	_ = held[0].Close()
	_ = third.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := third.Read(make([]byte, 1)); err != nil {
		t.Fatalf("the third connection was not served after the first closed: %v", err)
	}
}

func TestConnectionsOfOnePeer(t *testing.T) {
	served := func(t *testing.T, conn net.Conn) bool {
		t.Helper()
		_, _ = io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		_, err := bufio.NewReader(conn).ReadString('\n')
		return err == nil
	}
	few := func(o *echohttp.ServerOptions) { o.MaxConnections = 8 }
	t.Run("one peer gets a quarter, and what it closes again", func(t *testing.T) {
		s := start(t, newKernel(t, nil), few)
		first, second := dial(t, s.public), dial(t, s.public)
		if !served(t, first) || !served(t, second) {
			t.Fatal("a share of two was not served")
		}
		if served(t, dial(t, s.public)) {
			t.Error("a third connection of one peer was served")
		}
		_ = first.Close()
		deadline := time.Now().Add(10 * time.Second)
		for !served(t, dial(t, s.public)) {
			if time.Now().After(deadline) {
				t.Fatal("what was closed is not given back")
			}
		}
	})
	t.Run("a trusted proxy brings the connections of many", func(t *testing.T) {
		s := start(t, newKernel(t, func(o *echohttp.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }), few)
		for i := range 5 {
			if !served(t, dial(t, s.public)) {
				t.Fatalf("connection %d was not served", i+1)
			}
		}
	})
}

func TestAHalfClosedConnectionIsTold(t *testing.T) {
	s := start(t, newKernel(t, nil), func(*echohttp.ServerOptions) {})
	conn := dial(t, s.public)
	_, _ = io.WriteString(conn, "GET /slow-refusal HTTP/1.1\r\nHost: x\r\n\r\n")
	_ = conn.(*net.TCPConn).CloseWrite()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil || !strings.Contains(line, "403") {
		t.Errorf("a refusal was answered %q (%v); 200 would say yes to a client that only reads the status", line, err)
	}
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func newServerRequest(t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestGracefulStop(t *testing.T) {
	t.Run("cuts off what does not finish in time, and says so", func(t *testing.T) {
		k := newKernel(t, nil)
		begun := make(chan struct{})
		echohttp.Handle(k.API, "GET", "/stuck", echohttp.Op{ID: "stuck", Tag: "test"}, func(ctx context.Context, _ echohttp.Caller, _ none) (none, error) {
			close(begun)
			<-ctx.Done()
			return none{}, ctx.Err()
		})
		s := start(t, k, func(o *echohttp.ServerOptions) { o.StopTimeout = 10 * time.Millisecond })
		conn := dial(t, s.public)
		_, _ = io.WriteString(conn, "GET /stuck HTTP/1.1\r\nHost: x\r\n\r\n")
		<-begun
		s.stop()
		if err := <-s.stopped; err == nil || !strings.Contains(err.Error(), "cut off") {
			t.Errorf("got %v", err)
		}
	})
}
