package jwtoken

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/signet-auth/signet/ports/provider"
)

const (
	maxKeys       = 100
	maxKeySet     = 1_000_000 // bytes
	maxForeignRSA = 8192      // bits; larger keys would let an attacker waste our CPU
)

// Keys reads a key set. A key that can't be used is left out, whatever is wrong with it: providers publish keys for other uses and of
// future kinds in the same document, and these must not lock everybody out.
func (IDTokens) Keys(document []byte) ([]provider.Key, error) {
	if len(document) > maxKeySet {
		return nil, errors.New("key set: larger than 1 MB")
	}
	var set map[string]json.RawMessage // by exact names: a struct would take "KEYS", too
	if err := json.Unmarshal(document, &set); err != nil {
		return nil, errors.New("key set: not a JSON object")
	}
	var members []json.RawMessage
	if err := json.Unmarshal(set["keys"], &members); err != nil || members == nil {
		return nil, errors.New("key set: no list of keys")
	}
	if len(members) > maxKeys {
		return nil, errors.New("key set: more than 100 keys")
	}
	keys := make([]provider.Key, 0, len(members))
	for _, member := range members {
		if key, ok := readForeignKey(member); ok {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// publicMembers are all that is read of a key. Certificates (x5c) are ignored, because one that Go finds malformed would make a good key
// unusable.
var publicMembers = []string{"kty", "crv", "n", "e", "x", "y"}

func readForeignKey(document json.RawMessage) (*foreignKey, bool) {
	var all map[string]json.RawMessage
	if json.Unmarshal(document, &all) != nil {
		return nil, false
	}
	var kid, use, alg, issuer string
	for name, target := range map[string]*string{"kid": &kid, "use": &use, "alg": &alg, "issuer": &issuer} {
		if member, there := all[name]; there && json.Unmarshal(member, target) != nil {
			return nil, false
		}
	}
	if use != "" && use != "sig" || !mayVerify(all["key_ops"]) {
		return nil, false
	}
	public := map[string]json.RawMessage{}
	for _, name := range publicMembers {
		if member, there := all[name]; there {
			public[name] = member
		}
	}
	text, err := json.Marshal(public)
	if err != nil {
		return nil, false
	}
	var jwk jose.JSONWebKey
	if jwk.UnmarshalJSON(text) != nil {
		return nil, false
	}
	algs := algorithms(jwk.Key)
	if alg != "" {
		algs = slices.DeleteFunc(algs, func(a string) bool { return a != alg })
	}
	return &foreignKey{kid: kid, issuer: issuer, algs: algs, public: jwk.Key}, len(algs) > 0
}

func mayVerify(operations json.RawMessage) bool {
	var names []string
	if operations == nil {
		return true
	}
	return json.Unmarshal(operations, &names) == nil && slices.Contains(names, "verify")
}

// algorithms are those that a public key may be used with; it is empty for a kind, curve or size that is not accepted.
func algorithms(public crypto.PublicKey) []string {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits >= minRSABits && bits <= maxForeignRSA && key.E > 2 && key.E%2 == 1 {
			return []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
		}
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			return []string{"ES256"}
		case elliptic.P384():
			return []string{"ES384"}
		case elliptic.P521():
			return []string{"ES512"}
		}
	case ed25519.PublicKey:
		if len(key) == ed25519.PublicKeySize {
			return []string{"EdDSA"}
		}
	}
	return nil
}
