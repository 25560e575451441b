package echohttp_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
)

func TestReadiness(t *testing.T) {
	asked, ready := 0, false
	k := newKernel(t, func(o *echohttp.Options) {
		o.Ready = func(context.Context) (bool, map[string]string) {
			asked++
			return ready, map[string]string{"database": "unavailable"}
		}
	})
	t.Run("is not a load that anonymous calls can make", func(t *testing.T) {
		for range 100 {
			k.get("/readyz")
		}
		if asked > 50 {
			t.Errorf("asked %d times", asked)
		}
	})
	t.Run("is asked again", func(t *testing.T) {
		ready = true
		deadline := time.Now().Add(5 * time.Second)
		for k.get("/readyz").StatusCode != http.StatusOK {
			if time.Now().After(deadline) {
				t.Fatal("stays unavailable")
			}
		}
	})
}

func adminRequest(path string, headers ...string) *http.Request {
	r := request("GET", path, nil, headers...)
	r.RemoteAddr, r.Host = "127.0.0.1:40000", "localhost:5001"
	return r
}

func admin(k *kernel, o echohttp.AdminOptions, r *http.Request) *http.Response {
	return serve(echohttp.NewAdmin(k.API, o), r)
}

func TestAdmin(t *testing.T) {
	metrics, registry := newMetrics()
	k := newKernel(t, func(o *echohttp.Options) {
		o.Metrics = metrics
		o.CORSOrigins = []string{"https://app.example.com"}
		o.TrustedProxies = proxies
	})
	mails := []api.InboxMessage{{ID: "2", To: "b@example.com", Subject: "<b>Hi</b>", Text: "<script>alert(1)</script>", HTML: `<html><head lang="x"></head><script>alert(1)</script></html>`, Links: []string{"javascript:alert(1)"}, Code: "123456"}, {ID: "1", Links: []string{}}}
	options := echohttp.AdminOptions{Metrics: registry, Profile: true, Inbox: func(string) api.InboxResponse { return api.InboxResponse{Messages: mails} }}
	get := func(path string, headers ...string) *http.Response {
		return admin(k, options, adminRequest(path, headers...))
	}

	t.Run("shows the inbox as a page that runs nothing of a mail", func(t *testing.T) {
		for _, path := range []string{"/dev/inbox", "/dev/inbox/2", "/dev/inbox/2?part=text", "/dev/inbox/2?part=headers", "/dev/inbox/2?part=<b>Hi"} {
			res := get(path)
			body, _ := io.ReadAll(res.Body)
			for _, bad := range []string{"<script>alert", "<b>Hi", `href="javascript:`, "<img"} {
				if strings.Contains(string(body), bad) {
					t.Errorf("%s: %s is in the page", path, bad)
				}
			}
			policy := res.Header.Get("Content-Security-Policy")
			if !strings.Contains(string(body), "123456") || !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || res.StatusCode != http.StatusOK {
				t.Errorf("%s: got %s\n%s", path, policy, body)
			}
		}
		wantStatus(t, get("/dev/inbox/3"), http.StatusNotFound)
	})
	t.Run("shows the HTML of a mail in a sandbox, whatever is in it (Zitadel CVE-2024-41953)", func(t *testing.T) {
		res := get("/dev/inbox/2/html")
		body, _ := io.ReadAll(res.Body)
		if string(body) != `<html><head lang="x"><base target="_blank"></head><script>alert(1)</script></html>` {
			t.Errorf("got %s", body)
		}
		policy := res.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "form-action 'none'", "frame-ancestors 'self'", "sandbox allow-popups allow-popups-to-escape-sandbox"} {
			if !strings.Contains(policy, want) {
				t.Errorf("the policy is %s", policy)
			}
		}
		if strings.Contains(policy, "script") || strings.Contains(policy, "allow-same-origin") {
			t.Errorf("the policy is %s", policy)
		}
		wantProblem(t, get("/dev/inbox/3/html"), 404, "not_found")
	})
	t.Run("shows no inbox when there is none", func(t *testing.T) {
		wantProblem(t, admin(k, echohttp.AdminOptions{}, adminRequest("/dev/inbox")), 404, "not_found")
		wantProblem(t, admin(k, echohttp.AdminOptions{}, adminRequest("/debug/pprof")), 404, "not_found")
		wantProblem(t, admin(k, echohttp.AdminOptions{}, adminRequest("/metrics")), 404, "not_found")
	})
	for _, path := range []string{"/dev/inbox", "/dev/inbox/2", "/dev/inbox/2/html", "/debug/pprof", "/debug/pprof/cmdline", "/debug/pprof/heap", "/debug/pprof/profile"} {
		for name, change := range map[string]func(*http.Request){
			"another machine":              func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1" },
			"a rebound name":               func(r *http.Request) { r.Host = "evil.example:5001" },
			"a name that looks like ours":  func(r *http.Request) { r.Host = "localhost.evil.example" },
			"a name of all addresses":      func(r *http.Request) { r.Host = "0.0.0.0:5001" },
			"a proxy on this machine":      func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1") },
			"a trusted proxy's say-so":     func(r *http.Request) { r.RemoteAddr = "10.0.0.1:1"; r.Header.Set("X-Forwarded-For", "127.0.0.1") },
			"another machine without Host": func(r *http.Request) { r.RemoteAddr, r.Host = "192.0.2.1:1", "" },
		} {
			t.Run("refuses "+path+" to "+name+" (CVE-2024-52307)", func(t *testing.T) {
				r := adminRequest(path)
				change(r)
				wantProblem(t, admin(k, options, r), 403, "forbidden")
			})
		}
	}
	for _, host := range []string{"localhost", "LOCALHOST:5001", "127.0.0.1:5001", "127.9.9.9", "[::1]:5001", "[::1]"} {
		t.Run("knows the loopback host "+host, func(t *testing.T) {
			r := adminRequest("/debug/pprof/cmdline")
			r.Host = host
			wantStatus(t, admin(k, options, r), http.StatusOK)
		})
	}
	t.Run("shows metrics and profiles", func(t *testing.T) {
		k.get("/anybody")
		body, _ := io.ReadAll(get("/metrics").Body)
		if !strings.Contains(string(body), `signet_http_request_duration_seconds_count{method="GET",route="/anybody",status="200"} 1`) {
			t.Errorf("got %s", body)
		}
		wantStatus(t, get("/debug/pprof/"), http.StatusOK)
		wantStatus(t, get("/debug/pprof/goroutine?debug=1"), http.StatusOK)
	})
	t.Run("shows the documentation, with a policy of its own", func(t *testing.T) {
		for _, path := range []string{"/docs", "/docs/", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js"} {
			res := get(path)
			wantStatus(t, res, http.StatusOK)
			if got := res.Header.Get("Content-Security-Policy"); !strings.Contains(got, "script-src 'self'; style-src 'self' 'unsafe-inline'") {
				t.Errorf("%s: policy is %s", path, got)
			}
		}
		if got := get("/openapi.json"); got.StatusCode != http.StatusOK || strings.Contains(got.Header.Get("Content-Security-Policy"), "unsafe") {
			t.Errorf("the document: %d %s", got.StatusCode, got.Header.Get("Content-Security-Policy"))
		}
	})
	t.Run("answers no other origin", func(t *testing.T) {
		if got := get("/dev/inbox", "Origin: https://app.example.com").Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("allows %s", got)
		}
	})
}
