package jwtoken

import (
	"crypto"
	"encoding/json"
	"fmt"

	"github.com/golang-jwt/jwt/v5"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

// Issuer prepares signing keys.
type Issuer struct{}

// Signer reads the key's private half, which must be opened, and checks that it is the one that the kid names.
func (Issuer) Signer(key domain.SigningKey) (secure.Signer, error) {
	private, err := readPrivate(key)
	if err != nil {
		return nil, err
	}
	return &signer{kid: key.KID, method: method(key.Algorithm), private: private}, nil
}

type signer struct {
	kid     string
	method  jwt.SigningMethod
	private crypto.Signer
}

// Sign makes the token. Times lose their fractions of a second; nbf is iat. Claims that lack a required member, and those that make a token
// longer than Peek reads, are errors, because every verifier would refuse such a token.
func (s *signer) Sign(c domain.Claims) (string, error) {
	set := onWire(c)
	switch {
	case !set.complete():
		return "", fmt.Errorf("jwtoken: sign: %w", errIncomplete)
	case !isType(c.Type):
		return "", fmt.Errorf("jwtoken: sign: unknown type %q", c.Type)
	}
	payload, err := json.Marshal(&set)
	if err != nil {
		return "", fmt.Errorf("jwtoken: sign: %w", err)
	}
	// The compact serialization (RFC 7515 §7.1), written once: golang-jwt would encode a map for the header and copy the rest.
	alg := s.method.Alg()
	_, signed := signatureLength(domain.Algorithm(alg))
	token := make([]byte, 0, maxHeadLength+strict.EncodedLen(len(payload))+signed+len(".."))
	token = strict.AppendEncode(token, []byte(headAlg+alg+headKID+s.kid+headTyp+string(c.Type)+headEnd))
	token = strict.AppendEncode(append(token, '.'), payload)
	signature, err := s.method.Sign(string(token), s.private)
	if err != nil {
		return "", fmt.Errorf("jwtoken: sign: %w", err)
	}
	token = strict.AppendEncode(append(token, '.'), signature)
	if len(token) > maxToken {
		return "", fmt.Errorf("jwtoken: sign: a token of %d bytes, more than %d", len(token), maxToken)
	}
	return string(token), nil
}
