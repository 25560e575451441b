package echohttp_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/domain"
)

func TestProblems(t *testing.T) {
	k := newKernel(t, nil)
	for _, tt := range []struct {
		name   string
		status int
		code   string
		header string // "Name: value" that must be there
	}{
		{"invalid", 400, "invalid_token", ""},
		{"limited", 429, "rate_limited", "Retry-After: 2"},
		{"busy", 503, "busy", "Retry-After: 1"},
		{"deadline", 503, "unavailable", "Retry-After: 1"},
		{"internal", 500, "internal", ""},
		{"unknown", 500, "internal", ""},
	} {
		t.Run(tt.name+" is answered by its kind", func(t *testing.T) {
			k.log.Reset()
			res := k.get("/fail/" + tt.name)
			p := wantProblem(t, res, tt.status, tt.code)
			if name, value, _ := strings.Cut(tt.header, ": "); name != "" && res.Header.Get(name) != value {
				t.Errorf("%s is %q, want %q", name, res.Header.Get(name), value)
			}
			if res.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("Cache-Control is %q", res.Header.Get("Cache-Control"))
			}
			if strings.Contains(p.Detail, "10.0.0.7") {
				t.Errorf("the cause got out: %s", p.Detail)
			}
			if logged := k.log.String(); (tt.status >= 500) != strings.Contains(logged, `"http.route":"/fail/`+tt.name+`"`) {
				t.Errorf("logged %q", logged)
			}
		})
	}
	t.Run("an unknown error is in the log, with its cause and the request id (ASVS 16.5.1)", func(t *testing.T) {
		k.log.Reset()
		p := wantProblem(t, k.get("/fail/internal"), 500, "internal")
		if logged := k.log.String(); !strings.Contains(logged, "10.0.0.7") || !strings.Contains(logged, p.RequestID) {
			t.Errorf("logged %q", logged)
		}
	})
	t.Run("a panic is an internal error, logged with its stack (ASVS 16.5.4, CVE-2024-32967)", func(t *testing.T) {
		k.log.Reset()
		p := wantProblem(t, k.get("/panic"), 500, "internal")
		if strings.Contains(p.Detail, "10.0.0.7") {
			t.Errorf("the cause got out: %s", p.Detail)
		}
		if logged := k.log.String(); !strings.Contains(logged, "10.0.0.7") || !strings.Contains(logged, "addFailures") {
			t.Errorf("logged %q", logged)
		}
	})
	t.Run("a deadline of ours is 503", func(t *testing.T) {
		wantProblem(t, k.get("/slow"), 503, "unavailable")
	})
	t.Run("a client that hung up is no failure of ours", func(t *testing.T) {
		k.log.Reset()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantProblem(t, k.do(request("GET", "/wait", nil).WithContext(ctx)), 503, "unavailable") // it may still read
		if k.log.Len() > 0 {
			t.Errorf("logged %q", k.log.String())
		}
	})
}

func TestCodes(t *testing.T) {
	t.Run("of the core are those of the API", func(t *testing.T) {
		for _, pair := range []struct {
			err  *domain.Error
			code api.Code
		}{
			{domain.ErrInvalidRequest, api.CodeInvalidRequest},
			{domain.ErrInvalidToken, api.CodeInvalidToken},
			{domain.ErrUnknownService, api.CodeUnknownService},
			{domain.ErrInvalidCredentials, api.CodeInvalidCredentials},
			{domain.ErrTokenMissing, api.CodeTokenMissing},
			{domain.ErrTokenInvalid, api.CodeTokenInvalid},
			{domain.ErrForbidden, api.CodeForbidden},
			{domain.ErrEmailNotVerified, api.CodeEmailNotVerified},
			{domain.ErrWrongAudience, api.CodeWrongAudience},
			{domain.ErrReauthRequired, api.CodeReauthRequired},
			{domain.ErrNotFound, api.CodeNotFound},
			{domain.ErrEmailTaken, api.CodeEmailTaken},
			{domain.ErrSessionLimitReached, api.CodeSessionLimitReached},
			{domain.ErrConfirmationNeeded, api.CodeConfirmationRequired},
			{domain.ErrRateLimited, api.CodeRateLimited},
			{domain.ErrUnavailable, api.CodeUnavailable},
			{domain.ErrBusy, api.CodeBusy},
			{domain.ErrInternal, api.CodeInternal},
		} {
			if pair.err.Code != pair.code {
				t.Errorf("%s is %s in the API", pair.err.Code, pair.code)
			}
		}
	})
	t.Run("of events are those of the API", func(t *testing.T) {
		for event, name := range map[domain.EventType]api.EventType{
			domain.EventUserRegistered: api.EventUserRegistered, domain.EventUserVerified: api.EventUserVerified,
			domain.EventUserLocked: api.EventUserLocked, domain.EventUserExported: api.EventUserExported, domain.EventLoginSucceeded: api.EventLoginSucceeded,
			domain.EventLoginFailed: api.EventLoginFailed, domain.EventSessionEnded: api.EventSessionEnded,
			domain.EventRefreshReused: api.EventTokenRefreshReused, domain.EventRefreshRecovered: api.EventTokenRefreshRecovered,
			domain.EventPasswordChanged: api.EventPasswordChanged, domain.EventGrantAdded: api.EventGrantAdded,
			domain.EventKeyCreated: api.EventKeyCreated, domain.EventKeyActivated: api.EventKeyActivated, domain.EventKeyRevoked: api.EventKeyRevoked,
		} {
			if string(event) != name {
				t.Errorf("%s is %s in the API", event, name)
			}
		}
	})
}

func TestOptions(t *testing.T) {
	for name, change := range map[string]func(*echohttp.Options){
		"a CORS origin with a path":      func(o *echohttp.Options) { o.CORSOrigins = []string{"https://a.example/x"} },
		"a CORS origin with a slash":     func(o *echohttp.Options) { o.CORSOrigins = []string{"https://a.example/"} },
		"a CORS origin without a scheme": func(o *echohttp.Options) { o.CORSOrigins = []string{"a.example"} },
		"a CORS origin null":             func(o *echohttp.Options) { o.CORSOrigins = []string{"null"} },
		"a CORS pattern of userinfo":     func(o *echohttp.Options) { o.CORSOrigins = []string{"https://x@a.example"} },
		"CORS of all and some":           func(o *echohttp.Options) { o.CORSOrigins = []string{"*", "https://a.example"} },
		"cookies for others on http":     func(o *echohttp.Options) { o.PublicURL, o.CookieSameSite = "http://a.example", http.SameSiteNoneMode },
		"a public URL without a host":    func(o *echohttp.Options) { o.PublicURL = "https://" },
		"a public URL of another scheme": func(o *echohttp.Options) { o.PublicURL = "ftp://a.example" },
	} {
		t.Run("refuse "+name, func(t *testing.T) {
			options := echohttp.Options{}
			change(&options)
			if _, err := echohttp.New(options); err == nil {
				t.Error("accepted")
			}
		})
	}
}
