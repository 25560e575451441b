package idp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Numbers of keys besides 0 and 1, which sign in turn.
const (
	strangerMaterial = 2 // published nowhere
	appleMaterial    = 3 // signs the secrets of Apple's client
)

// material is key n for an algorithm, made once in a process: an RSA key takes a while.
var material = func() func(algorithm string, n int) crypto.Signer {
	var mu sync.Mutex
	made := map[string]crypto.Signer{}
	return func(algorithm string, n int) crypto.Signer {
		mu.Lock()
		defer mu.Unlock()
		kind := kindOf(algorithm)
		name := fmt.Sprint(kind, n)
		if made[name] == nil {
			made[name] = generate(kind)
		}
		return made[name]
	}
}()

// kindOf is the kind of key that an algorithm takes.
func kindOf(algorithm string) string {
	if strings.HasPrefix(algorithm, "RS") || strings.HasPrefix(algorithm, "PS") {
		return "RSA"
	}
	return algorithm
}

func generate(kind string) crypto.Signer {
	var key crypto.Signer
	var err error
	switch kind {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		key, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		panic("idp: the machine has no randomness: " + err.Error())
	}
	return key
}

// jwk is the public part of a key (RFC 7517, 7518, 8037).
func jwk(key crypto.Signer) Object {
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		return Object{"kty": "RSA", "n": number(public.N.Bytes()), "e": number(big.NewInt(int64(public.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, _ := public.Bytes() // 4, x, y
		half := len(point) / 2
		return Object{"kty": "EC", "crv": public.Params().Name, "x": number(point[1 : 1+half]), "y": number(point[1+half:])}
	case ed25519.PublicKey:
		return Object{"kty": "OKP", "crv": "Ed25519", "x": number(public)}
	}
	return Object{}
}

func number(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// kid names the key that signs now.
func (p *Provider) kid() string { return fmt.Sprintf("%s-%d", p.Name, p.rotation) }

// keys answers the key set.
func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	key := jwk(p.key())
	key["kid"], key["use"], key["alg"] = p.kid(), "sig", p.algorithm
	if p.dialect.tenants {
		delete(key, "alg") // Microsoft publishes none, but the issuer that a key is good for
		key["issuer"] = p.Issuer
	}
	overlay(key, p.switches.Documents[Keys])
	set := append(slices.Clone(p.switches.ExtraKeys), key)
	p.mu.Unlock()
	w.Header().Set("Cache-Control", "public, max-age=3600")
	writeJSON(w, http.StatusOK, Object{"keys": set})
}

// oddKeys are such as issuers publish beside the one that signs, and that verifiers have stumbled over (ory/kratos#4572).
func oddKeys() []Object {
	short := strings.Repeat("A", 171) + "Q" // 1 024 bits
	ec := jwk(material("ES256", strangerMaterial))
	return []Object{
		{"kty": "AKP", "alg": "ML-DSA-44", "kid": "post-quantum", "pub": "AAAA"},
		{"kty": "EC", "crv": "secp256k1", "kid": "bitcoin", "x": ec["x"], "y": ec["y"], "use": "sig"},
		{"kty": "RSA", "kid": "encryption", "use": "enc", "alg": "RSA-OAEP", "n": strings.Repeat("A", 341) + "Q", "e": "AQAB"},
		{"kty": "RSA", "kid": "short", "use": "sig", "n": short, "e": "AQAB"},
		{"kty": "oct", "kid": "secret", "k": "AAAA"},
		{"kid": "nothing"},
	}
}

// manyKeys are more than a key set has room for.
func manyKeys() []Object {
	keys := make([]Object, 100)
	for i := range keys {
		keys[i] = jwk(material("ES256", strangerMaterial))
		keys[i]["kid"], keys[i]["alg"] = fmt.Sprintf("extra-%d", i), "ES256"
	}
	return keys
}
