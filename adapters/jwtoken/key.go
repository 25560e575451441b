package jwtoken

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/signet-auth/signet/domain"
)

// rsaBits is the size of new RSA keys: the least that RFC 7518 §3.3 allows and that every verifier takes. A signature only has to hold for
// the minutes of a token's life, and keys change every month, so larger keys bring nothing: 3072 bits triple the cost of signing, which
// already is by far the most expensive step of a refresh, and lengthen the header of every request.
const rsaBits = 2048

// Keys that others made (a later import) must be in this range; larger ones would let an attacker waste our CPU.
const (
	minRSABits = 2048
	maxRSABits = 4096
)

// KeyMaker makes key pairs from the system's entropy.
type KeyMaker struct{}

// Generate makes a key pair. An RSA one takes a tenth of a second and more. One in 64 is thrown away because its thumbprint begins with a
// dash: a command would take that for a flag, so that a leaked key could not be revoked.
func (m KeyMaker) Generate(alg domain.Algorithm) (domain.SigningKey, error) {
	for {
		key, err := m.pair(alg)
		if err != nil || !strings.HasPrefix(key.KID, "-") {
			return key, err
		}
	}
}

func (KeyMaker) pair(alg domain.Algorithm) (domain.SigningKey, error) {
	private, err := generate(alg)
	if err != nil {
		return domain.SigningKey{}, fmt.Errorf("jwtoken: make a key for %q: %w", alg, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return domain.SigningKey{}, fmt.Errorf("jwtoken: %w", err)
	}
	kid, err := thumbprint(private.Public())
	if err != nil {
		return domain.SigningKey{}, fmt.Errorf("jwtoken: %w", err)
	}
	public, err := publish(private.Public(), kid, alg).MarshalJSON()
	if err != nil {
		return domain.SigningKey{}, fmt.Errorf("jwtoken: %w", err)
	}
	return domain.SigningKey{KID: kid, Algorithm: alg, Private: der, Public: public}, nil
}

func generate(alg domain.Algorithm) (crypto.Signer, error) {
	switch alg {
	case domain.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case domain.RS256:
		return rsa.GenerateKey(rand.Reader, rsaBits)
	case domain.EdDSA:
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return nil, errors.New("unknown algorithm")
}

// method is golang-jwt's implementation of an algorithm, or nil.
func method(alg domain.Algorithm) jwt.SigningMethod {
	switch alg {
	case domain.ES256:
		return jwt.SigningMethodES256
	case domain.RS256:
		return jwt.SigningMethodRS256
	case domain.EdDSA:
		return jwt.SigningMethodEdDSA
	}
	return nil
}

// fits tells whether a public key fits the algorithm. Without this check an RSA key that is stored for ES256 would only fail at the first
// signature.
func fits(alg domain.Algorithm, public crypto.PublicKey) bool {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return alg == domain.ES256 && key.Curve == elliptic.P256()
	case *rsa.PublicKey:
		return alg == domain.RS256 && key.N.BitLen() >= minRSABits && key.N.BitLen() <= maxRSABits
	case ed25519.PublicKey:
		return alg == domain.EdDSA
	}
	return false
}

// thumbprint is the kid: RFC 7638 with SHA-256, base64url.
func thumbprint(public crypto.PublicKey) (string, error) {
	sum, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
	return base64.RawURLEncoding.EncodeToString(sum), err
}

func publish(public crypto.PublicKey, kid string, alg domain.Algorithm) jose.JSONWebKey {
	return jose.JSONWebKey{Key: public, KeyID: kid, Algorithm: string(alg), Use: "sig"}
}

// readPublic reads the JWK of one of our keys and checks it against the key's other fields: a stored key that was swapped has another
// thumbprint or algorithm.
func readPublic(key domain.SigningKey) (crypto.PublicKey, error) {
	var jwk jose.JSONWebKey
	if err := json.Unmarshal(key.Public, &jwk); err != nil {
		return nil, fmt.Errorf("jwtoken: key %q: %w", key.KID, err)
	}
	if !jwk.IsPublic() { // a private key that is published by mistake would compromise every token
		return nil, fmt.Errorf("jwtoken: key %q is not a public key", key.KID)
	}
	return jwk.Key, check(key, jwk.Key)
}

func readPrivate(key domain.SigningKey) (crypto.Signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(key.Private)
	if err != nil {
		return nil, fmt.Errorf("jwtoken: key %q: no private key: %w", key.KID, err)
	}
	private, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("jwtoken: key %q can't sign", key.KID)
	}
	return private, check(key, private.Public())
}

func check(key domain.SigningKey, public crypto.PublicKey) error {
	if !fits(key.Algorithm, public) {
		return fmt.Errorf("jwtoken: key %q is not one for %q", key.KID, key.Algorithm)
	}
	kid, err := thumbprint(public)
	if err != nil {
		return fmt.Errorf("jwtoken: key %q: %w", key.KID, err)
	}
	if kid != key.KID {
		return fmt.Errorf("jwtoken: key %q has the thumbprint %q", key.KID, kid)
	}
	return nil
}
