package jwtoken_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"regexp"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

// fixedPair is the same in every process of a fuzzing run. Ed25519 signatures can't be rewritten, so whatever verifies is a
// text that the key made.
func fixedPair(f *testing.F) pair {
	f.Helper()
	private := ed25519.NewKeyFromSeed([]byte("a seed for the fuzzer, 32 bytes!"))
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		f.Fatal(err)
	}
	jwk := jose.JSONWebKey{Key: private.Public(), Algorithm: "EdDSA", Use: "sig"}
	sum, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		f.Fatal(err)
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(sum)
	public, err := jwk.MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	return load(f, domain.SigningKey{KID: jwk.KeyID, Algorithm: domain.EdDSA, Private: der, Public: public})
}

func FuzzPeek(f *testing.F) {
	p := fixedPair(f)
	for _, token := range []string{"", "..", "a.b.c", p.forge(f, p.header(), payload(nil)), p.forge(f, `{"alg":"none"}`, "{}")} {
		f.Add(token)
	}
	possible := regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)
	f.Fuzz(func(t *testing.T, token string) {
		kid, ok := jwtoken.Verifier{}.Peek(token)
		if ok != possible.MatchString(kid) || !ok && kid != "" {
			t.Errorf("Peek(%q) = %q, %v", token, kid, ok)
		}
	})
}

// FuzzVerify feeds any text as a token: only what the key signed verifies.
func FuzzVerify(f *testing.F) {
	p := fixedPair(f)
	made := map[string]bool{}
	for _, changes := range []map[string]any{nil, {"exp": now.Unix() - 1}, {"perm_ref": true, "permissions": nil}} {
		token := p.forge(f, p.header(), payload(changes))
		made[token] = true
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := p.check(token)
		genuine := err == nil || errors.Is(err, secure.ErrExpired)
		if genuine != made[token] || genuine != (c.Subject != "") {
			t.Errorf("Verify(%q) = %+v, %v", token, c, err)
		}
	})
}

// FuzzClaims has the key sign any payload: whatever it says, Verify neither panics nor returns claims that lack something.
func FuzzClaims(f *testing.F) {
	p := fixedPair(f)
	f.Add(payload(nil))
	f.Add(payload(map[string]any{"exp": 1e300, "aud": []string{"a"}}))
	f.Add(`{"exp":1,"exp":2}`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := p.check(p.forge(t, p.header(), text))
		switch {
		case err == nil || errors.Is(err, secure.ErrExpired):
			if c.Issuer != issuer || c.Subject == "" || c.Audience == "" || c.ExpiresAt.IsZero() || c.IssuedAt.IsZero() || c.ClientID == "" {
				t.Errorf("%q: %+v, %v", text, c, err)
			}
		case c.Subject != "":
			t.Errorf("%q: claims with %v", text, err)
		}
	})
}
