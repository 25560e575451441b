package jwtoken_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

const issuer = "https://auth.example.com"

var now = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

// pair is a key with everything an attacker would like to have.
type pair struct {
	domain.SigningKey
	private crypto.Signer
	verify  secure.VerifyKey
}

func newPair(tb testing.TB, alg domain.Algorithm) pair {
	tb.Helper()
	key, err := jwtoken.KeyMaker{}.Generate(alg)
	if err != nil {
		tb.Fatal(err)
	}
	return load(tb, key)
}

func load(tb testing.TB, key domain.SigningKey) pair {
	tb.Helper()
	private, err := x509.ParsePKCS8PrivateKey(key.Private)
	if err != nil {
		tb.Fatal(err)
	}
	verify, err := jwtoken.Verifier{}.Key(key)
	if err != nil {
		tb.Fatal(err)
	}
	return pair{key, private.(crypto.Signer), verify}
}

// header is the one that a genuine token of the key has.
func (p pair) header() string {
	return fmt.Sprintf(`{"alg":"%s","kid":"%s","typ":"at+jwt"}`, p.Algorithm, p.KID)
}

// payload is a genuine one; changes replace members, nil removes one.
func payload(changes map[string]any) string {
	members := map[string]any{
		"iss": issuer, "sub": "0d4e7a0c-94a8-4f3c-a1d9-3b1f4c5d6e7f", "aud": "auth_service",
		"exp": now.Unix() + 900, "iat": now.Unix(), "nbf": now.Unix(), "jti": "j-1", "sid": "s-1", "client_id": "c-1",
		"email_verified": true, "roles": []string{"user"}, "permissions": []string{}, "pv": 3, "amr": []string{"pwd"},
		"auth_time": now.Unix(),
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

// forge signs any header and payload with the genuine key: what is refused then is refused for what it says.
func (p pair) forge(tb testing.TB, header, payload string) string {
	tb.Helper()
	text := b64(header) + "." + b64(payload)
	return text + "." + base64.RawURLEncoding.EncodeToString(p.sign(tb, text))
}

func (p pair) sign(tb testing.TB, text string) []byte {
	tb.Helper()
	digest := sha256.Sum256([]byte(text))
	var signature []byte
	var err error
	switch private := p.private.(type) {
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		r, s, err = ecdsa.Sign(rand.Reader, private, digest[:])
		signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
	case ed25519.PrivateKey:
		signature = ed25519.Sign(private, []byte(text))
	}
	if err != nil {
		tb.Fatal(err)
	}
	return signature
}

func (p pair) check(token string) (domain.Claims, error) {
	return jwtoken.Verifier{}.Verify(token, p.verify, issuer, now)
}

func b64(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// order is the number of points of P-256.
var order = elliptic.P256().Params().N
