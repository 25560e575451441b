package testkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strings"
	"testing"
)

// Object is a JSON object.
type Object = map[string]any

// ReadToken takes an access token apart without checking anything.
func ReadToken(tb testing.TB, token string) (header, claims Object) {
	tb.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		tb.Fatalf("a token of %d parts", len(parts))
	}
	for i, target := range []*Object{&header, &claims} {
		text, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(text, target)
		}
		if err != nil {
			tb.Fatalf("part %d of a token: %v", i, err)
		}
	}
	return header, claims
}

// VerifyToken checks an ES256 token the way a service would that knows nothing but /.well-known/jwks.json: with code of its
// own and the standard library. It returns the claims.
func (s *Server) VerifyToken(token string) Object {
	s.tb.Helper()
	header, claims := ReadToken(s.tb, token)
	keys, _ := s.Client().Do(Request{Path: "/.well-known/jwks.json"}).Want(http.StatusOK, "").JSON()["keys"].([]any)
	for _, entry := range keys {
		key, _ := entry.(Object)
		if key["kid"] != header["kid"] {
			continue
		}
		public := ecdsa.PublicKey{Curve: elliptic.P256(), X: number(key["x"]), Y: number(key["y"])} //nolint:staticcheck // as a verifier would
		signed, signature, _ := cutLast(token)
		raw, err := base64.RawURLEncoding.Strict().DecodeString(signature)
		if err != nil || len(raw) != 64 || header["alg"] != "ES256" || key["alg"] != "ES256" || key["crv"] != "P-256" {
			s.tb.Fatalf("header %v, key %v, a signature of %d bytes (%v)", header, key, len(raw), err)
		}
		sum := sha256.Sum256([]byte(signed))
		if !ecdsa.Verify(&public, sum[:], new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])) {
			s.tb.Fatalf("the published key does not verify the token")
		}
		return claims
	}
	s.tb.Fatalf("the key %v is not published", header["kid"])
	return nil
}

func number(coordinate any) *big.Int {
	text, _ := coordinate.(string)
	raw, _ := base64.RawURLEncoding.DecodeString(text)
	return new(big.Int).SetBytes(raw)
}

// Resign makes a token of a header and claims with a key that nobody knows.
func Resign(tb testing.TB, header, claims Object) string {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	signed := part(tb, header) + "." + part(tb, claims)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		tb.Fatal(err)
	}
	raw := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return signed + "." + base64.RawURLEncoding.EncodeToString(raw)
}

// Unsigned makes a token of a header and claims without a signature.
func Unsigned(tb testing.TB, header, claims Object) string {
	tb.Helper()
	return part(tb, header) + "." + part(tb, claims) + "."
}

func part(tb testing.TB, object Object) string {
	tb.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		tb.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func cutLast(token string) (signed, signature string, ok bool) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return token, "", false
	}
	return token[:i], token[i+1:], true
}

// Garble changes one character in the middle of a text to another letter.
func Garble(text string) string {
	b := []byte(text)
	i := len(b) / 2
	if b[i] == 'a' {
		b[i] = 'b'
	} else {
		b[i] = 'a'
	}
	return string(b)
}
