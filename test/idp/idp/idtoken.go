package idp

import (
	"crypto"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Signing is how an id_token is signed, when not as it should be.
type Signing string

// The wrong ways.
const (
	Unsigned   Signing = "none"        // alg none and no signature
	HS256      Signing = "hs256"       // with the client's secret
	UnknownKey Signing = "unknown_kid" // a key that the key set lacks
	WrongKey   Signing = "wrong_key"   // another key than the kid names
	NoKID      Signing = "no_kid"      // right, but without a kid, as some issuers do
)

// idToken says who logged in, signed. The caller holds the lock.
func (p *Provider) idToken(g *grant) (string, error) {
	now := p.now().Add(time.Duration(p.switches.ClockOff) * time.Second)
	claims := jwt.MapClaims{"iss": p.Issuer, "aud": p.ClientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	overlay(claims, p.dialect.claims(p, g))
	overlay(claims, g.person.Claims)
	overlay(claims, p.switches.Claims)

	token := jwt.NewWithClaims(jwt.GetSigningMethod(p.algorithm), claims)
	token.Header["kid"] = p.kid()
	var key any = p.key()
	switch p.switches.Signing {
	case Unsigned:
		token.Method, key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
	case HS256:
		token.Method, key = jwt.SigningMethodHS256, []byte(p.secret)
	case UnknownKey:
		token.Header["kid"] = p.kid() + "-unknown"
		key = material(p.algorithm, strangerMaterial)
	case WrongKey:
		key = material(p.algorithm, strangerMaterial)
	case NoKID:
		delete(token.Header, "kid")
	}
	token.Header["alg"] = token.Method.Alg()
	return token.SignedString(key)
}

// key is the one that signs. Neighbours in time differ.
func (p *Provider) key() crypto.Signer { return material(p.algorithm, p.rotation%2) }
