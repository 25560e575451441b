package main

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/signet-auth/signet/cmd/run"
)

// BenchmarkAPI is what one request costs inside, from its headers to its answer, on SQLite and without a network. Only refresh
// includes the reading of the request, which has to be a new one each time.
func BenchmarkAPI(b *testing.B) {
	handler, people := inProcess(b)
	all, err := operations(people)
	if err != nil {
		b.Fatal(err)
	}
	for _, op := range all {
		if op.name == "login" || op.name == "register" || op.ceremony != nil {
			continue // bcrypt, mail that is sent later, and several requests
		}
		b.Run(op.name, func(b *testing.B) {
			b.ReportAllocs()
			w := &recorder{header: http.Header{}}
			r := read(b, op.request(0))
			for b.Loop() {
				if op.learn != nil {
					r = read(b, op.request(0))
				}
				w.reset()
				handler.ServeHTTP(w, r)
				if w.status != op.want {
					b.Fatalf("answer %d: %s", w.status, w.body.Bytes())
				}
				if op.learn != nil {
					if err := op.learn(0, w.body.Bytes()); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

// inProcess starts the server in this process and makes its people.
func inProcess(b *testing.B) (http.Handler, *population) {
	b.Helper()
	config, err := run.ParseConfig(map[string]string{
		"SIGNET_ENV": "development", "HOST": "127.0.0.1", "PORT": "0", "ADMIN_ADDR": "127.0.0.1:0", "DATA_DIR": filepath.Join(b.TempDir(), "data"),
		"BCRYPT_COST": "4", "LOG_LEVEL": "error", "RATE_LIMITS": "off", "JWT_ACCESS_TOKEN_EXPIRES": "2h",
	})
	if err != nil {
		b.Fatal(err)
	}
	server, err := run.Start(b.Context(), config, run.Stdio{In: &bytes.Buffer{}, Out: &bytes.Buffer{}, Err: b.Output()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := server.Stop(ctx); err != nil {
			b.Error(err)
		}
	})
	people, err := populate(b.Context(), server.URL, server.AdminURL)
	if err != nil {
		b.Fatal(err)
	}
	return server.Handler, people
}

func read(b *testing.B, request []byte) *http.Request {
	b.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		b.Fatal(err)
	}
	r.RemoteAddr = "127.0.0.1:1234"
	return r
}

// recorder keeps the answer and allocates nothing for it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) reset()                      { clear(r.header); r.body.Reset(); r.status = 0 }
func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
