package echohttp_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
)

// pipes is a listener without a network: what one side writes, the other must read before it can go on.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error { close(p); return nil }

func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p pipes) dial(t *testing.T, path string) net.Conn {
	t.Helper()
	here, there := net.Pipe()
	p <- there
	if _, err := io.WriteString(here, "GET "+path+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return here
}

// TestAClientThatReadsAByteAMinute holds neither its place nor memory for longer than the deadline of one event, and nobody waits for it.
func TestAClientThatReadsAByteAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type request struct {
			Slow bool `json:"-" query:"slow"`
		}
		type end struct {
			err   error
			after time.Duration // since what could not be written
		}
		const beat = 5 * time.Second
		ended, closed := make(chan end, 2), make(chan bool, 2)
		k := newKernel(t, func(o *echohttp.Options) { o.Limiter = nil }) // its cache has a goroutine that never ends
		op := echohttp.Op{ID: "follow", Tag: echohttp.TagQuestions, Summary: "Follow", Produces: []echohttp.Content{{Description: "Events", Type: echohttp.MediaEvents}}}
		echohttp.HandleEvents(k.API, "/events", op, func(_ context.Context, _ echohttp.Caller, in request) (echohttp.Events, error) {
			return echohttp.Events{Close: func() { closed <- in.Slow }, Run: func(ctx context.Context, write func([]byte) error) {
				for ctx.Err() == nil {
					begun := time.Now()
					if err := write([]byte("event: tick\ndata: {}\n\n")); err != nil {
						ended <- end{err, time.Since(begun)}
						return
					}
					time.Sleep(beat)
				}
			}}, nil
		})
		listener := make(pipes)
		server := &http.Server{Handler: k.API, WriteTimeout: 30 * time.Second, ReadHeaderTimeout: time.Second}
		go server.Serve(listener) //nolint:errcheck // it is closed below

		slow, quick := listener.dial(t, "/events?slow=true"), listener.dial(t, "/events")
		go func() {
			for one := make([]byte, 1); ; time.Sleep(time.Minute) {
				if _, err := slow.Read(one); err != nil {
					return
				}
			}
		}()
		lines, last := bufio.NewScanner(quick), time.Now()
		for ticks := 0; ticks < 20; {
			if !lines.Scan() {
				t.Fatal("the other stream ended")
			}
			if strings.HasPrefix(lines.Text(), "event: tick") {
				if ticks++; time.Since(last) > beat {
					t.Errorf("the other one waited %s for an event", time.Since(last))
				}
				last = time.Now()
			}
		}
		if e := <-ended; !errors.Is(e.err, os.ErrDeadlineExceeded) || e.after != 10*time.Second {
			t.Errorf("%v after %s", e.err, e.after)
		}
		if whose := <-closed; !whose {
			t.Error("the other one's place was given back")
		}
		_, _, _ = slow.Close(), quick.Close(), server.Close()
		time.Sleep(2 * time.Minute) // of the clock in here; all of them end
	})
}
