package porttest

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// Upstream is a provider under test, with the service behind it, which the test plays.
type Upstream struct {
	provider.Provider

	// Visit opens an authorize URL as the browser of a person who is logged in there, and returns the callback's parameters.
	Visit func(t *testing.T, authorizeURL string) provider.Answer
	// Break makes the service answer nothing but 500 from now on.
	Break func()
	// OpenID tells that there are id_tokens.
	OpenID bool
}

// NewAttempt is an attempt like those of the core.
func NewAttempt(n int) provider.Attempt {
	return provider.Attempt{
		State: fmt.Sprintf("state-%038d", n), Nonce: fmt.Sprintf("nonce-%037d", n), Verifier: domain.NewSecret(fmt.Sprintf("verifier-%034d", n)),
	}
}

// Provider is the contract of provider.Provider.
func Provider(t *testing.T, open func(t *testing.T) Upstream) {
	begin := func(t *testing.T, u Upstream, a provider.Attempt) provider.Answer {
		t.Helper()
		address, err := u.Begin(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		return u.Visit(t, address)
	}
	// quiet tells that an error reveals no value of its attempt or answer.
	quiet := func(t *testing.T, err error, secrets ...string) {
		t.Helper()
		for _, secret := range secrets {
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells %q: %v", secret, err)
			}
		}
	}

	t.Run("the browser is sent with a code request of this attempt and no other", func(t *testing.T) {
		u, a := open(t), NewAttempt(1)
		address, err := u.Begin(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q, sum := parsed.Query(), sha256.Sum256([]byte(a.Verifier.Reveal()))
		want := map[string]string{
			"response_type": "code", "state": a.State, "client_id": u.Info().ClientID, "redirect_uri": u.Info().Callback,
			"code_challenge_method": "S256", "code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]),
		}
		if u.OpenID {
			want["nonce"] = a.Nonce
		}
		for name, value := range want {
			if len(q[name]) != 1 || q.Get(name) != value {
				t.Errorf("%s = %q, want %q", name, q[name], value)
			}
		}
		if strings.Contains(address, a.Verifier.Reveal()) || strings.Contains(address, "+") {
			t.Error(address)
		}
	})
	t.Run("who logs in twice is the same", func(t *testing.T) {
		u := open(t)
		var profiles []provider.Profile
		for n := range 2 {
			a := NewAttempt(n)
			p, err := u.Complete(t.Context(), a, begin(t, u, a))
			if err != nil || p.Issuer == "" || p.Subject == "" {
				t.Fatalf("%+v, %v", p, err)
			}
			if !u.Owns(p.Issuer) || u.Owns("https://attacker.example") || u.Owns("") {
				t.Errorf("it does not know whether it is %q", p.Issuer)
			}
			profiles = append(profiles, p)
		}
		if profiles[0].Subject != profiles[1].Subject || profiles[0].Issuer != profiles[1].Issuer {
			t.Errorf("%+v", profiles)
		}
	})
	t.Run("a code is worth one login, and only with its verifier and nonce", func(t *testing.T) {
		u, a, other := open(t), NewAttempt(1), NewAttempt(2)
		answer := begin(t, u, a)
		if _, err := u.Complete(t.Context(), other, answer); !errors.Is(err, domain.ErrProviderFailed) {
			t.Errorf("of another attempt: %v", err)
		}
		answer = begin(t, u, a)
		if u.OpenID {
			mixed := a
			mixed.Nonce = other.Nonce
			if _, err := u.Complete(t.Context(), mixed, answer); !errors.Is(err, domain.ErrProviderFailed) {
				t.Errorf("with another nonce: %v", err)
			}
			answer = begin(t, u, a)
		}
		if _, err := u.Complete(t.Context(), a, answer); err != nil {
			t.Fatal(err)
		}
		_, err := u.Complete(t.Context(), a, answer)
		if !errors.Is(err, domain.ErrProviderFailed) {
			t.Errorf("again: %v", err)
		}
		quiet(t, err, answer.Code.Reveal(), a.Verifier.Reveal(), a.State)
	})
	t.Run("what is no answer is sorted without asking anybody", func(t *testing.T) {
		u, a := open(t), NewAttempt(1)
		issuer := begin(t, u, a).Issuer // RFC 9207, if the metadata promises it
		u.Break()
		for name, row := range map[string]struct {
			answer provider.Answer
			want   error
		}{
			"nothing":         {provider.Answer{}, domain.ErrInvalidRequest},
			"a long code":     {provider.Answer{Code: domain.NewSecret(strings.Repeat("c", 2049))}, domain.ErrInvalidRequest},
			"no":              {provider.Answer{Error: "access_denied", ErrorDescription: "EVIL"}, domain.ErrAccessDenied},
			"no, with a code": {provider.Answer{Error: "access_denied", Code: domain.NewSecret("code")}, domain.ErrAccessDenied},
			"not now":         {provider.Answer{Error: "temporarily_unavailable"}, domain.ErrProviderUnavailable},
			"something else":  {provider.Answer{Error: "EVIL", ErrorDescription: "EVIL"}, domain.ErrProviderFailed},
			"an odd number":   {provider.Answer{ErrorCode: "EVIL"}, domain.ErrProviderFailed},
		} {
			row.answer.Issuer = issuer
			p, err := u.Complete(t.Context(), a, row.answer)
			if !errors.Is(err, row.want) || p != (provider.Profile{}) {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
			quiet(t, err, "EVIL")
		}
	})
	t.Run("a provider that is down is unavailable, with a cause for operators and a time to come back", func(t *testing.T) {
		u, a := open(t), NewAttempt(1)
		answer := begin(t, u, a)
		u.Break()
		_, err := u.Complete(t.Context(), a, answer)
		var fault *provider.Fault
		var public *domain.Error
		if !errors.Is(err, domain.ErrProviderUnavailable) || !errors.As(err, &fault) || !errors.As(err, &public) || public.RetryAfter <= 0 {
			t.Fatal(err)
		}
		if fault.Provider != u.Info().Name || fault.Step != provider.StepExchange || fault.Code != "500" {
			t.Errorf("%+v", fault)
		}
		quiet(t, err, answer.Code.Reveal(), a.Verifier.Reveal())
	})
	t.Run("logins at once are each their own", func(t *testing.T) {
		u := open(t)
		var group sync.WaitGroup
		for n := range 16 {
			group.Go(func() {
				a := NewAttempt(n)
				address, err := u.Begin(t.Context(), a)
				if err != nil {
					t.Error(err)
					return
				}
				if p, err := u.Complete(t.Context(), a, u.Visit(t, address)); err != nil || p.Subject == "" {
					t.Errorf("%+v, %v", p, err)
				}
			})
		}
		group.Wait()
	})
}
