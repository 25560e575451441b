package porttest

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

// TokenPorts are the three halves of an adapter for access tokens.
type TokenPorts struct {
	Maker    secure.KeyMaker
	Issuer   secure.TokenIssuer
	Verifier secure.TokenVerifier
}

const secureIssuer = "https://auth.example.com"

var secureNow = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

// secureClaims are claims with every member set; they live 15 minutes from secureNow.
func secureClaims() domain.Claims {
	return domain.Claims{
		Issuer: secureIssuer, Subject: "0d4e7a0c-94a8-4f3c-a1d9-3b1f4c5d6e7f", Audience: "billing",
		ExpiresAt: secureNow.Add(15 * time.Minute), IssuedAt: secureNow,
		TokenID: "8c1f1e0a-5f0e-7b3a-9d2c-1a2b3c4d5e6f", SessionID: "c0ffee00-1111-7222-8333-444455556666",
		ClientID: "11111111-2222-4333-8444-555566667777", EmailVerified: true,
		Roles: []string{"admin", "Rôle <&> \"quoted\""}, Permissions: []string{"invoice:read", "invoice:write"},
		PV: 7, AMR: []string{"pwd", "otp", "mfa"}, Level: domain.AAL2, AuthTime: secureNow.Add(-time.Hour), Type: domain.TypeAccessToken,
	}
}

// Tokens is the contract of secure.KeyMaker, secure.TokenIssuer and secure.TokenVerifier, for every algorithm.
func Tokens(t *testing.T, ports TokenPorts) {
	for _, alg := range []domain.Algorithm{domain.ES256, domain.RS256, domain.EdDSA} {
		t.Run(string(alg), func(t *testing.T) { secureAlgorithm(t, ports, alg) })
	}
	t.Run("an unknown algorithm makes no key", func(t *testing.T) {
		for _, alg := range []domain.Algorithm{"", "none", "HS256", "ES512", "es256"} {
			if key, err := ports.Maker.Generate(alg); err == nil {
				t.Errorf("%q: %+v", alg, key.KID)
			}
		}
	})
	t.Run("no thumbprint has a dash in front", func(t *testing.T) { // of random ones 8 in 512 have
		for range 512 {
			if key, err := ports.Maker.Generate(domain.EdDSA); err != nil || strings.HasPrefix(key.KID, "-") {
				t.Fatalf("%s, %v", key.KID, err)
			}
		}
	})
	t.Run("the set of no keys is a set", func(t *testing.T) {
		document, err := ports.Verifier.JWKS(nil)
		if err != nil || string(document) != `{"keys":[]}` {
			t.Errorf("JWKS = %s, %v", document, err)
		}
	})
}

// secureKey is a key prepared for use, as by a caller.
type secureKey struct {
	domain.SigningKey
	signer secure.Signer
	public secure.VerifyKey
}

func newSecureKey(t *testing.T, ports TokenPorts, alg domain.Algorithm) secureKey {
	t.Helper()
	key, err := ports.Maker.Generate(alg)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ports.Issuer.Signer(key)
	if err != nil {
		t.Fatal(err)
	}
	stored := key
	stored.Private = []byte("sealed: verifying needs the public half alone")
	public, err := ports.Verifier.Key(stored)
	if err != nil {
		t.Fatal(err)
	}
	return secureKey{key, signer, public}
}

func (k secureKey) sign(t *testing.T, c domain.Claims) string {
	t.Helper()
	token, err := k.signer.Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func secureAlgorithm(t *testing.T, ports TokenPorts, alg domain.Algorithm) {
	key, other := newSecureKey(t, ports, alg), newSecureKey(t, ports, alg)
	verify := func(token string, now time.Time) (domain.Claims, error) {
		return ports.Verifier.Verify(token, key.public, secureIssuer, now)
	}

	t.Run("claims survive the way", func(t *testing.T) {
		bare := domain.Claims{
			Issuer: secureIssuer, Subject: "s", Audience: "a", ExpiresAt: secureNow.Add(time.Minute), IssuedAt: secureNow,
			TokenID: "j", ClientID: "c", PermRef: true, Type: domain.TypeJWT,
		}
		service := secureClaims()
		service.SessionID, service.EmailVerified, service.AMR, service.Level, service.AuthTime = "", false, nil, 0, time.Time{}
		service.Kind, service.AppToken, service.Scope = domain.KindServiceAccount, "5b2f0d1e-9d0c-4a57-8d0e-0f3f5f3c2b1a", []string{"invoice:read"}
		for _, want := range []domain.Claims{secureClaims(), bare, service} {
			got, err := verify(key.sign(t, want), secureNow)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		}
	})
	t.Run("times lose their fractions, so that no token lives longer than was meant", func(t *testing.T) {
		want := secureClaims()
		want.ExpiresAt = want.ExpiresAt.Add(999999 * time.Microsecond)
		got, err := verify(key.sign(t, want), secureNow)
		if err != nil || !got.ExpiresAt.Equal(secureClaims().ExpiresAt) {
			t.Errorf("exp = %v, %v", got.ExpiresAt, err)
		}
	})
	t.Run("the kid is the key's, in every part of it", func(t *testing.T) {
		kid, ok := ports.Verifier.Peek(key.sign(t, secureClaims()))
		if !ok || kid != key.KID || kid != key.public.KID() || kid == other.KID {
			t.Errorf("Peek = %q, %v; KID = %q, VerifyKey.KID = %q", kid, ok, key.KID, key.public.KID())
		}
	})
	t.Run("Peek knows what no key of ours signed", func(t *testing.T) {
		token := key.sign(t, secureClaims())
		for name, text := range map[string]string{
			"nothing": "", "a word": "garbage", "two parts": token[:strings.LastIndexByte(token, '.')],
			"four parts": token + ".x", "too long": token + strings.Repeat("A", 9000), "a signature cut": token[:len(token)-9],
			"a blank in front": " " + token,
		} {
			if kid, ok := ports.Verifier.Peek(text); ok {
				t.Errorf("%s: %q", name, kid)
			}
			if c, err := verify(text, secureNow); err == nil || c.Subject != "" {
				t.Errorf("%s: verified", name)
			}
		}
	})
	t.Run("a token of another key is refused, whatever kid is asked for", func(t *testing.T) {
		if _, err := verify(other.sign(t, secureClaims()), secureNow); err == nil || errors.Is(err, secure.ErrExpired) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("a token with any character changed is refused", func(t *testing.T) {
		token := key.sign(t, secureClaims())
		for i := 0; i < len(token); i++ {
			altered := []byte(token)
			if altered[i] = 'A'; token[i] == 'A' {
				altered[i] = 'B'
			}
			c, err := verify(string(altered), secureNow)
			if err == nil || errors.Is(err, secure.ErrExpired) || c.Subject != "" {
				t.Fatalf("character %d: %+v, %v", i, c, err)
			}
		}
	})
	t.Run("a token ends at exp, to the second, and is still genuine", func(t *testing.T) {
		token := key.sign(t, secureClaims())
		end := secureClaims().ExpiresAt
		if _, err := verify(token, end.Add(-time.Microsecond)); err != nil {
			t.Errorf("just before: %v", err)
		}
		for _, after := range []time.Duration{0, time.Second, 59 * time.Second, time.Minute, time.Hour, 9000 * time.Hour} {
			got, err := verify(token, end.Add(after))
			if !errors.Is(err, secure.ErrExpired) || got.SessionID != secureClaims().SessionID {
				t.Errorf("after %v: %q, %v", after, got.SessionID, err)
			}
		}
	})
	t.Run("expired and forged is forged", func(t *testing.T) {
		late := secureClaims().ExpiresAt.Add(time.Hour)
		for name, token := range map[string]string{
			"another key's": other.sign(t, secureClaims()),
			"cut":           key.sign(t, secureClaims())[:100],
		} {
			if c, err := verify(token, late); err == nil || errors.Is(err, secure.ErrExpired) || c.Subject != "" {
				t.Errorf("%s: %+v, %v", name, c, err)
			}
		}
	})
	t.Run("a token of another issuer is refused, expired or not", func(t *testing.T) {
		for _, issuer := range []string{"https://auth.example.com/", "https://AUTH.example.com", "https://evil.example", ""} {
			for _, now := range []time.Time{secureNow, secureNow.Add(time.Hour)} {
				_, err := ports.Verifier.Verify(key.sign(t, secureClaims()), key.public, issuer, now)
				if err == nil || errors.Is(err, secure.ErrExpired) {
					t.Errorf("%q: %v", issuer, err)
				}
			}
		}
	})
	t.Run("a token from the future is refused, but for a replica's clock that is a little ahead", func(t *testing.T) {
		token := key.sign(t, secureClaims())
		if _, err := verify(token, secureNow.Add(-30*time.Second)); err != nil {
			t.Errorf("30 s: %v", err)
		}
		if _, err := verify(token, secureNow.Add(-61*time.Second)); err == nil || errors.Is(err, secure.ErrExpired) {
			t.Errorf("61 s: %v", err)
		}
	})
	t.Run("incomplete claims are not signed", func(t *testing.T) {
		for name, spoil := range map[string]func(*domain.Claims){
			"iss": func(c *domain.Claims) { c.Issuer = "" }, "sub": func(c *domain.Claims) { c.Subject = "" },
			"aud": func(c *domain.Claims) { c.Audience = "" }, "jti": func(c *domain.Claims) { c.TokenID = "" },
			"client_id": func(c *domain.Claims) { c.ClientID = "" }, "exp": func(c *domain.Claims) { c.ExpiresAt = time.Time{} },
			"iat": func(c *domain.Claims) { c.IssuedAt = time.Time{} }, "typ": func(c *domain.Claims) { c.Type = "" },
			"a foreign typ": func(c *domain.Claims) { c.Type = "dpop+jwt" },
		} {
			c := secureClaims()
			spoil(&c)
			if token, err := key.signer.Sign(c); err == nil {
				t.Errorf("without %s: %s", name, token)
			}
		}
	})
	t.Run("the key set has public members, and the order given", func(t *testing.T) {
		document, err := ports.Verifier.JWKS([]domain.SigningKey{key.SigningKey, other.SigningKey})
		if err != nil {
			t.Fatal(err)
		}
		var set struct{ Keys []map[string]any }
		if err := json.Unmarshal(document, &set); err != nil {
			t.Fatal(err)
		}
		for i, want := range []secureKey{key, other} {
			jwk := set.Keys[i]
			if jwk["kid"] != want.KID || jwk["alg"] != string(alg) || jwk["use"] != "sig" {
				t.Errorf("key %d: %v", i, jwk)
			}
			for name := range jwk {
				if !slices.Contains([]string{"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"}, name) {
					t.Errorf("key %d has a member %q", i, name)
				}
			}
		}
		if len(set.Keys) != 2 {
			t.Errorf("%d keys", len(set.Keys))
		}
	})
	t.Run("halves that don't belong together are refused", func(t *testing.T) {
		for name, spoil := range map[string]func(*domain.SigningKey){
			"another kid":       func(k *domain.SigningKey) { k.KID = other.KID },
			"another algorithm": func(k *domain.SigningKey) { k.Algorithm = "PS256" },
			"no key":            func(k *domain.SigningKey) { k.Private, k.Public = nil, nil },
			"another pair":      func(k *domain.SigningKey) { k.Private, k.Public = other.Private, other.Public },
		} {
			spoilt := key.SigningKey
			spoil(&spoilt)
			if _, err := ports.Issuer.Signer(spoilt); err == nil {
				t.Errorf("%s: a signer", name)
			}
			if _, err := ports.Verifier.Key(spoilt); err == nil {
				t.Errorf("%s: a verify key", name)
			}
			if _, err := ports.Verifier.JWKS([]domain.SigningKey{spoilt}); err == nil {
				t.Errorf("%s: published", name)
			}
		}
	})
	t.Run("signing and verifying are safe for concurrent use", func(t *testing.T) {
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				token, err := key.signer.Sign(secureClaims())
				if err != nil {
					t.Error(err)
				}
				if _, err := verify(token, secureNow); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	})
}
