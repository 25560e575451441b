package jwtoken

import (
	"crypto"
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

// Sign makes the token. Times lose their fractions of a second; nbf is iat. Claims that lack a required member, and those
// that make a token longer than Peek reads, are errors: such a token would be refused wherever it goes.
func (s *signer) Sign(c domain.Claims) (string, error) {
	set := onWire(c)
	switch {
	case !set.complete():
		return "", fmt.Errorf("jwtoken: sign: %w", errIncomplete)
	case !isType(c.Type):
		return "", fmt.Errorf("jwtoken: sign: unknown type %q", c.Type)
	}
	token := jwt.NewWithClaims(s.method, &set)
	token.Header["kid"], token.Header["typ"] = s.kid, string(c.Type)
	text, err := token.SignedString(s.private)
	if err != nil {
		return "", fmt.Errorf("jwtoken: sign: %w", err)
	}
	if len(text) > maxToken {
		return "", fmt.Errorf("jwtoken: sign: a token of %d bytes, more than %d", len(text), maxToken)
	}
	return text, nil
}
