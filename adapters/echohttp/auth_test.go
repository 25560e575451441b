package echohttp_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/echohttp"
)

func TestBearerTokens(t *testing.T) {
	k := newKernel(t, nil)
	const invalid = `Bearer realm="signet", error="invalid_token"`

	for _, header := range []string{"Bearer good1", "bearer good1", "BEARER   good1", "Bearer good1=="} {
		t.Run("count as "+header, func(t *testing.T) {
			res := k.get("/me", "Authorization: "+header)
			wantStatus(t, res, http.StatusOK)
			if who := decodeBody[whoResponse](t, res); !strings.HasPrefix(who.Session, "good1") {
				t.Errorf("got %+v", who)
			}
		})
	}
	for _, header := range []string{"", "Basic Z29vZDE6", "good1", "Token good1"} {
		t.Run("are missing as "+header, func(t *testing.T) {
			var headers []string
			if header != "" {
				headers = append(headers, "Authorization: "+header)
			}
			res := k.get("/me", headers...)
			wantProblem(t, res, 401, "token_missing")
			if got := res.Header.Get("Www-Authenticate"); got != `Bearer realm="signet"` {
				t.Errorf("challenge is %q (RFC 6750 §3: no error without credentials)", got)
			}
		})
	}
	for _, header := range []string{
		"Bearer", "Bearer ", "Bearer  ", "Bearer good 1", "Bearer good\"1", "Bearer good,1", "Bearer góod", "Bearer =good", "Bearer good=1",
		"Bearer forged", "Bearer ended", "Bearer " + strings.Repeat("g", 8<<10+1),
	} {
		t.Run("are refused as "+header[:min(len(header), 20)], func(t *testing.T) {
			res := k.get("/me", "Authorization: "+header)
			wantProblem(t, res, 401, "token_invalid")
			if got := res.Header.Get("Www-Authenticate"); got != invalid {
				t.Errorf("challenge is %q", got)
			}
		})
	}
	t.Run("are refused twice", func(t *testing.T) {
		wantProblem(t, k.get("/me", "Authorization: Bearer good1", "Authorization: Bearer good2"), 400, "invalid_request")
	})
	t.Run("don't count in the query (SE-6, RFC 9700 §4.3.2)", func(t *testing.T) {
		wantProblem(t, k.get("/me?access_token=good1"), 401, "token_missing")
	})
	t.Run("don't count in a cookie or another header", func(t *testing.T) {
		wantProblem(t, k.get("/me", "Cookie: access_token=good1", "X-Access-Token: good1"), 401, "token_missing")
	})
	t.Run("are not looked at where none is asked for", func(t *testing.T) {
		res := k.get("/anybody", "Authorization: Bearer good1")
		wantStatus(t, res, http.StatusOK)
		if who := decodeBody[whoResponse](t, res); who.Session != "" || who.Bearer != "" {
			t.Errorf("got %+v", who)
		}
		wantStatus(t, k.get("/anybody", "Authorization: Bearer forged"), http.StatusOK)
	})
	t.Run("are optional where they may be sent, and then must count", func(t *testing.T) {
		if who := decodeBody[whoResponse](t, k.get("/optional")); who.Session != "" {
			t.Errorf("got %+v", who)
		}
		if who := decodeBody[whoResponse](t, k.get("/optional", "Authorization: Bearer good1")); who.Session != "good1" {
			t.Errorf("got %+v", who)
		}
		wantProblem(t, k.get("/optional", "Authorization: Bearer ended"), 401, "token_invalid")
	})
	t.Run("are passed on unverified where the use case judges", func(t *testing.T) {
		if who := decodeBody[whoResponse](t, k.get("/raw", "Authorization: Bearer ended")); who.Bearer != "ended" || who.Session != "" {
			t.Errorf("got %+v", who)
		}
	})
	t.Run("that can't be checked now are unavailable, not invalid", func(t *testing.T) {
		wantProblem(t, k.get("/me", "Authorization: Bearer down"), 503, "unavailable")
	})
	t.Run("are checked before the body is read", func(t *testing.T) {
		wantProblem(t, k.do(request("POST", "/me", strings.NewReader("{"))), 405, "method_not_allowed")
	})
}

func TestThrottle(t *testing.T) {
	limited := func(o *echohttp.Options) { o.Limits = echohttp.Limits{Anonymous: 3, Forged: 2, Authenticated: 4} }
	const good, other = "Authorization: Bearer good1", "Authorization: Bearer good2"

	t.Run("bounds anonymous calls per address block", func(t *testing.T) {
		k := newKernel(t, limited)
		for range 3 {
			wantStatus(t, k.get("/anybody"), http.StatusOK)
		}
		res := k.get("/anybody")
		wantProblem(t, res, 429, "rate_limited")
		for name, want := range map[string]string{"Retry-After": "20", "Ratelimit-Limit": "3", "Ratelimit-Remaining": "0", "Ratelimit-Reset": "60"} {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
		wantProblem(t, k.get("/nowhere"), 429, "rate_limited")
		wantProblem(t, k.get("/me"), 429, "rate_limited")
		wantProblem(t, k.get("/me", "Authorization: Bearer ended"), 429, "rate_limited")
		elsewhere := request("GET", "/anybody", nil)
		elsewhere.RemoteAddr = "192.0.2.2:1"
		wantStatus(t, k.do(elsewhere), http.StatusOK)
		wantStatus(t, k.get("/me", good), http.StatusOK)
		k.pass(20 * time.Second)
		wantStatus(t, k.get("/anybody"), http.StatusOK)
	})
	t.Run("counts an IPv6 customer as one (RL-2)", func(t *testing.T) {
		k := newKernel(t, limited)
		from := func(addr string) *http.Response {
			r := request("GET", "/anybody", nil)
			r.RemoteAddr = "[" + addr + "]:1"
			return k.do(r)
		}
		for _, addr := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::ffff:0:0:3"} {
			wantStatus(t, from(addr), http.StatusOK)
		}
		wantProblem(t, from("2001:db8::4"), 429, "rate_limited")
		wantStatus(t, from("2001:db8:0:1::1"), http.StatusOK)
	})
	t.Run("bounds a session, wherever it calls from", func(t *testing.T) {
		k := newKernel(t, limited)
		for range 4 {
			wantStatus(t, k.get("/me", good), http.StatusOK)
		}
		wantProblem(t, k.get("/me", good), 429, "rate_limited")
		wantStatus(t, k.get("/me", other), http.StatusOK)
	})
	t.Run("lets valid tokens through while forged ones get 429", func(t *testing.T) {
		k := newKernel(t, limited)
		for range 2 {
			wantProblem(t, k.get("/me", "Authorization: Bearer forged"), 401, "token_invalid")
		}
		wantProblem(t, k.get("/me", "Authorization: Bearer forged"), 429, "rate_limited")
		wantProblem(t, k.get("/validate", "Authorization: Bearer forged"), 429, "rate_limited")
		wantProblem(t, k.get("/me", "Authorization: Bearer not a token"), 429, "rate_limited")
		wantStatus(t, k.get("/me", good), http.StatusOK)
		wantStatus(t, k.get("/validate", good), http.StatusOK)
	})
	t.Run("counts forged tokens that a use case found", func(t *testing.T) {
		k := newKernel(t, func(o *echohttp.Options) { o.Limits = echohttp.Limits{Forged: 2} })
		for range 2 {
			wantProblem(t, k.post("/refresh", "", "Authorization: Bearer forged"), 401, "token_invalid")
		}
		wantProblem(t, k.post("/refresh", "", "Authorization: Bearer forged"), 429, "rate_limited")
		wantProblem(t, k.post("/refresh", "", "Authorization: Bearer ended"), 401, "token_invalid")
	})
	t.Run("gives credentials that a use case found good their reservation back", func(t *testing.T) {
		k := newKernel(t, limited)
		for range 10 {
			wantStatus(t, k.post("/refresh", "", good), http.StatusOK)
		}
		for range 3 {
			wantProblem(t, k.post("/refresh", "", "Authorization: Bearer ended"), 401, "token_invalid")
		}
		wantProblem(t, k.post("/refresh", "", good), 429, "rate_limited")
	})
	t.Run("never counts valid use of what other services need, nor health", func(t *testing.T) {
		k := newKernel(t, limited)
		for range 20 {
			wantStatus(t, k.get("/validate", good), http.StatusOK)
			wantStatus(t, k.get("/free"), http.StatusOK)
			wantStatus(t, k.get("/livez"), http.StatusOK)
			wantStatus(t, k.get("/readyz"), http.StatusOK)
		}
	})
	t.Run("is off without a limiter", func(t *testing.T) {
		k := newKernel(t, func(o *echohttp.Options) { limited(o); o.Limiter = nil })
		for range 20 {
			wantStatus(t, k.get("/anybody"), http.StatusOK)
			wantProblem(t, k.get("/me", "Authorization: Bearer forged"), 401, "token_invalid")
		}
	})
}

func TestCookies(t *testing.T) {
	k := newKernel(t, func(o *echohttp.Options) { o.CORSOrigins = []string{"https://app.example.com"} })
	const cookie, mark = "Cookie: __Secure-signet_rt=token", "X-Signet: 1"
	for _, origin := range []string{"https://app.example.com", "https://auth.example.com"} {
		t.Run("count with the mark and the origin "+origin, func(t *testing.T) {
			res := k.post("/cookie", "", cookie, mark, "Origin: "+origin)
			wantStatus(t, res, http.StatusAccepted)
			if got := decodeBody[whoResponse](t, res).Session; got != "token" {
				t.Errorf("got %q", got)
			}
		})
	}
	for name, headers := range map[string][]string{
		"an origin":           {cookie, mark},
		"an allowed origin":   {cookie, mark, "Origin: https://evil.example"},
		"an origin but null":  {cookie, mark, "Origin: null"},
		"one origin alone":    {cookie, mark, "Origin: https://app.example.com", "Origin: https://evil.example"},
		"the mark":            {cookie, "Origin: https://app.example.com"},
		"the mark's value":    {cookie, "X-Signet: 0", "Origin: https://app.example.com"},
		"being the only ones": {cookie, "Cookie: __Secure-signet_rt=other", mark, "Origin: https://app.example.com"},
	} {
		t.Run("are refused without "+name+" (ASVS 3.5.1)", func(t *testing.T) {
			wantProblem(t, k.post("/cookie", "", headers...), 403, "forbidden")
		})
	}
	t.Run("are absent when none was sent", func(t *testing.T) {
		if got := decodeBody[whoResponse](t, k.post("/cookie", "", "Cookie: signet_rt=token")).Session; got != "" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("are kept from scripts and other sites (ASVS 3.3.1–3.3.4)", func(t *testing.T) {
		res := k.post("/cookie", "")
		want := "__Secure-signet_rt=next; Path=/api/auth; Expires=Fri, 16 Jan 2026 03:04:05 GMT; HttpOnly; Secure; SameSite=Strict"
		if got := res.Header.Get("Set-Cookie"); got != want {
			t.Errorf("got %q", got)
		}
		if res.Header.Get("X-Extra") != "1" {
			t.Error("the answer's own header is missing")
		}
	})
	t.Run("are deleted with the refusal of what they held, and with no other", func(t *testing.T) {
		res := k.post("/cookie", "", "Cookie: __Secure-signet_rt=dead", mark, "Origin: https://app.example.com")
		wantProblem(t, res, 401, "token_invalid")
		want := "__Secure-signet_rt=; Path=/api/auth; Max-Age=0; HttpOnly; Secure; SameSite=Strict"
		if got := res.Header.Get("Set-Cookie"); got != want {
			t.Errorf("got %q", got)
		}
		res = k.post("/cookie", "", "Cookie: __Secure-signet_rt=dead")
		wantProblem(t, res, 403, "forbidden")
		if got := res.Header.Get("Set-Cookie"); got != "" {
			t.Errorf("a page that proved nothing deleted the cookie: %q", got)
		}
	})
	t.Run("are for other sites only where that is set, and then never without Secure", func(t *testing.T) {
		k := newKernel(t, func(o *echohttp.Options) { o.CookieSameSite = http.SameSiteNoneMode })
		if got := k.post("/cookie", "").Header.Get("Set-Cookie"); !strings.HasSuffix(got, "; Secure; SameSite=None") {
			t.Errorf("got %q", got)
		}
		for _, url := range []string{"", "http://localhost:5000", "http://auth.example"} {
			if _, err := echohttp.New(echohttp.Options{PublicURL: url, CookieSameSite: http.SameSiteNoneMode}); err == nil {
				t.Errorf("%q was taken", url)
			}
		}
	})
	t.Run("have another name on http, on a loopback host only", func(t *testing.T) {
		for url, want := range map[string]string{
			"":                      "signet_rt=next; Path=/api/auth; Expires=Fri, 16 Jan 2026 03:04:05 GMT; HttpOnly; SameSite=Strict",
			"http://localhost:5000": "signet_rt=next; Path=/api/auth; Expires=Fri, 16 Jan 2026 03:04:05 GMT; HttpOnly; SameSite=Strict",
			"http://auth.example":   "__Secure-signet_rt=next; Path=/api/auth; Expires=Fri, 16 Jan 2026 03:04:05 GMT; HttpOnly; Secure; SameSite=Strict",
		} {
			k := newKernel(t, func(o *echohttp.Options) { o.PublicURL = url })
			if got := k.post("/cookie", "").Header.Get("Set-Cookie"); got != want {
				t.Errorf("%s: got %q", url, got)
			}
		}
	})
}
