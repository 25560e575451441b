package signettest_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	signet "github.com/signet-auth/signet/sdk/go"
	"github.com/signet-auth/signet/sdk/go/signettest"
)

// verdict is "accept" and the permissions, or the reason.
func verdict(t *testing.T, v *signet.Verifier, token string) string {
	t.Helper()
	p, err := v.Verify(t.Context(), token)
	var refusal *signet.Refusal
	switch {
	case err == nil:
		return strings.Join(append([]string{"accept"}, p.Permissions...), " ")
	case errors.As(err, &refusal):
		return string(refusal.Reason)
	case errors.Is(err, signet.ErrUnavailable):
		return "unavailable"
	}
	return err.Error()
}

func TestWhatTheIssuerSaysReachesTheRealVerifier(t *testing.T) {
	t.Parallel()
	u1 := signettest.User("u-1", "invoice:read")
	for _, c := range []struct {
		name   string
		happen func(*signettest.Issuer)
		want   string // of the token that was there
		next   string // of one that is made then
	}{
		{"nothing happens", func(*signettest.Issuer) {}, "accept invoice:read", "accept invoice:read"},
		{"the session ends", func(i *signettest.Issuer) { i.End("s-u-1") }, "ended", "ended"},
		{"another session ends", func(i *signettest.Issuer) { i.End("s-u-2") }, "accept invoice:read", "accept invoice:read"},
		{"the user is disabled", func(i *signettest.Issuer) { i.Disable("u-1") }, "ended", "accept invoice:read"},
		{"the user is disabled and enabled", func(i *signettest.Issuer) { i.Disable("u-1"); i.Enable("u-1") }, "accept invoice:read", "accept invoice:read"},
		{"other permissions", func(i *signettest.Issuer) { i.Grant("u-1", "invoice:void") }, "accept invoice:void", "accept invoice:void"},
		{"no permissions", func(i *signettest.Issuer) { i.Grant("u-1") }, "accept", "accept"},
		{"the key rotates", func(i *signettest.Issuer) { i.RotateKey() }, "accept invoice:read", "accept invoice:read"},
		{"the key is revoked", func(i *signettest.Issuer) { i.RevokeKey(i.KID()) }, "key_revoked", "accept invoice:read"},
		{"the database is restored", func(i *signettest.Issuer) { i.Restore() }, "accept invoice:read", "accept invoice:read"},
		{"Signet is away", func(i *signettest.Issuer) { i.Cut() }, "accept invoice:read", "accept invoice:read"},
		{"Signet is away, and cannot be asked", func(i *signettest.Issuer) { i.Grant("u-1"); i.Cut() }, "unavailable", "accept"},
		{"Signet is away and comes back", func(i *signettest.Issuer) { i.Cut(); i.Disable("u-1"); i.Resume() }, "ended", "accept invoice:read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			i := signettest.New(t)
			v := i.Verifier("billing")
			token := i.Token(u1)
			if got := verdict(t, v, token); got != "accept invoice:read" {
				t.Fatal("at first: ", got)
			}
			c.happen(i)
			deadline := time.Now().Add(5 * time.Second) // only the last needs it: the stream comes back within a second
			got := verdict(t, v, token)
			for ; got != c.want && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
				got = verdict(t, v, token)
			}
			if got != c.want {
				t.Errorf("%s, not %s", got, c.want)
			}
			if got := verdict(t, v, i.Token(u1)); got != c.next {
				t.Errorf("a new token: %s, not %s", got, c.next)
			}
		})
	}
}

func TestTheIssuerMakesWhatIsRefused(t *testing.T) {
	t.Parallel()
	i := signettest.New(t)
	v := i.Verifier("billing")
	for want, who := range map[string]signettest.Who{
		"audience":    signettest.User("u-1").For("shipping"),
		"expired":     signettest.User("u-1").With(map[string]any{"exp": time.Now().Unix() - 60}),
		"token_bound": signettest.User("u-1").With(map[string]any{"cnf": map[string]string{"jkt": "x"}}),
		"claims":      signettest.User("u-1").With(map[string]any{"jti": nil}),
	} {
		if got := verdict(t, v, i.Token(who)); got != want {
			t.Errorf("%s, not %s", got, want)
		}
	}
	p, err := v.Verify(t.Context(), i.Token(signettest.User("u-1", "invoice:read").With(map[string]any{"perm_ref": true, "permissions": nil})))
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := p.Allowed(t.Context(), "invoice:read"); !ok || err != nil || i.Calls()["/api/authz/check"] != 1 {
		t.Error(ok, err, i.Calls())
	}
	if slices.Contains(p.Permissions, "invoice:read") {
		t.Error("they were in the token")
	}
}

func TestServiceToService(t *testing.T) {
	t.Parallel()
	i := signettest.New(t)
	v := i.Verifier("shipping")
	i.Grant("svc-billing", "parcel:send")
	server := httptest.NewServer(v.Require("parcel:send")(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if p, ok := signet.From(r.Context()); !ok || p.Kind != signet.KindServiceAccount || p.ClientID != "billing" {
			t.Errorf("%+v", p)
		}
	})))
	defer server.Close()
	source, err := signet.NewTokenSource(signet.TokenConfig{URL: i.URL, ClientID: "billing", AppToken: signettest.AppToken, Service: "shipping", Scope: []string{"parcel:send"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		response, err := source.Client(nil, server.URL).Get(server.URL)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response, err)
		}
		_ = response.Body.Close()
	}
	if n := i.Calls()["/oauth2/token"]; n != 1 {
		t.Error(n, "tokens")
	}
}
