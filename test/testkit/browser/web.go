package browser

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/cdproto/target"
)

// OpenWeb opens a window for which web is the whole internet: it answers at every name, over https, to the pages and to the browser itself.
// Names of localhost stay this machine's.
func OpenWeb(tb testing.TB, web http.Handler) *Tab {
	tb.Helper()
	server := httptest.NewTLSServer(web)
	tb.Cleanup(server.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dialer := net.Dialer{Timeout: 5 * time.Second}
		to, err := dialer.DialContext(r.Context(), "tcp", server.Listener.Addr().String())
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = to.Close() }()
		from, sent, err := http.NewResponseController(w).Hijack()
		if err != nil {
			tb.Error(err)
			return
		}
		defer func() { _ = from.Close() }()
		if _, err := io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n"); err != nil { // a CONNECT, and all after it is TLS
			return
		}
		go func() {
			defer func() { _ = to.Close() }()
			_, _ = io.Copy(to, sent)
		}()
		_, _ = io.Copy(from, to)
	}))
	tb.Cleanup(proxy.Close)
	return open(tb, func(p *target.CreateBrowserContextParams) { p.ProxyServer = proxy.URL })
}
