package jwtoken_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/porttest"
)

func TestContract(t *testing.T) {
	porttest.Tokens(t, porttest.TokenPorts{Maker: jwtoken.KeyMaker{}, Issuer: jwtoken.Issuer{}, Verifier: jwtoken.Verifier{}})
}

func TestHeader(t *testing.T) {
	for _, alg := range []domain.Algorithm{domain.ES256, domain.RS256, domain.EdDSA} {
		for _, typ := range []domain.TokenType{domain.TypeAccessToken, domain.TypeJWT} {
			t.Run(fmt.Sprintf("%s %s has the one spelling that is read", alg, typ), func(t *testing.T) {
				p := newPair(t, alg)
				c := claims()
				c.Type = typ
				head, _, _ := strings.Cut(sign(t, p, c), ".")
				text, err := base64.RawURLEncoding.DecodeString(head)
				want := fmt.Sprintf(`{"alg":"%s","kid":"%s","typ":"%s"}`, alg, p.KID, typ)
				if err != nil || string(text) != want {
					t.Errorf("header %s, %v; want %s", text, err, want)
				}
			})
		}
	}
}

func TestPayload(t *testing.T) {
	p := newPair(t, domain.EdDSA)
	read := func(t *testing.T, c domain.Claims) map[string]any {
		t.Helper()
		text, err := base64.RawURLEncoding.DecodeString(strings.Split(sign(t, p, c), ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		var members map[string]any
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatal(err)
		}
		return members
	}
	t.Run("the claims are those of the documents, aud one string", func(t *testing.T) {
		want := map[string]any{
			"iss": issuer, "sub": "u-1", "aud": "billing", "exp": 1935818589.0, "iat": 1935817689.0, "nbf": 1935817684.0,
			"jti": "j-1", "sid": "s-1", "client_id": "c-1", "email_verified": true, "roles": []any{"admin"},
			"permissions": []any{"invoice:read"}, "pv": 3.0, "amr": []any{"pwd"}, "auth_time": 1935817689.0,
		}
		if diff := cmp.Diff(want, read(t, claims())); diff != "" {
			t.Errorf("-want +got\n%s", diff)
		}
	})
	t.Run("too many permissions are a reference", func(t *testing.T) {
		c := claims()
		c.Permissions, c.PermRef = nil, true
		got := read(t, c)
		if _, there := got["permissions"]; there || got["perm_ref"] != true {
			t.Errorf("%v", got)
		}
	})
	t.Run("no rights are empty lists, not null", func(t *testing.T) {
		c := claims()
		c.Roles, c.Permissions = nil, nil
		got := read(t, c)
		if diff := cmp.Diff([]any{[]any{}, []any{}}, []any{got["roles"], got["permissions"]}); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("a token of a service has no session", func(t *testing.T) {
		c := claims()
		c.SessionID, c.AMR, c.AuthTime = "", nil, time.Time{}
		got := read(t, c)
		for _, name := range []string{"sid", "amr", "auth_time"} {
			if value, there := got[name]; there {
				t.Errorf("%s = %v", name, value)
			}
		}
		if _, err := p.check(sign(t, p, c)); err != nil {
			t.Error(err)
		}
	})
	t.Run("a token that would be too long to read is not signed", func(t *testing.T) {
		c := claims()
		c.Roles = []string{strings.Repeat("x", 8000)}
		if _, err := signer(t, p).Sign(c); err == nil {
			t.Error("signed")
		}
	})
	t.Run("a level of a newer release, or in other words, proves nothing", func(t *testing.T) {
		for _, acr := range []any{nil, "", "aal3", "PHR", "aal2 ", "2"} {
			if c, err := p.check(p.forge(t, p.header(), payload(map[string]any{"acr": acr}))); err != nil || c.Level != 0 {
				t.Errorf("%v: %d, %v", acr, c.Level, err)
			}
		}
	})
	t.Run("an unknown claim of a newer release is ignored", func(t *testing.T) {
		if _, err := p.check(p.forge(t, p.header(), payload(map[string]any{"org": map[string]any{"id": "o"}}))); err != nil {
			t.Error(err)
		}
	})
}

func TestKeys(t *testing.T) {
	t.Run("the kid is the RFC 7638 thumbprint", func(t *testing.T) {
		p := newPair(t, domain.ES256)
		var jwk map[string]string
		if err := json.Unmarshal(p.Public, &jwk); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, jwk["x"], jwk["y"]))
		if want := base64.RawURLEncoding.EncodeToString(sum[:]); p.KID != want || jwk["kid"] != want {
			t.Errorf("kid %q and %q, want %q", p.KID, jwk["kid"], want)
		}
	})
	t.Run("a private key in the place of the public one is not published", func(t *testing.T) {
		p := newPair(t, domain.EdDSA)
		private := p.SigningKey
		var jwk map[string]string
		if err := json.Unmarshal(p.Public, &jwk); err != nil {
			t.Fatal(err)
		}
		jwk["d"] = b64(strings.Repeat("d", 32))
		private.Public, _ = json.Marshal(jwk)
		if document, err := (jwtoken.Verifier{}).JWKS([]domain.SigningKey{private}); err == nil {
			t.Errorf("%s", document)
		}
	})
	t.Run("a key of another adapter is refused", func(t *testing.T) {
		p := newPair(t, domain.EdDSA)
		p.verify = foreignKey(p.KID)
		if _, err := p.check(sign(t, p, claims())); err == nil {
			t.Error("verified")
		}
	})
}

type foreignKey string

func (k foreignKey) KID() string { return string(k) }

func claims() domain.Claims {
	return domain.Claims{
		Issuer: issuer, Subject: "u-1", Audience: "billing", ExpiresAt: now.Add(15 * time.Minute), IssuedAt: now, TokenID: "j-1",
		SessionID: "s-1", ClientID: "c-1", EmailVerified: true, Roles: []string{"admin"}, Permissions: []string{"invoice:read"},
		PV: 3, AMR: []string{"pwd"}, AuthTime: now, Type: domain.TypeAccessToken,
	}
}
