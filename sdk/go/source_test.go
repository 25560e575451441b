package signet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	signet "github.com/signet-auth/signet/sdk/go"
)

// tokens answers /oauth2/token with numbered tokens of 100 s, or as answer says.
func tokens(t *testing.T, change func(*signet.TokenConfig)) (*origin, *signet.TokenSource, *atomic.Pointer[time.Time]) {
	t.Helper()
	o := newOrigin(t)
	c := signet.TokenConfig{URL: issuer, ClientID: "billing", AppToken: appToken, Service: "shipping", Transport: o}
	if change != nil {
		change(&c)
	}
	source, err := signet.NewTokenSource(c)
	if err != nil {
		t.Fatal(err)
	}
	var now atomic.Pointer[time.Time]
	begin := time.Unix(1_794_000_000, 0)
	now.Store(&begin)
	source.SetClock(func() time.Time { return *now.Load() })
	return o, source, &now
}

func issue(o *origin) func(*http.Request) *http.Response {
	return func(*http.Request) *http.Response {
		return respond(http.StatusOK, fmt.Sprintf(`{"access_token":"t-%d","token_type":"Bearer","expires_in":100}`, o.count("/oauth2/token")))
	}
}

func forward(now *atomic.Pointer[time.Time], d time.Duration) {
	later := now.Load().Add(d)
	now.Store(&later)
}

func TestOneCallGetsTheTokenForAllAndNoneIsHandedOutThatEndsSoon(t *testing.T) {
	o, source, now := tokens(t, nil)
	o.answer = issue(o)
	together(50, func(int) {
		if token, err := source.Token(t.Context()); token != "t-1" || err != nil {
			t.Error(token, err)
		}
	})
	forward(now, 69*time.Second)
	if token, _ := source.Token(t.Context()); token != "t-1" || o.count("/oauth2/token") != 1 {
		t.Error(token, "31 s before its end")
	}
	forward(now, 2*time.Second)
	if token, _ := source.Token(t.Context()); token != "t-2" {
		t.Error(token, "29 s before its end")
	}
}

func TestAnOldTokenIsServedWhileSignetIsAway(t *testing.T) {
	o, source, now := tokens(t, nil)
	o.answer = func(*http.Request) *http.Response {
		return respond(http.StatusOK, `{"access_token":"t-1","token_type":"Bearer","expires_in":1000}`)
	}
	if _, err := source.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	o.answer = func(*http.Request) *http.Response { return respond(http.StatusBadGateway, "") }
	forward(now, 850*time.Second)
	for range 5 {
		if token, err := source.Token(t.Context()); token != "t-1" || err != nil {
			t.Error(token, err)
		}
	}
	eventually(t, "a try to renew it", func() bool { return o.count("/oauth2/token") == 2 })
	forward(now, 125*time.Second) // 25 s are left
	eventually(t, "no token", func() bool { _, err := source.Token(t.Context()); return err != nil })
	forward(now, time.Minute)
	o.answer = issue(o)
	if token, err := source.Token(t.Context()); token == "t-1" || err != nil {
		t.Error(token, err)
	}
}

func TestAMistakeIsToldAtOnceAndNotRepeated(t *testing.T) {
	o, source, now := tokens(t, func(c *signet.TokenConfig) { c.Scope = []string{"parcel:send"} })
	o.answer = func(r *http.Request) *http.Response {
		if r.FormValue("scope") != "parcel:send" || r.FormValue("service") != "shipping" || r.FormValue("client_id") != "billing" {
			t.Error(r.Form)
		}
		return respond(http.StatusBadRequest, `{"error":"invalid_scope","error_description":"parcel:send is not held"}`)
	}
	for range 20 {
		var refused *signet.TokenError
		if _, err := source.Token(t.Context()); !errors.As(err, &refused) || refused.Code != "invalid_scope" {
			t.Fatal(err)
		}
	}
	if n := o.count("/oauth2/token"); n != 1 {
		t.Error(n, "tries within 10 s")
	}
	forward(now, 11*time.Second)
	_, _ = source.Token(t.Context())
	if n := o.count("/oauth2/token"); n != 2 {
		t.Error(n, "tries")
	}
}

func TestARotatedAppTokenIsReadFromTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app_token")
	if err := os.WriteFile(file, []byte("sgat_old"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, source, _ := tokens(t, func(c *signet.TokenConfig) { c.AppToken, c.AppTokenFile = "", file })
	if err := os.WriteFile(file, []byte("sgat_new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.answer = func(r *http.Request) *http.Response {
		if r.FormValue("client_secret") != "sgat_new" {
			return respond(http.StatusUnauthorized, `{"error":"invalid_client"}`)
		}
		return issue(o)(r)
	}
	if token, err := source.Token(t.Context()); token != "t-2" || err != nil {
		t.Error(token, err)
	}
}

// A 503 of a replica that stops is tried again elsewhere.
func TestABusyReplicaIsTriedAgain(t *testing.T) {
	o, source, _ := tokens(t, nil)
	o.answer = func(r *http.Request) *http.Response {
		if o.count("/oauth2/token") < 3 {
			return respond(http.StatusServiceUnavailable, "")
		}
		return issue(o)(r)
	}
	if token, err := source.Token(t.Context()); token != "t-3" || err != nil {
		t.Error(token, err)
	}
}

func TestTheTokenGoesToItsOriginsOnly(t *testing.T) {
	o, source, _ := tokens(t, nil)
	o.answer = issue(o)
	var elsewhere atomic.Value
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere.Store(r.Header.Get("Authorization")) }))
	defer other.Close()
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			t.Error("no token for its own")
		}
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	}))
	defer own.Close()
	client := source.Client(nil, own.URL)
	for _, address := range []string{own.URL, other.URL} {
		elsewhere.Store("not called")
		response, err := client.Post(address, "text/plain", bytes.NewReader([]byte("x")))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if got := elsewhere.Load(); got != "" {
			t.Errorf("%q went elsewhere", got)
		}
	}
}

func TestA401DropsTheTokenAndTriesOnceMore(t *testing.T) {
	o, source, _ := tokens(t, nil)
	o.answer = issue(o)
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = append(got, r.Header.Get("Authorization")+" "+string(body))
		if r.Header.Get("Authorization") != "Bearer t-2" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	defer server.Close()
	client := source.Client(nil, server.URL)
	response, err := client.Post(server.URL, "text/plain", bytes.NewReader([]byte("x")))
	if err != nil || response.StatusCode != http.StatusOK || len(got) != 2 || got[0] != "Bearer t-1 x" || got[1] != "Bearer t-2 x" {
		t.Error(response, err, got)
	}
	_ = response.Body.Close()
	got = nil
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, io.NopCloser(bytes.NewReader([]byte("x")))) // can't be sent twice
	request.Header.Set("Authorization", "Bearer mine")
	response, err = client.Do(request)
	if err != nil || response.StatusCode != http.StatusUnauthorized || len(got) != 1 || got[0] != "Bearer mine x" {
		t.Error(response, err, got)
	}
	_ = response.Body.Close()
}

func TestFormsAreEscaped(t *testing.T) {
	o := newOrigin(t)
	v := o.verifier(t, nil)
	v.Learn("subject", "stale", "u-1", 11)
	token := o.token(t, o.kid, nil)
	o.answer = func(r *http.Request) *http.Response {
		body, _ := io.ReadAll(r.Body)
		form, err := url.ParseQuery(string(body))
		if err != nil || form.Get("token") != token || len(form) != 1 || r.Header.Get("Signet-After") != "11" {
			t.Errorf("%s %v", body, r.Header)
		}
		return respond(http.StatusOK, `{"active":true,"cs":11}`)
	}
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Error(err)
	}
}
