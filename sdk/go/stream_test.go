package signet_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	signet "github.com/signet-auth/signet/sdk/go"
	"github.com/signet-auth/signet/sdk/go/signettest"
)

// scripted is a Signet whose stream says what a test wants; keys and the rest are the origin's.
type scripted struct {
	*origin

	server *httptest.Server
	opened atomic.Int64
	polled atomic.Int64
	last   atomic.Value // Last-Event-ID

	greeting, quiet time.Duration // how long a verifier waits, if shorter than usual
}

// script gets the number of the opening.
func script(t *testing.T, stream func(n int64, w http.ResponseWriter, r *http.Request), list http.HandlerFunc) *scripted {
	t.Helper()
	s := &scripted{origin: newOrigin(t)}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/jwks.json", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(s.jwks)) })
	mux.HandleFunc("/api/authz/revocations/stream", func(w http.ResponseWriter, r *http.Request) {
		s.last.Store(r.Header.Get("Last-Event-ID"))
		stream(s.opened.Add(1), w, r)
	})
	mux.HandleFunc("/api/authz/revocations", func(w http.ResponseWriter, r *http.Request) {
		s.polled.Add(1)
		list(w, r)
	})
	s.server = httptest.NewServer(mux)
	t.Cleanup(s.server.Close)
	t.Cleanup(s.server.CloseClientConnections)
	return s
}

func (s *scripted) follow(t *testing.T, change func(*signet.Config)) *signet.Verifier {
	t.Helper()
	c := signet.Config{Issuer: issuer, URL: s.server.URL, Audience: "billing", AppToken: appToken}
	c.Logger = new(logs).logger()
	if change != nil {
		change(&c)
	}
	v, err := signet.Build(c, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	v.GreetWithin(cmp.Or(s.greeting, 5*time.Second), cmp.Or(s.quiet, 15*time.Second)).Start()
	t.Cleanup(v.Close)
	return v
}

func say(w http.ResponseWriter, text string) {
	_, _ = fmt.Fprint(w, text)
	_ = http.NewResponseController(w).Flush()
}

const (
	hello = "event: hello\ndata: {\"v\":1,\"token_ttl\":960,\"heartbeat\":5,\"service\":\"billing\",\"cs\":10}\n\n"
	ready = "event: ready\nid: sgcu_1\ndata: {\"cs\":10}\n\n"
)

func TestTheStreamResumesByCursorAndAtOnceAfterRenew(t *testing.T) {
	t.Parallel()
	s := script(t, func(n int64, w http.ResponseWriter, r *http.Request) {
		say(w, hello+ready)
		if n == 1 {
			say(w, "id: sgcu_2\ndata: {\"kind\":\"session\",\"fact\":\"ended\",\"sid\":\"s-1\",\"cs\":11}\n\nevent: bye\ndata: {\"reason\":\"renew\"}\n\n")
			return
		}
		<-r.Context().Done()
	}, nil)
	v := s.follow(t, nil)
	begin := time.Now()
	eventually(t, "another stream", func() bool { return s.opened.Load() == 2 && v.State().Ready })
	if took := time.Since(begin); took > 3*time.Second || s.last.Load() != "sgcu_2" {
		t.Error(took, s.last.Load())
	}
	if _, err := v.Verify(t.Context(), s.token(t, s.kid, nil)); !errors.Is(err, signet.ErrInvalid) {
		t.Error("the end of s-1 was lost: ", err)
	}
}

func TestBehindAProxyThatBuffersItPolls(t *testing.T) {
	t.Parallel()
	var l logs
	s := script(t, func(_ int64, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, func(w http.ResponseWriter, r *http.Request) {
		answer := `{"facts":[],"cursor":"sgcu_2","cs":11,"token_ttl":960,"heartbeat":5,"more":false}`
		switch r.URL.Query().Get("cursor") {
		case "":
			answer = `{"facts":[{"kind":"session","fact":"ended","sid":"s-1","cs":11}],"cursor":"sgcu_1","cs":11,"token_ttl":960,"more":true}`
		case "sgcu_2":
			<-r.Context().Done()
			return
		}
		_, _ = fmt.Fprint(w, answer)
	})
	s.greeting = 200 * time.Millisecond
	v := s.follow(t, func(c *signet.Config) { c.Logger = l.logger() })
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := v.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), s.token(t, s.kid, nil)); !errors.Is(err, signet.ErrInvalid) {
		t.Error(err)
	}
	if v.State().Heard != 11 || strings.Count(l.String(), "buffering") != 1 || s.opened.Load() != 1 {
		t.Error(v.State(), s.opened.Load(), l.String())
	}
}

func TestARefusedAppTokenIsSaidAndAnotherInTheFileIsTaken(t *testing.T) {
	t.Parallel()
	var l logs
	file := filepath.Join(t.TempDir(), "app_token")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("sgat_old")
	s := script(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer sgat_new" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		say(w, hello+ready)
		<-r.Context().Done()
	}, nil)
	v := s.follow(t, func(c *signet.Config) { c.AppToken, c.AppTokenFile, c.Logger = "", file, l.logger() })
	if err := v.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "SIGNET_APP_TOKEN") {
		t.Error(err)
	}
	eventually(t, "a line in the log", func() bool { return strings.Contains(l.String(), "SIGNET_APP_TOKEN_FILE") })
	if !v.State().AppTokenRefused || s.opened.Load() > 2 || strings.Count(l.String(), "SIGNET_APP_TOKEN_FILE") != 1 || strings.Contains(l.String(), "sgat_") {
		t.Error(v.State(), s.opened.Load(), l.String())
	}
	write("sgat_new")
	eventually(t, "the new token is taken", func() bool { return v.State().Ready })
}

func TestAnotherServicesAppTokenIsSaid(t *testing.T) {
	t.Parallel()
	var l logs
	s := script(t, func(_ int64, w http.ResponseWriter, _ *http.Request) {
		say(w, strings.Replace(hello, "billing", "shipping", 1))
	}, nil)
	s.follow(t, func(c *signet.Config) { c.Logger = l.logger() })
	eventually(t, "a line in the log", func() bool { return strings.Contains(l.String(), `"app_token_of":"shipping"`) })
	time.Sleep(50 * time.Millisecond)
	if s.opened.Load() != 1 {
		t.Error(s.opened.Load(), "tries")
	}
}

func TestAStreamThatFallsSilentIsOpenedAgain(t *testing.T) {
	t.Parallel()
	s := script(t, func(_ int64, w http.ResponseWriter, r *http.Request) {
		say(w, hello+ready)
		<-r.Context().Done()
	}, nil)
	s.quiet = 200 * time.Millisecond
	s.follow(t, nil)
	eventually(t, "another stream", func() bool { return s.opened.Load() >= 2 })
	if s.polled.Load() != 0 {
		t.Error("it polls, though the stream was there")
	}
}

func TestACursorOfElsewhereIsGivenUp(t *testing.T) {
	t.Parallel()
	s := script(t, func(n int64, w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Last-Event-ID") != "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		say(w, hello+ready)
		if n > 1 {
			<-r.Context().Done()
		}
	}, nil)
	s.follow(t, nil)
	eventually(t, "a stream without a cursor", func() bool { return s.opened.Load() >= 3 })
}

func TestASignetThatIsBusyIsLeftAloneAsLongAsItSays(t *testing.T) {
	t.Parallel()
	s := script(t, func(_ int64, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
	}, nil)
	s.follow(t, nil)
	time.Sleep(time.Second)
	if s.opened.Load() != 1 {
		t.Error(s.opened.Load(), "tries")
	}
}

func TestAServiceStartsWithoutSignetAndCloseEndsAll(t *testing.T) {
	before := runtime.NumGoroutine()
	v, err := signet.New(signet.Config{Issuer: "http://127.0.0.1:1", Audience: "billing", AppToken: appToken, Logger: new(logs).logger()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := v.Ready(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no keys yet from http://127.0.0.1:1") {
		t.Error(err)
	}
	v.Close()
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

func TestALogoutIsFeltWithinASecond(t *testing.T) {
	t.Parallel()
	i := signettest.New(t)
	v := i.Verifier("billing")
	for n := range 50 {
		token := i.Token(signettest.User(fmt.Sprint("u-", n)).Session(fmt.Sprint("s-", n)))
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		i.End(fmt.Sprint("s-", n))
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, signet.ErrInvalid) || time.Since(begin) > time.Second {
			t.Error(err, time.Since(begin))
		}
	}
}

func TestEvents(t *testing.T) {
	for stream, want := range map[string]string{
		"data: a\n\n":                                    "|a|",
		"event: x\ndata:a\ndata: b\nid: 7\n\n":           "x|a\nb|7",
		"data: a\r\n\r\ndata: b\r\rdata: c\n\n":          "|a|;|b|;|c|",
		": a comment\n\nevent: x\n\ndata: a\n\n":         "|a|",
		"data\n\n":                                       "||",
		"retry: 10\nunknown: x\nid: a\x00b\ndata: a\n\n": "|a|",
		"data: cut off":                                  "",
		"data: cut off\n":                                "",
		"data: " + strings.Repeat("x", 70_000) + "\n\n":  "",
		strings.Repeat("data: 1234\n", 7_000) + "\n":     "",
	} {
		if got := strings.Join(signet.Events(stream), ";"); got != want {
			t.Errorf("%.60q: %q", stream, got)
		}
	}
}
