package e2e

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	signet "github.com/signet-auth/signet/sdk/go"
)

// billing is a service that the SDK protects.
type billing struct {
	t   *testing.T
	v   *signet.Verifier
	url string
}

func protect(t *testing.T, c signet.Config) *billing {
	t.Helper()
	c.Logger = slog.New(slog.DiscardHandler)
	v, err := signet.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := v.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(v.Require("invoice:read")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := signet.From(r.Context())
		_, _ = io.WriteString(w, p.Subject)
	})))
	t.Cleanup(server.Close)
	return &billing{t: t, v: v, url: server.URL}
}

// status is what the bearer of a token gets.
func (b *billing) status(token string) int {
	b.t.Helper()
	request, err := http.NewRequest(http.MethodGet, b.url, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func (b *billing) want(token string, status int) {
	b.t.Helper()
	if got := b.status(token); got != status {
		b.t.Fatalf("%d, not %d", got, status)
	}
}

// settled is a token that no fact is open about: those of the test's own preparations have been heard.
func (b *billing) settled(s *server) string {
	b.t.Helper()
	gone := s.login()
	s.post("/api/auth/logout", gone, struct{}{}, nil)
	s.within("a logout is felt", time.Second, func() bool { return b.status(gone) == 401 })
	token := s.login()
	b.want(token, 200)
	return token
}

func TestALogoutIs401WithinASecond(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		b := protect(t, s.config(s.appToken()))
		token, other := s.login(), s.login()
		b.want(token, 200)
		s.post("/api/auth/logout", token, struct{}{}, nil)
		s.within("a logout is felt", time.Second, func() bool { return b.status(token) == 401 })
		b.want(other, 200)
	})
}

func TestARoleThatIsTakenIs403WithinASecondAndOneThatIsGivenCounts(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		b := protect(t, s.config(s.appToken()))
		token := s.login()
		b.want(token, 200)
		s.run("", "roles", "unassign", s.service(), "clerk", s.admin())
		s.within("a role that was taken is felt", time.Second, func() bool { return b.status(token) == 403 })
		s.run("", "roles", "assign", s.service(), "clerk", s.admin())
		s.within("a role that was given is felt", time.Second, func() bool { return b.status(token) == 200 })
	})
}

func TestARevokedSigningKeyIsRefusedWithinASecond(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		b := protect(t, s.config(s.appToken()))
		token := s.login()
		b.want(token, 200)
		s.run("", "keys", "revoke", s.kid(token))
		s.within("a revoked key is felt", time.Second, func() bool { return b.status(token) == 401 })
		s.within("tokens of the next key are taken", 5*time.Second, func() bool { return b.status(s.login()) == 200 })
	})
}

func TestARevokedAppTokenIsSaid(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		appToken := s.appToken()
		b := protect(t, s.config(appToken))
		token := b.settled(s)
		var id string
		for word := range strings.FieldsSeq(s.run("", "tokens", "list", s.service())) {
			if len(word) == 36 && strings.Count(word, "-") == 4 {
				id = word
			}
		}
		s.run("", "tokens", "revoke", id)
		s.within("the app token is refused", 5*time.Second, func() bool { return b.v.State().AppTokenRefused })
		b.want(token, 200) // OnCut is Allow
	})
}

func TestSignetIsKilledAndBack(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		b := protect(t, s.config(s.appToken()))
		token, gone := b.settled(s), s.login()
		b.want(gone, 200)
		s.post("/api/auth/logout", gone, struct{}{}, nil)
		s.within("a logout is felt", time.Second, func() bool { return b.status(gone) == 401 })
		s.kill()
		s.within("the stream is cut", 5*time.Second, func() bool { return !b.v.State().Ready })
		for range 50 {
			b.want(token, 200) // no 5xx while Signet is away
			b.want(gone, 401)  // what was heard counts
		}
		s.start()
		s.within("the stream is there again", 15*time.Second, func() bool { return b.v.State().Ready })
		s.post("/api/auth/logout", token, struct{}{}, nil)
		s.within("a logout is felt", time.Second, func() bool { return b.status(token) == 401 })
		b.want(s.login(), 200)
	})
}

func TestServiceToService(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		b := protect(t, s.config(s.appToken()))
		shop := "shop-" + s.suffix
		s.run("", "services", "create", "Shop "+s.suffix, "--key", shop)
		s.run("", "roles", "assign", s.service(), "clerk", shop, "--account")
		printed := strings.Fields(s.run("", "tokens", "create", shop, "production"))
		source, err := signet.NewTokenSource(signet.TokenConfig{
			URL: s.url, ClientID: shop, AppToken: signet.Secret(printed[len(printed)-1]), Service: s.service(), Scope: []string{"invoice:read"},
		})
		if err != nil {
			t.Fatal(err)
		}
		response, err := source.Client(nil, b.url).Get(b.url)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(response, err)
		}
		_ = response.Body.Close()
	})
}
