package porttest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"hash"
	"maps"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

// ForeignKey is a key of a provider, with its public half as its key set has it.
type ForeignKey struct {
	KID, Alg string
	Private  crypto.Signer
	JWK      map[string]any
}

// NewForeignKey makes one for an algorithm of id_tokens.
func NewForeignKey(tb testing.TB, alg, kid string) ForeignKey {
	tb.Helper()
	k := ForeignKey{KID: kid, Alg: alg, JWK: map[string]any{"kid": kid, "use": "sig"}}
	var err error
	switch alg[:2] {
	case "RS", "PS":
		k.Private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES":
		curve := map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}[alg]
		k.Private, err = ecdsa.GenerateKey(curve, rand.Reader)
	default:
		_, k.Private, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		tb.Fatal(err)
	}
	maps.Copy(k.JWK, PublicMembers(tb, k.Private.Public()))
	return k
}

// PublicMembers are those of a public key in a key set (RFC 7518 §6, RFC 8037 §2).
func PublicMembers(tb testing.TB, public crypto.PublicKey) map[string]any {
	tb.Helper()
	text := base64.RawURLEncoding.EncodeToString
	switch key := public.(type) {
	case *rsa.PublicKey:
		return map[string]any{"kty": "RSA", "n": text(key.N.Bytes()), "e": text(big.NewInt(int64(key.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			tb.Fatal(err)
		}
		half := len(point) / 2
		return map[string]any{"kty": "EC", "crv": key.Params().Name, "x": text(point[1 : half+1]), "y": text(point[half+1:])}
	case ed25519.PublicKey:
		return map[string]any{"kty": "OKP", "crv": "Ed25519", "x": text(key)}
	}
	tb.Fatalf("no members for %T", public)
	return nil
}

// Sign makes a token with any header and claims and a valid signature, so that a refusal is about their content.
func (k ForeignKey) Sign(tb testing.TB, header, claims string) string {
	tb.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	hashes := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}
	of, message := hashes[k.Alg[2:]], []byte(text)
	if of != 0 {
		digest := map[crypto.Hash]func() hash.Hash{crypto.SHA256: sha256.New, crypto.SHA384: sha512.New384, crypto.SHA512: sha512.New}[of]()
		digest.Write(message)
		message = digest.Sum(nil)
	}
	var options crypto.SignerOpts = of
	if k.Alg[:2] == "PS" {
		options = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: of}
	}
	signature, err := k.Private.Sign(rand.Reader, message, options)
	if key, ok := k.Private.(*ecdsa.PrivateKey); ok {
		var r, s *big.Int
		r, s, err = ecdsa.Sign(rand.Reader, key, message)
		size := (key.Params().BitSize + 7) / 8
		signature = append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// Header is the header of a genuine id_token of the key.
func (k ForeignKey) Header() string { return fmt.Sprintf(`{"alg":"%s","kid":"%s"}`, k.Alg, k.KID) }

// KeySet is a document of keys.
func KeySet(tb testing.TB, keys ...map[string]any) []byte {
	tb.Helper()
	document, err := json.Marshal(map[string]any{"keys": append([]map[string]any{}, keys...)})
	if err != nil {
		tb.Fatal(err)
	}
	return document
}

// The expected values for id_tokens in these tests.
const (
	IDTokenIssuer = "https://id.example.com"
	IDTokenClient = "client-1"
	IDTokenNonce  = "nonce-of-this-login"
)

// IDTokenNow is the time of these tests.
var IDTokenNow = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

// IDTokenExpected is what a genuine id_token satisfies.
func IDTokenExpected() provider.Expected {
	return provider.Expected{
		Issuer:   func(iss string) bool { return iss == IDTokenIssuer },
		Audience: IDTokenClient, Nonce: IDTokenNonce, Now: IDTokenNow,
	}
}

// IDTokenClaims are genuine; changes replace members, nil removes one.
func IDTokenClaims(changes map[string]any) string {
	members := map[string]any{
		"iss": IDTokenIssuer, "sub": "248289761001", "aud": IDTokenClient, "nonce": IDTokenNonce,
		"exp": IDTokenNow.Unix() + 300, "iat": IDTokenNow.Unix(),
	}
	for name, value := range changes {
		if members[name] = value; value == nil {
			delete(members, name)
		}
	}
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// IDTokens is the contract of provider.IDTokens.
func IDTokens(t *testing.T, ids provider.IDTokens) {
	keysOf := func(t *testing.T, jwks ...map[string]any) []provider.Key {
		t.Helper()
		keys, err := ids.Keys(KeySet(t, jwks...))
		if err != nil {
			t.Fatal(err)
		}
		return keys
	}
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"} {
		t.Run("a genuine token of "+alg+" gives its claims, numbers as they were written", func(t *testing.T) {
			key := NewForeignKey(t, alg, "k1")
			token := key.Sign(t, key.Header(), IDTokenClaims(map[string]any{"big": json.Number("9007199254740993"), "email": "ada@example.com"}))
			claims, err := ids.Verify(token, keysOf(t, key.JWK), IDTokenExpected())
			if err != nil {
				t.Fatal(err)
			}
			if claims.Issuer != IDTokenIssuer || claims.Subject != "248289761001" || claims.Raw["email"] != "ada@example.com" ||
				claims.Raw["big"] != json.Number("9007199254740993") || claims.Key.KID() != "k1" {
				t.Errorf("%+v", claims)
			}
			want := IDTokenExpected()
			want.Algorithms = []string{"XX256"}
			if _, err := ids.Verify(token, keysOf(t, key.JWK), want); err == nil {
				t.Error("by an algorithm that the metadata does not list")
			}
		})
	}
	key := NewForeignKey(t, "ES256", "k1")
	t.Run("a kid that no key has is told apart: the keys may have been rotated", func(t *testing.T) {
		token := key.Sign(t, `{"alg":"ES256","kid":"k2"}`, IDTokenClaims(nil))
		if _, err := ids.Verify(token, keysOf(t, key.JWK), IDTokenExpected()); !errors.Is(err, provider.ErrUnknownKey) {
			t.Errorf("err = %v", err)
		}
		if _, err := ids.Verify(token, nil, IDTokenExpected()); !errors.Is(err, provider.ErrUnknownKey) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("times have a leeway of 60 s, and an error of the clock says by how much", func(t *testing.T) {
		now := IDTokenNow.Unix()
		for name, row := range map[string]struct {
			changes map[string]any
			off     time.Duration // 0: accepted
		}{
			"just over": {map[string]any{"exp": now - 59}, 0},
			"over":      {map[string]any{"exp": now - 75}, 15 * time.Second},
			"early":     {map[string]any{"iat": now + 60}, 0},
			"too early": {map[string]any{"iat": now + 90}, 30 * time.Second},
			"not yet":   {map[string]any{"nbf": now + 61}, time.Second},
		} {
			_, err := ids.Verify(key.Sign(t, key.Header(), IDTokenClaims(row.changes)), keysOf(t, key.JWK), IDTokenExpected())
			var clock *provider.ClockError
			if (err == nil) != (row.off == 0) || err != nil && (!errors.As(err, &clock) || clock.Off != row.off) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	t.Run("a key set is read as far as it can be used", func(t *testing.T) {
		named := maps.Clone(key.JWK)
		named["issuer"], named["x5c"] = "https://login.example.com/{tenantid}/v2.0", []string{"not a certificate"}
		keys := keysOf(t, map[string]any{"kty": "AKP", "alg": "ML-DSA-44"}, named, map[string]any{"kty": 5})
		if len(keys) != 1 || keys[0].KID() != "k1" || keys[0].Issuer() != "https://login.example.com/{tenantid}/v2.0" {
			t.Errorf("%d keys", len(keys))
		}
		many := make([]map[string]any, 101)
		for _, document := range [][]byte{nil, []byte("null"), []byte("[]"), []byte(`{"KEYS":[]}`), []byte(`{"keys":{}}`), KeySet(t, many...)} {
			if keys, err := ids.Keys(document); err == nil {
				t.Errorf("%.40s: %v", document, keys)
			}
		}
	})
	t.Run("Apple's secret is a token of five minutes by the team's key", func(t *testing.T) {
		apple := NewForeignKey(t, "ES256", "ABC123DEFG")
		der, err := x509.MarshalPKCS8PrivateKey(apple.Private)
		if err != nil {
			t.Fatal(err)
		}
		text := domain.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
		secret, err := ids.ClientSecret(provider.AppleKey{TeamID: "TEAM", KeyID: apple.KID, PEM: text}, "com.example.app", IDTokenNow)
		if err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(secret.Reveal(), ".")
		var header, claims map[string]any
		for i, target := range []*map[string]any{&header, &claims} {
			raw, _ := base64.RawURLEncoding.DecodeString(parts[i])
			if err := json.Unmarshal(raw, target); err != nil {
				t.Fatal(err)
			}
		}
		signature, _ := base64.RawURLEncoding.DecodeString(parts[2])
		digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		if !ecdsa.Verify(apple.Private.Public().(*ecdsa.PublicKey), digest[:], r, s) {
			t.Error("the signature is not the key's")
		}
		now := float64(IDTokenNow.Unix())
		if header["alg"] != "ES256" || header["kid"] != apple.KID || claims["iss"] != "TEAM" || claims["sub"] != "com.example.app" ||
			claims["aud"] != "https://appleid.apple.com" || claims["iat"] != now || claims["exp"] != now+300 {
			t.Errorf("%v %v", header, claims)
		}
		for _, bad := range []string{"", "not PEM", strings.Replace(text.Reveal(), "MI", "XX", 1)} {
			if secret, err := ids.ClientSecret(provider.AppleKey{TeamID: "TEAM", KeyID: "K", PEM: domain.NewSecret(bad)}, "c", IDTokenNow); err == nil {
				t.Errorf("of no key: %v", secret)
			}
		}
	})
}
