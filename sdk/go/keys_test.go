package signet_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	signet "github.com/signet-auth/signet/sdk/go"
)

// served is a verifier whose keys come over HTTP, from a server whose answer can be changed.
func served(t *testing.T) (*origin, *signet.Verifier, *atomic.Value) {
	t.Helper()
	o := newOrigin(t)
	var now atomic.Value
	now.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(o.jwks)) }))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { now.Load().(http.HandlerFunc)(w, r) }))
	t.Cleanup(server.CloseClientConnections)
	t.Cleanup(server.Close)
	return o, o.verifier(t, func(c *signet.Config) { c.URL, c.Transport, c.AppToken = server.URL, nil, "" }), &now
}

func TestAGoodKeySetOutlivesBadAnswers(t *testing.T) {
	answers := map[string]http.HandlerFunc{
		"it redirects": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) },
		"it is HTML":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>Sign in</html>")) },
		"it has 10 MB": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[` + strings.Repeat(" ", 10<<20) + `]}`))
		},
		"it is empty": func(http.ResponseWriter, *http.Request) {},
		"it breaks off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write([]byte(`{"keys":`))
		},
	}
	for name, handler := range answers {
		t.Run(name, func(t *testing.T) {
			o, v, now := served(t)
			now.Store(handler)
			v.Refetch()
			if _, err := v.Verify(t.Context(), o.token(t, o.kid, nil)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAKeyServerThatHangsHoldsNobodyUp(t *testing.T) {
	o, v, now := served(t)
	hang := make(chan struct{})
	defer close(hang)
	now.Store(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hang }))
	begin := time.Now()
	if _, err := v.Verify(t.Context(), o.token(t, "unknown", nil)); !errors.Is(err, signet.ErrInvalid) {
		t.Error(err)
	}
	if took := time.Since(begin); took > 2500*time.Millisecond {
		t.Error("an unknown kid took ", took)
	}
	begin = time.Now()
	if _, err := v.Verify(t.Context(), o.token(t, o.kid, nil)); err != nil || time.Since(begin) > time.Second {
		t.Error("a known kid: ", err, time.Since(begin))
	}
}

func TestAKeyThatIsGoneIsGoneForRememberedTokens(t *testing.T) {
	o, v, now := served(t)
	token := o.token(t, o.kid, nil)
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	other := newOrigin(t)
	now.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.ReplaceAll(other.jwks, "k-1", "k-2")))
	}))
	v.Refetch()
	var refusal *signet.Refusal
	if _, err := v.Verify(t.Context(), token); !errors.As(err, &refusal) || refusal.Reason != signet.ReasonKeyUnknown {
		t.Error(err)
	}
}

func TestTheKeySetIsAskedForConditionally(t *testing.T) {
	o, v, now := served(t)
	var asked atomic.Value
	now.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Store(r.Header.Get("If-None-Match"))
		w.Header().Set("ETag", `"one"`)
		if r.Header.Get("If-None-Match") == `"one"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte(o.jwks))
	}))
	v.Refetch()
	v.Refetch()
	if asked.Load() != `"one"` {
		t.Errorf("%v", asked.Load())
	}
	if _, err := v.Verify(t.Context(), o.token(t, o.kid, nil)); err != nil {
		t.Error(err)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for setting, change := range map[string]func(*signet.Config){
		`it is ""`:     func(c *signet.Config) { c.Issuer = "" },
		"no user":      func(c *signet.Config) { c.Issuer = "https://u:eyJ@auth.example.com" },
		"no query":     func(c *signet.Config) { c.URL = "https://auth.example.com?x=1" },
		`it is "The B`: func(c *signet.Config) { c.Audience = "The Billing" },
		"Issuer":       func(c *signet.Config) { c.Issuer = "" },
		"Audience":     func(c *signet.Config) { c.Audience = "" },
		"AppToken":     func(c *signet.Config) { c.AppToken = "eyJhbGciOi" },
		"is empty":     func(c *signet.Config) { c.AppToken, c.AppTokenFile = "", empty },
		"both set":     func(c *signet.Config) { c.AppTokenFile = empty },
		"AppTokenFile": func(c *signet.Config) { c.AppToken, c.AppTokenFile = "", "/no/such/file" },
		"OnCut":        func(c *signet.Config) { c.OnCut = "maybe" },
		"AllowHTTP":    func(c *signet.Config) { c.Issuer = "http://auth.example.com" },
	} {
		c := signet.Config{Issuer: issuer, Audience: "billing", AppToken: appToken}
		change(&c)
		_, err := signet.New(c)
		if err == nil || !strings.Contains(err.Error(), setting) || strings.Contains(err.Error(), "eyJ") {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

func TestAnIssuerWithASlashAtItsEndIsSaid(t *testing.T) {
	var l logs
	v, err := signet.New(signet.Config{Issuer: "http://127.0.0.1:1/", Audience: "billing", Logger: l.logger()})
	if err != nil {
		t.Fatal(err)
	}
	v.Close()
	if !strings.Contains(l.String(), "ends with a slash") || !strings.Contains(l.String(), `"seen":"http://127.0.0.1:1/"`) {
		t.Errorf("%s", l.String())
	}
}

func TestWhatIsWrongIsLoggedOnceWithTheSettingAndWhatWasSeen(t *testing.T) {
	o := newOrigin(t)
	var l logs
	v := o.verifier(t, func(c *signet.Config) { c.Logger = l.logger() })
	for range 3 {
		_, _ = v.Verify(t.Context(), o.token(t, o.kid, map[string]any{"iss": "https://signet.example.com"}))
		_, _ = v.Verify(t.Context(), o.token(t, o.kid, map[string]any{"aud": "shipping"}))
	}
	o.jwks = "<html>"
	v.Refetch()
	v.Refetch()
	for _, want := range []string{`"seen":"https://signet.example.com"`, "(SIGNET_ISSUER)\",\"expected", `"seen":"shipping"`, "(SIGNET_AUDIENCE)\",\"expected", "SIGNET_URL"} {
		if strings.Count(l.String(), want) != 1 {
			t.Errorf("%d times %s in\n%s", strings.Count(l.String(), want), want, &l)
		}
	}
	for _, secret := range []string{"eyJ", string(appToken), "u-1"} {
		if strings.Contains(l.String(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
}

func TestSecretsArePrintedNowhere(t *testing.T) {
	c := signet.Config{AppToken: appToken}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %q %x", c, c, c.AppToken, c.AppToken), wireForm(t, map[string]any{"t": c.AppToken})} {
		if strings.Contains(text, string(appToken)) || strings.Contains(text, fmt.Sprintf("%x", string(appToken))) {
			t.Error(text)
		}
	}
}
