package jwtoken

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/provider"
)

const (
	appleIssuer    = "https://appleid.apple.com"
	appleSecretTTL = 5 * time.Minute
)

// ClientSecret signs the token that Apple accepts as a client secret. It is cheap, so each exchange makes a new one, and none is stored.
func (IDTokens) ClientSecret(key provider.AppleKey, clientID string, now time.Time) (domain.Secret, error) {
	private, err := readApplePEM(key.PEM)
	if err != nil {
		return domain.Secret{}, err
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{
		"iss": key.TeamID, "sub": clientID, "aud": appleIssuer, "iat": now.Unix(), "exp": now.Add(appleSecretTTL).Unix(),
	})
	token.Header["kid"] = key.KeyID
	text, err := token.SignedString(private)
	return domain.NewSecret(text), err
}

// readApplePEM reads the .p8 file. Errors reveal nothing of its content.
func readApplePEM(text domain.Secret) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text.Reveal()))
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("not a PEM block PRIVATE KEY")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("not a PKCS #8 key")
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("not a P-256 key")
	}
	return private, nil
}
