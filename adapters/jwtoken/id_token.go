package jwtoken

import (
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/signet-auth/signet/ports/provider"
)

// maxIDToken is how long an id_token may be, in bytes.
const maxIDToken = 16 << 10

// foreignMethods are the algorithms by which providers may sign. All others are refused, such as "none" and HS256, with which the client
// secret, known to many tools of a deployment, would be a key to all accounts.
var foreignMethods = map[string]jwt.SigningMethod{
	"RS256": jwt.SigningMethodRS256, "RS384": jwt.SigningMethodRS384, "RS512": jwt.SigningMethodRS512,
	"PS256": jwt.SigningMethodPS256, "PS384": jwt.SigningMethodPS384, "PS512": jwt.SigningMethodPS512,
	"ES256": jwt.SigningMethodES256, "ES384": jwt.SigningMethodES384, "ES512": jwt.SigningMethodES512,
	"EdDSA": jwt.SigningMethodEdDSA,
}

// IDTokens checks id_tokens of providers and makes Apple's client secret: provider.IDTokens.
//
// Unlike access tokens these have as many spellings as there are providers, so header and claims go through one strict reader of JSON
// (json.go) and every claim is judged here: golang-jwt only checks signatures.
type IDTokens struct{}

// Verify checks form, key, signature and then the claims.
func (IDTokens) Verify(token string, keys []provider.Key, want provider.Expected) (provider.Claims, error) {
	if want.Issuer == nil || want.Audience == "" || want.Nonce == "" {
		return provider.Claims{}, errors.New("id_token: nothing to hold it against")
	}
	head, payload, signature, err := splitForeign(token)
	if err != nil {
		return provider.Claims{}, fmt.Errorf("id_token: %w", err)
	}
	if want.Algorithms != nil && !slices.Contains(want.Algorithms, head.alg) {
		return provider.Claims{}, errors.New("id_token: an algorithm that the provider's metadata does not list")
	}
	key, err := pick(keys, head)
	if err != nil {
		return provider.Claims{}, fmt.Errorf("id_token: %w", err)
	}
	signed := token[:strings.LastIndexByte(token, '.')]
	if err := foreignMethods[head.alg].Verify(signed, signature, key.public); err != nil {
		return provider.Claims{}, errors.New("id_token: the signature is not the key's")
	}
	members, err := readObject(payload)
	if err != nil {
		return provider.Claims{}, fmt.Errorf("id_token: claims: %w", err)
	}
	claims, err := judge(members, want)
	if err != nil {
		return provider.Claims{}, fmt.Errorf("id_token: %w", err)
	}
	claims.Key = key
	return claims, nil
}

// foreignHeader is the header of an id_token. Members that name a key by its value or address (jwk, jku, x5c, x5u) are not read.
type foreignHeader struct{ alg, kid string }

// splitForeign takes the token apart. An encrypted one (RFC 7516) has five parts.
func splitForeign(token string) (head foreignHeader, payload, signature []byte, err error) {
	if len(token) > maxIDToken || strings.Count(token, ".") != 2 || strings.ContainsAny(token, "\r\n") {
		return head, nil, nil, errors.New("not a signed token of at most 16 KB")
	}
	parts := strings.Split(token, ".")
	raw, err := strict.DecodeString(parts[0])
	if err != nil {
		return head, nil, nil, errors.New("the header is not base64url")
	}
	members, err := readObject(raw)
	if err != nil {
		return head, nil, nil, fmt.Errorf("header: %w", err)
	}
	if head, err = readForeignHeader(members); err != nil {
		return head, nil, nil, err
	}
	payload, err = strict.DecodeString(parts[1])
	if err != nil {
		return head, nil, nil, errors.New("the claims are not base64url")
	}
	if signature, err = strict.DecodeString(parts[2]); err != nil {
		return head, nil, nil, errors.New("the signature is not base64url")
	}
	return head, payload, signature, nil
}

func readForeignHeader(members map[string]any) (head foreignHeader, err error) {
	for _, name := range []string{"crit", "b64", "enc", "zip"} { // each changes what is signed, or how
		if _, there := members[name]; there {
			return head, fmt.Errorf("the header has %q", name)
		}
	}
	head.alg, _ = members["alg"].(string)
	if foreignMethods[head.alg] == nil {
		return head, errors.New("the algorithm is none that is accepted")
	}
	if member, there := members["kid"]; there {
		kid, ok := member.(string)
		if !ok {
			return head, errors.New("the kid is no text")
		}
		head.kid = kid
	}
	if member, there := members["typ"]; there {
		typ, ok := member.(string)
		// RFC 8725 §3.11: refuse a token whose type names another use, such as an access or a logout token.
		if !ok || strings.HasSuffix(strings.ToLower(typ), "+jwt") {
			return head, errors.New("the typ is another's")
		}
	}
	return head, nil
}

// pick finds the one key that may have signed. If several keys share the kid, the algorithm decides.
func pick(keys []provider.Key, head foreignHeader) (*foreignKey, error) {
	var named bool
	var fitting []*foreignKey
	for _, k := range keys {
		key, ok := k.(*foreignKey)
		if !ok || key == nil {
			return nil, fmt.Errorf("a key of another adapter: %T", k)
		}
		if head.kid != "" && key.kid != head.kid {
			continue
		}
		named = true
		if slices.Contains(key.algs, head.alg) {
			fitting = append(fitting, key)
		}
	}
	switch {
	case len(fitting) == 1:
		return fitting[0], nil
	case len(fitting) > 1:
		return nil, errors.New("more than one key may have signed it")
	case named && head.kid != "":
		return nil, errors.New("the algorithm is not the key's")
	}
	return nil, provider.ErrUnknownKey
}

// judge checks the claims of a token whose signature is valid. The times come last, so that a ClockError means that everything else is
// valid.
func judge(members map[string]any, want provider.Expected) (claims provider.Claims, err error) {
	issuer, _ := members["iss"].(string)
	if issuer == "" || !want.Issuer(issuer) {
		return claims, errors.New("iss is another's")
	}
	if err := judgeAudience(members, want.Audience); err != nil {
		return claims, err
	}
	if nonce, _ := members["nonce"].(string); nonce != want.Nonce {
		return claims, errors.New("the nonce is missing or another login's")
	}
	subject, ok := provider.SubjectOf(members["sub"])
	if !ok {
		return claims, errors.New("sub is missing or no subject")
	}
	if err := judgeTimes(members, want.Now); err != nil {
		return claims, err
	}
	return provider.Claims{Issuer: issuer, Subject: subject, Raw: members}, nil
}

// judgeAudience refuses a token for several clients that does not say to which of them it was issued: another client may have received it
// (OIDC Core §3.1.3.7).
func judgeAudience(members map[string]any, clientID string) error {
	var audience []string
	switch aud := members["aud"].(type) {
	case string:
		audience = []string{aud}
	case []any:
		for _, item := range aud {
			text, ok := item.(string)
			if !ok {
				return errors.New("aud holds what is no text")
			}
			audience = append(audience, text)
		}
	}
	if !slices.Contains(audience, clientID) {
		return errors.New("aud is another client's")
	}
	party, there := members["azp"]
	if azp, _ := party.(string); there && azp != clientID {
		return errors.New("azp is another client's")
	}
	if !there && len(audience) > 1 {
		return errors.New("several aud without azp")
	}
	return nil
}

func judgeTimes(members map[string]any, now time.Time) error {
	for _, claim := range []struct {
		name     string
		required bool
		off      func(time.Time) time.Duration // beyond the leeway where positive
	}{
		{"exp", true, func(t time.Time) time.Duration { return now.Sub(t) - leeway }},
		{"iat", true, func(t time.Time) time.Duration { return t.Sub(now) - leeway }},
		{"nbf", false, func(t time.Time) time.Duration { return t.Sub(now) - leeway }},
	} {
		member, there := members[claim.name]
		if !there && !claim.required {
			continue
		}
		at, ok := numericDate(member)
		if !ok {
			return fmt.Errorf("%s is missing or no time", claim.name)
		}
		if off := claim.off(at); off > 0 || off == 0 && claim.name == "exp" {
			return &provider.ClockError{Claim: claim.name, Off: off}
		}
	}
	return nil
}

// numericDate reads a time in seconds since 1970 (RFC 7519 §2), fractions included; some providers write them.
func numericDate(member any) (time.Time, bool) {
	number, ok := member.(json.Number)
	if !ok {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseFloat(number.String(), 64)
	if err != nil || !(seconds > 0 && seconds <= maxSeconds) {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), true
}

// foreignKey is a public key of a provider with the algorithms that it may sign by.
type foreignKey struct {
	kid, issuer string
	algs        []string
	public      crypto.PublicKey
}

// KID names the key within its set; it may be empty.
func (k *foreignKey) KID() string { return k.kid }

// Issuer is a member that Microsoft adds.
func (k *foreignKey) Issuer() string { return k.issuer }
