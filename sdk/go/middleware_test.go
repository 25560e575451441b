package signet_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	signet "github.com/signet-auth/signet/sdk/go"
)

// get is an answer of a handler that says who calls.
func get(t *testing.T, protect func(http.Handler) http.Handler, authorization ...string) *httptest.ResponseRecorder {
	t.Helper()
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header["Authorization"] = authorization
	protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p, ok := signet.From(r.Context()); ok {
			_, _ = w.Write([]byte(p.Subject))
		}
	})).ServeHTTP(w, r)
	return w
}

func TestAnswersSayWhatIsMissingAndNotWhy(t *testing.T) {
	o := newOrigin(t)
	var refusals []signet.Refusal
	v := o.verifier(t, func(c *signet.Config) {
		c.OnRefusal = func(_ context.Context, r signet.Refusal) { refusals = append(refusals, r) }
	})
	good := "Bearer " + o.token(t, o.kid, nil)
	login := func(acr any, age time.Duration) []string {
		return []string{"Bearer " + o.token(t, o.kid, map[string]any{"acr": acr, "auth_time": time.Now().Add(-age).Unix()})}
	}
	fresh := func(next http.Handler) http.Handler { return v.Require()(v.RequireFresh("aal2", 10*time.Minute)(next)) }
	const stale = `Bearer realm="billing", error="insufficient_user_authentication", acr_values="aal2", max_age=600`
	v.Learn("session", "ended", "s-2", 11)
	v.Learn("subject", "stale", "u-3", 12)
	for _, c := range []struct {
		name          string
		protect       func(http.Handler) http.Handler
		authorization []string
		status        int
		code, www     string
	}{
		{"a valid token", v.Require(), []string{good}, 200, "u-1", ""},
		{"a permission", v.Require("invoice:read"), []string{good}, 200, "u-1", ""},
		{"no token", v.Require(), nil, 401, "token_missing", `Bearer realm="billing"`},
		{"two", v.Require(), []string{good, good}, 401, "token_missing", `Bearer realm="billing"`},
		{"a bad token", v.Require(), []string{"Bearer x"}, 401, "token_invalid", `Bearer realm="billing", error="invalid_token"`},
		{"an ended one", v.Require(), []string{"Bearer " + o.token(t, o.kid, map[string]any{"sid": "s-2"})}, 401, "token_invalid", `Bearer realm="billing", error="invalid_token"`},
		{"one permission of two", v.Require("invoice:read", "invoice:void"), []string{good}, 403, "forbidden", `Bearer realm="billing", error="insufficient_scope", scope="invoice:void"`},
		{"a fresh login", fresh, login("aal2", 9*time.Minute), 200, "u-1", ""},
		{"a stronger one", fresh, login("phr", time.Minute), 200, "u-1", ""},
		{"an old login", fresh, login("aal2", 11*time.Minute), 401, "reauth_required", stale},
		{"a weak one", fresh, login("aal1", time.Minute), 401, "reauth_required", stale},
		{"one of a level that is not known here", fresh, login("aal9", time.Minute), 401, "reauth_required", stale},
		{"no login", fresh, []string{good}, 401, "reauth_required", stale},
		{"a fresh login without a token", v.RequireFresh("aal1", 0), login("aal2", 0), 401, "token_missing", `Bearer realm="billing"`},
		{"no verdict", v.Require(), []string{"Bearer " + o.token(t, o.kid, map[string]any{"sub": "u-3"})}, 503, "unavailable", ""},
		{"optional, none", v.Optional(), nil, 200, "", ""},
		{"optional, a valid one", v.Optional(), []string{good}, 200, "u-1", ""},
		{"optional, a bad one", v.Optional(), []string{"Bearer x"}, 401, "token_invalid", `Bearer realm="billing", error="invalid_token"`},
		{"optional, DPoP", v.Optional(), []string{"DPoP x"}, 200, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := get(t, c.protect, c.authorization...)
			if w.Code != c.status || w.Header().Get("WWW-Authenticate") != c.www || (w.Header().Get("Retry-After") == "1") != (c.status == 503) {
				t.Error(w.Code, w.Header())
			}
			if c.status == 200 {
				if w.Body.String() != c.code {
					t.Error(w.Body)
				}
				return
			}
			var problem struct {
				Code, Detail, Message, Title string
				Status                       int
				Success                      *bool
			}
			if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || problem.Code != c.code || problem.Status != c.status || problem.Detail != problem.Message ||
				problem.Title == "" || problem.Success == nil || *problem.Success || w.Header().Get("Content-Type") != "application/problem+json" {
				t.Error(err, w.Body, w.Header())
			}
			if strings.Contains(w.Body.String(), "ended") || strings.Contains(w.Body.String(), "malformed") {
				t.Error(w.Body)
			}
		})
	}
	if len(refusals) != 3 || refusals[0] != (signet.Refusal{Reason: signet.ReasonMalformed}) ||
		refusals[1] != (signet.Refusal{Reason: signet.ReasonEnded, Subject: "u-1", KID: o.kid}) {
		t.Errorf("%+v", refusals)
	}
}

// TestADemandThatNoLoginCanBeComparedWith lets nobody through.
func TestADemandThatNoLoginCanBeComparedWith(t *testing.T) {
	o := newOrigin(t)
	v := o.verifier(t, nil)
	p, err := v.Verify(t.Context(), o.token(t, o.kid, map[string]any{"acr": "phr", "auth_time": time.Now().Unix()}))
	if err != nil || p.Fresh("phr", time.Minute) != nil {
		t.Fatal(err)
	}
	for _, demand := range []struct {
		acr    string
		maxAge time.Duration
	}{{"aal3", 0}, {"AAL2", 0}, {"", 0}, {"aal2", -time.Second}} {
		if p.Fresh(demand.acr, demand.maxAge) == nil {
			t.Errorf("%+v is met", demand)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v guards a route", demand)
				}
			}()
			v.RequireFresh(demand.acr, demand.maxAge)
		}()
	}
}

func TestAnswersCanBeReplaced(t *testing.T) {
	o := newOrigin(t)
	v := o.verifier(t, func(c *signet.Config) {
		c.Answer = func(w http.ResponseWriter, _ *http.Request, p signet.Problem) {
			if !errors.Is(p.Err, signet.ErrMissing) {
				t.Error(p.Err)
			}
			w.WriteHeader(http.StatusTeapot)
		}
	})
	if w := get(t, v.Require()); w.Code != http.StatusTeapot {
		t.Error(w.Code)
	}
}

func TestAMisspelledPermissionFailsAtWiring(t *testing.T) {
	v := newOrigin(t).verifier(t, nil)
	for _, name := range []string{"invoice", "invoice:*", "shipping/parcel:send"} {
		func() {
			defer func() {
				if err, _ := recover().(error); err == nil || !strings.Contains(err.Error(), name) {
					t.Errorf("%s: %v", name, err)
				}
			}()
			v.Require(name)
		}()
	}
}
