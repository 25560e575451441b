package jwtoken

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

// leeway is how far the clock of the replica that signed may be ahead of ours: it applies to iat and nbf. exp has none, so
// that expires_in means what it says.
const leeway = time.Minute

var (
	errForm = errors.New("jwtoken: not a token that Signet can have signed")
	errKey  = errors.New("jwtoken: not a token of this key")
)

// Verifier checks access tokens.
type Verifier struct{}

type verifyKey struct {
	kid    string
	alg    domain.Algorithm
	public crypto.PublicKey
}

// KID is the key's thumbprint.
func (k *verifyKey) KID() string { return k.kid }

// Key reads the key's public half; Private is not looked at. It fails when kid, algorithm and JWK don't belong together.
func (Verifier) Key(key domain.SigningKey) (secure.VerifyKey, error) {
	public, err := readPublic(key)
	if err != nil {
		return nil, err
	}
	return &verifyKey{kid: key.KID, alg: key.Algorithm, public: public}, nil
}

// Peek reads the kid in about a microsecond, whatever the token's length.
func (Verifier) Peek(token string) (kid string, ok bool) {
	h, ok := split(token)
	if !ok {
		return "", false
	}
	return h.kid, true
}

// options are the only ones under which a token is checked (RFC 8725 §3; golang-jwt checks none of it unless told). now is
// a parameter because an expired token is judged twice.
func options(alg domain.Algorithm, issuer string, now time.Time) []jwt.ParserOption {
	return []jwt.ParserOption{
		jwt.WithValidMethods([]string{string(alg)}),
		jwt.WithStrictDecoding(),
		jwt.WithIssuer(issuer),
		jwt.WithExpirationRequired(),
		jwt.WithNotBeforeRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway),
		jwt.WithTimeFunc(func() time.Time { return now }),
	}
}

// Verify checks form, kid, algorithm, signature, and then the claims; the audience is the caller's to check. A token that has expired and
// has no other fault gives its claims with secure.ErrExpired: logout needs the session of an expired token. Claims are zero with every
// other error.
func (Verifier) Verify(token string, key secure.VerifyKey, issuer string, now time.Time) (domain.Claims, error) {
	k, ok := key.(*verifyKey)
	if !ok || k == nil {
		return domain.Claims{}, fmt.Errorf("jwtoken: a key of another adapter: %T", key)
	}
	if issuer == "" { // golang-jwt would take it for "any"
		return domain.Claims{}, errors.New("jwtoken: verify: no issuer to expect")
	}
	h, ok := split(token)
	switch {
	case !ok:
		return domain.Claims{}, errForm
	case h.kid != k.kid, h.alg != k.alg:
		return domain.Claims{}, errKey
	}
	var set claimSet
	parser := jwt.NewParser(options(k.alg, issuer, now)...)
	_, err := parser.ParseWithClaims(token, &set, func(*jwt.Token) (any, error) { return k.public, nil })
	if err == nil && now.Before(set.ExpiresAt.time()) {
		return set.claims(h.typ), nil
	}
	if err == nil || onlyExpired(err, &set, k.alg, issuer) {
		return set.claims(h.typ), secure.ErrExpired
	}
	return domain.Claims{}, fmt.Errorf("jwtoken: verify: %w", err)
}

// onlyExpired tells whether an error of the parser has no cause but time. errors.Is alone would not do (CVE-2024-51744): the parser joins
// all faults of the claims, and an expired token of another issuer has expired, too. So the claims are checked again as of their last
// second. The parser checks claims only after the signature, so ErrTokenExpired implies a valid signature.
func onlyExpired(err error, set *claimSet, alg domain.Algorithm, issuer string) bool {
	if !errors.Is(err, jwt.ErrTokenExpired) || errors.Is(err, jwt.ErrTokenSignatureInvalid) {
		return false
	}
	lastSecond := set.ExpiresAt.time().Add(-time.Second)
	return jwt.NewValidator(options(alg, issuer, lastSecond)...).Validate(set) == nil
}

// JWKS is the document of the keys in the order given. Each is read back and written again with the members of a public key,
// kid, alg and use, so nothing else that a row may hold gets out.
func (Verifier) JWKS(keys []domain.SigningKey) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: make([]jose.JSONWebKey, 0, len(keys))}
	for _, key := range keys {
		public, err := readPublic(key)
		if err != nil {
			return nil, err
		}
		set.Keys = append(set.Keys, publish(public, key.KID, key.Algorithm))
	}
	return json.Marshal(set)
}
