package echohttp_test

import (
	"net/http"
	"testing"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/adapters/echohttp/rest"
)

// discard is a response writer that costs nothing.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header       { return d.header }
func (*discard) Write(b []byte) (int, error) { return len(b), nil }
func (*discard) WriteHeader(int)             {}

// BenchmarkRequest is what the kernel itself costs per request, of which the budgets of performance.md leave it a small part.
func BenchmarkRequest(b *testing.B) {
	k := newKernel(b, func(o *echohttp.Options) {
		o.Limits = echohttp.Limits{Anonymous: 1 << 30, Authenticated: 1 << 30}
		o.Metrics, _ = newMetrics()
	})
	for _, bench := range []struct {
		name string
		r    *http.Request
	}{
		{"livez", request("GET", "/livez", nil)},
		{"anonymous", request("GET", "/anybody", nil)},
		{"bearer", request("GET", "/me", nil, "Authorization: Bearer good1", "User-Agent: bench/1.0", "Accept: application/json")},
		{"unmetered", request("GET", "/validate", nil, "Authorization: Bearer good1")},
		{"document", request("GET", "/openapi.json", nil)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				k.ServeHTTP(&discard{header: make(http.Header, 16)}, bench.r)
			}
		})
	}
}

// BenchmarkStart is what the routes cost at start.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		a, err := echohttp.New(echohttp.Options{})
		if err != nil {
			b.Fatal(err)
		}
		new(rest.Auth).Mount(a)
		new(rest.WellKnown).Mount(a)
	}
}
