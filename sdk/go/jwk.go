package signet

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"math/big"
)

const (
	maxKeys   = 32
	maxKeySet = 256 << 10
	// Shorter RSA keys can be broken, longer ones would let their publisher waste our CPU.
	minRSA, maxRSA = 2048, 8192
)

// verifyKey is a published key. alg is the only algorithm that it is used with.
type verifyKey struct {
	kid, alg string
	public   crypto.PublicKey
}

// readKeySet reads the keys that it understands. An answer without any is an error, so that it never replaces a good set.
func readKeySet(document []byte) (map[string]*verifyKey, error) {
	set, ok := readObject(document)
	members, isList := set["keys"].([]any)
	switch {
	case !ok:
		return nil, errors.New("the answer is no key set, but something else")
	case !isList:
		return nil, errors.New("the answer has no list of keys")
	case len(members) > maxKeys:
		return nil, errors.New("the answer has more than 32 keys")
	}
	keys := make(map[string]*verifyKey, len(members))
	for _, m := range members {
		jwk, _ := m.(map[string]any)
		if key := readKey(jwk); key != nil {
			keys[key.kid] = key
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the answer has no key that can be used")
	}
	return keys, nil
}

// readKey is nil for a key that is not understood, or must not be used. One that shows its private half is everybody's.
func readKey(jwk map[string]any) *verifyKey {
	for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if _, there := jwk[private]; there {
			return nil
		}
	}
	kid, _ := jwk["kid"].(string)
	alg, _ := jwk["alg"].(string)
	if use, there := jwk["use"]; kid == "" || len(kid) > maxKID || there && use != "sig" {
		return nil
	}
	number := func(name string) []byte {
		text, _ := jwk[name].(string)
		b, _ := decode(text)
		return b
	}
	var public crypto.PublicKey
	switch {
	case alg == "ES256" && jwk["kty"] == "EC" && jwk["crv"] == "P-256":
		public = onCurve(number("x"), number("y"))
	case alg == "RS256" && jwk["kty"] == "RSA":
		public = ofRSA(number("n"), number("e"))
	case alg == "EdDSA" && jwk["kty"] == "OKP" && jwk["crv"] == "Ed25519":
		if x := number("x"); len(x) == ed25519.PublicKeySize {
			public = ed25519.PublicKey(x)
		}
	}
	if public == nil {
		return nil
	}
	return &verifyKey{kid: kid, alg: alg, public: public}
}

// onCurve is nil for a point that is not on the curve, which would give away nothing here, but is no key.
func onCurve(x, y []byte) crypto.PublicKey {
	if len(x) != 32 || len(y) != 32 {
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		return nil
	}
	return key
}

func ofRSA(n, e []byte) crypto.PublicKey {
	modulus, exponent := new(big.Int).SetBytes(n), new(big.Int).SetBytes(e)
	if bits := modulus.BitLen(); bits < minRSA || bits > maxRSA || exponent.BitLen() > 31 || exponent.Int64() < 3 || exponent.Bit(0) == 0 {
		return nil
	}
	return &rsa.PublicKey{N: modulus, E: int(exponent.Int64())}
}
