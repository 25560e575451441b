package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/asn1"
	"fmt"
	"maps"
	"math/big"
)

const (
	base     = int64(1794000000)
	issuer   = "https://auth.example.com"
	audience = "billing"
	appToken = "sgat_Q29uZm9ybWFuY2U_test" //nolint:gosec // opens nothing
)

// object changes members of a header or of claims; nil takes one away.
type object map[string]any

func (o object) apply(changes object) object {
	out := maps.Clone(o)
	for name, value := range changes {
		if value == nil {
			delete(out, name)
		} else {
			out[name] = value
		}
	}
	return out
}

// claims are those of a user who logged in at the base time. A second token in a case takes another jti.
func claims(changes object) object {
	return object{
		"iss": issuer, "sub": "u-1", "aud": audience, "exp": base + 900, "iat": base, "nbf": base, "jti": "j-1",
		"client_id": "signet", "sid": "s-1", "email_verified": true, "roles": []string{"clerk"}, "permissions": []string{"invoice:read"}, "pv": 3,
		"cs": 10, "auth_time": base, "amr": []string{"pwd"},
	}.apply(changes)
}

func header(key string) object {
	return object{"alg": keys[key].Alg, "kid": keys[key].KID, "typ": "at+jwt"}
}

// token is signed by key a, with changed claims.
func token(changes object) string { return signed("a", text(header("a")), text(claims(changes))) }

// issued is token, issued seconds after the base time.
func issued(at int, changes object) string {
	now := base + int64(at)
	return token(object{"iat": now, "nbf": now, "exp": now + 900, "auth_time": now}.apply(changes))
}

// headed is signed by key a, with a changed header.
func headed(changes object) string {
	return signed("a", text(header("a").apply(changes)), text(claims(nil)))
}

func by(key string, changes object) string {
	return signed(key, text(header(key)), text(claims(changes)))
}

func signed(key, header, payload string) string {
	input := b64([]byte(header)) + "." + b64([]byte(payload))
	return input + "." + b64(signature(keys[key].signer, input))
}

// signature is deterministic: RFC 6979 for ECDSA, whose entropy is nil.
func signature(signer crypto.Signer, input string) []byte {
	digest := sha256.Sum256([]byte(input))
	switch signer.(type) {
	case *ecdsa.PrivateKey:
		r, s := halves(must(signer.Sign(nil, digest[:], crypto.SHA256)))
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	case ed25519.PrivateKey:
		return must(signer.Sign(nil, []byte(input), crypto.Hash(0)))
	default:
		return must(signer.Sign(nil, digest[:], crypto.SHA256))
	}
}

func halves(der []byte) (r, s *big.Int) {
	var both struct{ R, S *big.Int }
	must(asn1.Unmarshal(der, &both))
	return both.R, both.S
}

// withMAC is the attack of algorithm confusion: a public key as the secret of HMAC.
func withMAC(header string, secret []byte) string {
	input := b64([]byte(header)) + "." + b64([]byte(text(claims(nil))))
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + b64(mac.Sum(nil))
}

// sized is a token of exactly n bytes. Some lengths take a longer header, too: base64 has no texts of 4k+1 digits.
func sized(n int) string {
	const signature = 1 + 86
	for more := range 3 {
		head := text(header("a").apply(object{"x": fmt.Sprintf("%*s", more, "")}))
		around := len(b64([]byte(head))) + 1 + len(b64([]byte(text(claims(object{"pad": ""}))))) + signature
		for pad := (n - around) * 3 / 4; pad < (n-around)*3/4+4; pad++ {
			t := signed("a", head, text(claims(object{"pad": fmt.Sprintf("%0*d", pad, 0)})))
			if len(t) == n {
				return t
			}
		}
	}
	panic("no token of this size")
}
