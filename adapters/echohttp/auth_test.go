package echohttp_test

import (
	"net/http"
	"strings"
	"testing"

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
}

func TestThrottle(t *testing.T) {
	limited := func(o *echohttp.Options) { o.Limits = echohttp.Limits{Anonymous: 3, Forged: 2} }
	const good, ended = "Authorization: Bearer good1", "Authorization: Bearer ended"

	t.Run("counts what is not found, and what has no good token, as a stranger's", func(t *testing.T) {
		k := newKernel(t, limited)
		wantProblem(t, k.get("/nowhere"), 404, "not_found")
		wantProblem(t, k.get("/me"), 401, "token_missing")
		wantProblem(t, k.get("/me", ended), 401, "token_invalid")
		for _, path := range []string{"/nowhere", "/me", "/anybody"} {
			wantProblem(t, k.get(path, ended), 429, "rate_limited")
		}
		wantStatus(t, k.get("/me", good), http.StatusOK)
	})
	t.Run("gives credentials that a use case found good their reservation back", func(t *testing.T) {
		k := newKernel(t, limited)
		for range 10 {
			wantStatus(t, k.post("/refresh", "", good), http.StatusOK)
		}
		for range 3 {
			wantProblem(t, k.post("/refresh", "", ended), 401, "token_invalid")
		}
		wantProblem(t, k.post("/refresh", "", good), 429, "rate_limited")
	})
}

func TestACookieFromTwoOriginsIsRefused(t *testing.T) {
	k := newKernel(t, func(o *echohttp.Options) { o.CORSOrigins = []string{"https://app.example.com"} })
	res := k.post("/cookie", "", "Cookie: __Secure-signet_rt=token", "X-Signet: 1", "Origin: https://app.example.com", "Origin: https://evil.example")
	wantProblem(t, res, 403, "forbidden")
}

func TestACookieIsSecureOnHTTPTooButForALoopbackHost(t *testing.T) {
	k := newKernel(t, func(o *echohttp.Options) { o.PublicURL = "http://auth.example" })
	if got := k.post("/cookie", "").Header.Get("Set-Cookie"); !strings.HasPrefix(got, "__Secure-signet_rt=next; ") || !strings.Contains(got, "; Secure; ") {
		t.Errorf("got %q", got)
	}
}
