package echohttp_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/adapters/telemetry"
	"github.com/signet-auth/signet/domain"
)

func TestSecurityHeaders(t *testing.T) {
	k := newKernel(t, nil)
	want := map[string]string{
		"Content-Security-Policy":      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
		"Cache-Control":                "no-store",
		"Strict-Transport-Security":    "max-age=31536000; includeSubDomains",
	}
	for _, r := range []*http.Request{
		request("GET", "/anybody", nil), request("GET", "/livez", nil), request("GET", "/nowhere", nil), request("GET", "/panic", nil),
		request("DELETE", "/me", nil), request("POST", "/orders", strings.NewReader("{")), request("GET", "/a//b", nil), request("OPTIONS", "/me", nil),
	} {
		t.Run("are on "+r.Method+" "+r.URL.Path+" (ASVS 3.4)", func(t *testing.T) {
			res := k.do(r)
			for name, value := range want {
				if got := res.Header.Get(name); got != value {
					t.Errorf("%s is %q, want %q", name, got, value)
				}
			}
			if res.Header.Get("Server") != "" || res.Header.Get("X-Powered-By") != "" {
				t.Error("says what it runs on")
			}
		})
	}
	t.Run("leave HSTS out when the public URL is not https", func(t *testing.T) {
		k := newKernel(t, func(o *echohttp.Options) { o.PublicURL = "http://localhost:5000" })
		if got := k.get("/livez").Header.Get("Strict-Transport-Security"); got != "" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("are replaced by a page's own, on that page alone", func(t *testing.T) {
		if got := k.get("/page").Header["Content-Security-Policy"]; !cmp.Equal(got, []string{"default-src 'self'"}) {
			t.Errorf("got %q", got)
		}
		if got := k.get("/anybody").Header.Get("Content-Security-Policy"); got != want["Content-Security-Policy"] {
			t.Errorf("elsewhere got %q", got)
		}
	})
}

func TestRequestIDs(t *testing.T) {
	k := newKernel(t, func(o *echohttp.Options) { o.TrustedProxies = proxies })
	ask := func(peer, id string) string {
		r := request("GET", "/anybody", nil, "X-Request-Id: "+id)
		r.RemoteAddr = peer
		res := k.do(r)
		if who := decodeBody[whoResponse](t, res); who.Request != res.Header.Get("X-Request-Id") {
			t.Errorf("the use case saw %q", who.Request)
		}
		return res.Header.Get("X-Request-Id")
	}
	for _, id := range []string{"", "a b", "a<b", "a\u00e9", "a\"b", strings.Repeat("a", 65)} {
		t.Run("are ours instead of "+id, func(t *testing.T) {
			if got := ask("10.0.0.1:5", id); !strings.HasPrefix(got, "request-") {
				t.Errorf("got %q", got)
			}
		})
	}
}

// TestRequestIDsInTheLog takes the logger that ships. Nobody hands the id on: it is in the context.
func TestRequestIDsInTheLog(t *testing.T) {
	var out bytes.Buffer
	log, err := telemetry.NewLogger(&out, slog.LevelInfo, "signet", "test", telemetry.JSON)
	if err != nil {
		t.Fatal(err)
	}
	k := newKernel(t, func(o *echohttp.Options) {
		o.Log = log
		o.Authenticate = func(ctx context.Context, _ domain.Secret) (domain.Actor, error) {
			log.InfoContext(ctx, "authenticating")
			return domain.Actor{Kind: domain.ActorUser, ID: "u", SessionID: "s"}, nil
		}
	})
	echohttp.Handle(k.API, "GET", "/logging", echohttp.Op{ID: "logging", Tag: "test", Auth: echohttp.BearerAuth},
		func(ctx context.Context, _ echohttp.Caller, _ none) (none, error) {
			log.WarnContext(context.WithoutCancel(ctx), "in the middle")
			return none{}, errSecret
		})
	for _, path := range []string{"/logging", "/logging/", "/%6cogging"} { // however the request is copied
		t.Run("are on every line of "+path+", once", func(t *testing.T) {
			out.Reset()
			id := k.get(path, "Authorization: Bearer good1").Header.Get("X-Request-Id")
			for _, message := range []string{"authenticating", "in the middle", "request"} {
				line, err := out.ReadString('\n')
				if err != nil || !strings.Contains(line, `"message":"`+message+`"`) || strings.Count(line, `"http.request.id":"`+id+`"`) != 1 {
					t.Errorf("%s of %s: %s", message, id, line)
				}
			}
		})
	}
}

func TestCORS(t *testing.T) {
	const app = "https://app.example.com"
	k := newKernel(t, func(o *echohttp.Options) { o.CORSOrigins = []string{app, "http://localhost:3000"} })

	t.Run("lets a listed origin read what is not in the body", func(t *testing.T) {
		h := k.get("/anybody", "Origin: "+app).Header
		for _, name := range []string{"X-Request-Id", "Retry-After", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "ETag"} {
			if !strings.Contains(h.Get("Access-Control-Expose-Headers"), name) {
				t.Errorf("does not expose %s", name)
			}
		}
	})
	for _, origin := range []string{"https://evil.app.example.com", "http://app.example.com", app + ":8443", "https://APP.example.com", app + "/", ""} {
		t.Run("says nothing to "+origin, func(t *testing.T) {
			for _, r := range []*http.Request{
				request("GET", "/anybody", nil, "Origin: "+origin), request("OPTIONS", "/orders", nil, "Access-Control-Request-Method: POST", "Origin: "+origin),
			} {
				if h := k.do(r).Header; h.Get("Access-Control-Allow-Origin") != "" || h.Get("Access-Control-Allow-Methods") != "" || h.Get("Vary") != "Origin" {
					t.Errorf("%s: %v", r.Method, h)
				}
			}
		})
	}
	for _, asked := range []string{
		"content-type,x-signet,traceparent,tracestate", "content-type,x-signet,x-datadog-trace-id,x-datadog-parent-id",
		"content-type,x-signet,x-requested-with", "content-type,x-signet,cache-control",
	} {
		t.Run("lets a listed origin send "+asked, func(t *testing.T) {
			preflight := func(origin, headers string) string {
				return k.do(request("OPTIONS", "/orders", nil, "Access-Control-Request-Method: POST", "Origin: "+origin, "Access-Control-Request-Headers: "+headers)).
					Header.Get("Access-Control-Allow-Headers")
			}
			if got := strings.ReplaceAll(preflight(app, asked), " ", ""); got != asked {
				t.Errorf("allowed are %s", got)
			}
			if got := preflight("https://evil.example", asked); got != "" {
				t.Errorf("anybody may send %s", got)
			}
			for _, bad := range []string{asked + ",a b", asked + ",", asked + strings.Repeat(",x", 20), asked + `,"x"`, strings.Repeat("x", 2000)} {
				if got := preflight(app, bad); got != "Authorization, Content-Type, X-Signet, X-Request-Id" {
					t.Errorf("%s: allowed are %s", bad, got)
				}
			}
		})
	}
	t.Run("is off by default", func(t *testing.T) {
		h := newKernel(t, nil).get("/anybody", "Origin: "+app).Header
		if h.Get("Access-Control-Allow-Origin") != "" || h.Get("Vary") != "" {
			t.Errorf("got %v", h)
		}
	})
	t.Run("never lets all origins use credentials (ASVS 3.4.2)", func(t *testing.T) {
		k := newKernel(t, func(o *echohttp.Options) { o.CORSOrigins = []string{"*"} })
		h := k.get("/anybody", "Origin: "+app).Header
		if h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("got %v", h)
		}
		wantProblem(t, k.post("/cookie", "", "Cookie: __Secure-signet_rt=token", "X-Signet: 1", "Origin: "+app), 403, "forbidden")
	})
}

func TestPaths(t *testing.T) {
	k := newKernel(t, nil)
	const bearer = "Authorization: Bearer good1"
	for _, path := range []string{"/me", "/me/", "/%6de", "/m%65/", "/me?x=1", "/me/?x=1"} {
		t.Run("work as "+path, func(t *testing.T) {
			wantStatus(t, k.get(path, bearer), http.StatusOK)
			wantProblem(t, k.get(path), 401, "token_missing")
		})
	}
	t.Run("work for other methods with a trailing slash", func(t *testing.T) {
		wantStatus(t, k.post("/orders/", `{"name":"n","secret":"s"}`), http.StatusCreated)
	})
	for _, path := range []string{
		"//me", "/me//", "/./me", "/x/../me", "/me/.", "/me/..", "/x/%2e%2e/me", "/%2e/me", "/me%2f", "/things%2fa", "/things/a%2Fb", "/things/a%2fb",
		"/things/a/b", "/things/..%2fme", "/me%00", "/me%20", "/me%09", "/me%5c", `/me\`, "/%256de", "/me%25", "/m%c3%a9", "/me;x=1", "/Me", "/ME",
		"/things/", "/things//", "/%2e%2e/%2e%2e/etc/passwd", "/me%0d%0aX:1", "/things/a%00",
	} {
		t.Run("are not found as "+path+" (AZ-12, GHSA-vfp3-v2gw-7wfq, CVE-2026-33494, CVE-2025-54576)", func(t *testing.T) {
			wantProblem(t, k.get(path, bearer), 404, "not_found")
		})
	}
}

// FuzzPath holds that a path either is not found or is routed by exactly what the log and the limits say it is.
func FuzzPath(f *testing.F) {
	for _, seed := range []string{"/me", "/things/a", "/things/a%2fb", "/a/../me", "/%6de/", "//me", "/things/%e2%80%a5", "/me;/", "/th%69ngs/%61"} {
		f.Add(seed)
	}
	k := &kernel{}
	f.Fuzz(func(t *testing.T, path string) {
		if k.API == nil {
			k = newKernel(t, func(o *echohttp.Options) { o.Limiter = nil })
		}
		server, err := http.NewRequest(http.MethodGet, "http://x"+path, nil)
		if err != nil || server.URL.Host != "x" {
			return
		}
		server.RemoteAddr = "192.0.2.1:1"
		w := httptest.NewRecorder()
		k.ServeHTTP(w, server)
		id, isThing := strings.CutPrefix(strings.TrimSuffix(server.URL.Path, "/"), "/things/")
		if w.Code != http.StatusOK || !isThing {
			return
		}
		if got := decodeBody[thingResponse](t, w.Result()); got.ID != id || strings.ContainsAny(id, "/\\%\x00") || id == ".." {
			t.Fatalf("%q was routed as %q", path, got.ID)
		}
	})
}

func TestMethods(t *testing.T) {
	k := newKernel(t, nil)
	t.Run("HEAD is GET for every GET route", func(t *testing.T) {
		wantStatus(t, k.do(request("HEAD", "/anybody", nil)), http.StatusOK)
		wantStatus(t, k.do(request("HEAD", "/livez", nil)), http.StatusOK)
		wantProblem(t, k.do(request("HEAD", "/orders", nil)), 405, "method_not_allowed")
	})
	t.Run("HEAD is told to operations, which must not act on it", func(t *testing.T) {
		if got := k.do(request("HEAD", "/page", nil)).Header.Get("Content-Length"); got != "" {
			t.Errorf("length is %s", got)
		}
	})
	t.Run("OPTIONS lists methods", func(t *testing.T) {
		res := k.do(request("OPTIONS", "/orders", nil))
		wantStatus(t, res, http.StatusNoContent)
		if got := res.Header.Get("Allow"); got != "OPTIONS, POST" {
			t.Errorf("Allow is %q", got)
		}
	})
	t.Run("a redirect is a 303 (OA-11)", func(t *testing.T) {
		res := k.get("/elsewhere")
		wantStatus(t, res, http.StatusSeeOther)
		if got := res.Header.Get("Location"); got != "https://app.example.com/" {
			t.Errorf("Location is %q", got)
		}
	})
	t.Run("a raw answer is what it is", func(t *testing.T) {
		res := k.get("/page", "Accept: text/html", "Accept: a/b")
		body, err := io.ReadAll(res.Body)
		if err != nil || string(body) != "<p>text/html,a/b" || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("got %q as %q", body, res.Header.Get("Content-Type"))
		}
	})
}

func TestAccessLog(t *testing.T) {
	t.Run("is silent about successes and refusals by default", func(t *testing.T) {
		k := newKernel(t, nil)
		k.get("/anybody")
		k.get("/nowhere")
		k.get("/me")
		if k.log.Len() > 0 {
			t.Errorf("logged %s", k.log.String())
		}
	})
	t.Run("has the route and never the path, the query or a header (LG-1, RG-12)", func(t *testing.T) {
		k := newKernel(t, func(o *echohttp.Options) { o.LogRequests = true })
		k.get("/things/"+marker+"?limit=1&x="+marker, "Authorization: Bearer "+marker, "Cookie: a="+marker, "User-Agent: "+marker, "Referer: https://x/"+marker)
		k.get("/nowhere/" + marker)
		k.do(request(strings.ToUpper(marker), "/things/a", nil))
		logged := k.log.String()
		if strings.Contains(strings.ToLower(logged), strings.ToLower(marker)) {
			t.Errorf("logged %s", logged)
		}
		for _, want := range []string{
			`"http.route":"/things/{id}"`, `"http.route":"unmatched"`, `"http.request.method":"GET"`, `"http.request.method":"other"`,
			`"http.response.status_code":200`, `"http.response.status_code":404`, `"client.ip":"192.0.2.1"`, `"http.request.id":"request-1"`,
		} {
			if !strings.Contains(logged, want) {
				t.Errorf("%s is not in %s", want, logged)
			}
		}
	})
}

func TestMetrics(t *testing.T) {
	metrics, registry := newMetrics()
	k := newKernel(t, func(o *echohttp.Options) { o.Metrics = metrics })
	k.get("/things/" + marker)
	k.get("/nowhere/" + marker)
	k.do(request("BREW", "/things/a", nil))
	for _, path := range []string{"/me", "/fail/unknown", "/fail/limited", "/fail/limited", "/panic"} {
		k.get(path)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	k.do(request("GET", "/wait", nil).WithContext(gone))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			var labels []string
			for _, label := range metric.GetLabel() {
				labels = append(labels, label.GetValue())
			}
			if n := metric.GetCounter().GetValue(); n > 0 {
				labels = append(labels, strconv.Itoa(int(n)))
			}
			if metric.GetHistogram() != nil || metric.GetCounter().GetValue() > 0 {
				got = append(got, strings.Join(labels, " "))
			}
		}
	}
	want := []string{
		"GET /fail/limited 429", "GET /fail/unknown 500", "GET /me 401", "GET /panic 500", "GET /things/{id} 200", "GET /wait 499", "GET unmatched 404", "other unmatched 405",
		"fail-limited rate_limited 2", "fail-unknown internal 1", "me token_missing 1", "panic internal 1", "thing succeeded 1", "wait client_gone 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("labels that anybody can choose, or wrong ones:\n%s", diff)
	}
}
