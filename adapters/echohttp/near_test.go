package echohttp_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
)

// container is where requests come from that were sent to a port which Docker publishes on the host's loopback.
var container = netip.MustParsePrefix("172.18.0.0/16")

func fromContainer(r *http.Request) *http.Request { r.RemoteAddr = "172.18.0.1:40000"; return r }

func TestDevelopment(t *testing.T) {
	production := newKernel(t, nil)
	k := newKernel(t, func(o *echohttp.Options) { o.Development, o.DevPeers = true, []netip.Prefix{container} })
	k.ServedAt("http://localhost:5001")

	t.Run("has the documentation on the API's own origin, for those who are near (ASVS 13.4.5)", func(t *testing.T) {
		for _, path := range []string{"/docs", "/docs/", "/docs/signet.js", "/docs/swagger-ui-bundle.js"} {
			wantStatus(t, k.do(adminRequest(path)), http.StatusOK)
			wantStatus(t, k.do(fromContainer(adminRequest(path))), http.StatusOK)
			wantProblem(t, production.do(adminRequest(path)), 404, "not_found")
			for name, change := range map[string]func(*http.Request){
				"another machine": func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1" },
				"a rebound name":  func(r *http.Request) { fromContainer(r).Host = "evil.example:5001" },
				"a proxy":         func(r *http.Request) { fromContainer(r).Header.Set("X-Forwarded-For", "127.0.0.1") },
			} {
				r := adminRequest(path)
				change(r)
				if res := k.do(r); res.StatusCode != http.StatusForbidden {
					t.Errorf("%s gets %s: %d", name, path, res.StatusCode)
				}
			}
		}
	})
	t.Run("names the public URL in the document", func(t *testing.T) {
		if servers := load(t, k.API).Servers; len(servers) != 1 || servers[0].URL != "http://localhost:5001" {
			t.Errorf("%v", servers)
		}
	})
	t.Run("shows the inbox to DEV_PEERS, and profiles to this machine alone", func(t *testing.T) {
		options := echohttp.AdminOptions{Profile: true, Inbox: func(string) api.InboxResponse { return api.InboxResponse{} }}
		wantStatus(t, admin(k, options, fromContainer(adminRequest("/dev/inbox"))), http.StatusOK)
		mapped := adminRequest("/dev/inbox")
		mapped.RemoteAddr = "[::ffff:172.18.0.1]:40000"
		wantStatus(t, admin(k, options, mapped), http.StatusOK)
		wantProblem(t, admin(k, options, fromContainer(adminRequest("/debug/pprof"))), 403, "forbidden")
		wantProblem(t, admin(production, options, fromContainer(adminRequest("/dev/inbox"))), 403, "forbidden")
	})
	t.Run("lets pages of this machine call, with the cookie, and no others", func(t *testing.T) {
		for _, c := range []struct {
			origin string
			change func(*http.Request) *http.Request
			on     *kernel
			want   bool
		}{
			{"http://localhost:3000", nil, k, true},
			{"http://127.0.0.1:5173", nil, k, true},
			{"https://[::1]:8443", fromContainer, k, true},
			{"http://localhost:3000", nil, production, false},
			{"http://localhost:3000", func(r *http.Request) *http.Request { r.RemoteAddr = "192.0.2.1:1"; return r }, k, false},
			{"http://localhost.evil.example", nil, k, false},
			{"http://localhost:3000/", nil, k, false},
			{"http://evil@localhost:3000", nil, k, false},
			{"app://localhost", nil, k, false},
			{"null", nil, k, false},
		} {
			ask := func(method, path string, headers ...string) *http.Response {
				r := request(method, path, nil, append(headers, "Origin: "+c.origin)...)
				r.RemoteAddr, r.Host = "127.0.0.1:40000", "localhost:5001"
				if c.change != nil {
					r = c.change(r)
				}
				return c.on.do(r)
			}
			h := ask("OPTIONS", "/orders", "Access-Control-Request-Method: POST").Header
			if allowed := h.Get("Access-Control-Allow-Origin") == c.origin && h.Get("Access-Control-Allow-Credentials") == "true"; allowed != c.want {
				t.Errorf("%s: %v", c.origin, h)
			}
			cookie := ask("POST", "/cookie", "Cookie: signet_rt=token; __Secure-signet_rt=token", "X-Signet: 1")
			if refused := cookie.StatusCode == http.StatusForbidden; refused == c.want {
				t.Errorf("%s with the cookie: %d", c.origin, cookie.StatusCode)
			}
		}
	})
}

func TestShortLog(t *testing.T) {
	k := newKernel(t, func(o *echohttp.Options) { o.LogRequests, o.ShortLog = true, true })
	k.get("/things/" + marker + "?x=" + marker)
	k.get("/me")
	k.get("/livez")
	lines := strings.Split(strings.TrimSpace(k.log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "GET /things/{id} 200 in ") || !strings.Contains(lines[1], "GET /me 401 in ") ||
		!strings.Contains(lines[1], "token_missing") || strings.Contains(k.log.String(), marker) {
		t.Errorf("%q", lines)
	}
}

// A page whose calls are refused tells its console only. The log names what to set, once for each origin.
func TestARefusedPageIsLogged(t *testing.T) {
	k := newKernel(t, func(o *echohttp.Options) { o.CORSOrigins = []string{"https://app.example.com"} })
	for range 3 {
		k.get("/anybody", "Origin: https://new.example.com", "Sec-Fetch-Mode: cors")
	}
	k.get("/anybody", "Origin: https://app.example.com")
	k.get("/anybody", "Origin: https://idp.example.com", "Sec-Fetch-Mode: navigate") // a form that leads here
	k.get("/anybody", "Origin: null")
	logged := k.log.String()
	if n := strings.Count(logged, "\n"); n != 1 || !strings.Contains(logged, "CORS_ORIGINS") || !strings.Contains(logged, "https://new.example.com") {
		t.Errorf("logged %s", logged)
	}
}

// Behind a proxy that nobody named, all clients share one address, and its limits.
func TestAProxyThatNobodyNamedIsLogged(t *testing.T) {
	k := newKernel(t, func(o *echohttp.Options) { o.TrustedProxies = proxies })
	from := func(peer string, headers ...string) {
		r := request("GET", "/anybody", nil, headers...)
		r.RemoteAddr = peer + ":40000"
		k.do(r)
	}
	from("10.0.0.1", "X-Forwarded-For: 203.0.113.1") // a trusted one
	from("192.0.2.7")
	for range 6 {
		from("192.0.2.7", "X-Forwarded-For: 203.0.113.8")
	}
	logged := k.log.String()
	if n := strings.Count(logged, "\n"); n != 1 || !strings.Contains(logged, "TRUSTED_PROXIES") || !strings.Contains(logged, "192.0.2.7") || !strings.Contains(logged, "WARN") {
		t.Errorf("logged %s", logged)
	}
}
