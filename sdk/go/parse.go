package signet

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

const (
	maxToken = 8192
	maxKID   = 128
)

// bearerToken wants the header once, the scheme in any case, one space and the token (RFC 6750 §2.1). Everything else is no token; a DPoP token
// taken for a bearer token would be one that anybody may have stolen.
func bearerToken(authorization []string) string {
	if len(authorization) != 1 {
		return ""
	}
	scheme, token, _ := strings.Cut(authorization[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.ContainsAny(token, " \t") {
		return ""
	}
	return token
}

// parsed is a token's text, taken apart and judged as far as no key is needed.
type parsed struct {
	signed    string // what the signature is of
	signature []byte
	payload   map[string]any
	kid       string
	method    jwt.SigningMethod
}

// methods are the algorithms that are accepted. Which one a token is verified with is the key's to say.
var methods = map[string]jwt.SigningMethod{
	"ES256": jwt.SigningMethodES256, "RS256": jwt.SigningMethodRS256, "EdDSA": jwt.SigningMethodEdDSA,
}

// parse reads the text (RFC 7515, 8725). Everything here comes before any cryptography, and nothing is left to a library's defaults.
func parse(token string) (p parsed, reason Reason) {
	header, payload, signature, ok := split(token)
	if !ok {
		return p, ReasonMalformed
	}
	h, ok := decodeObject(header)
	if !ok {
		return p, ReasonMalformed
	}
	if p.payload, ok = decodeObject(payload); !ok {
		return p, ReasonMalformed
	}
	if p.signature, ok = decode(signature); !ok {
		return p, ReasonMalformed
	}
	p.signed = token[:len(header)+1+len(payload)]
	kid, _ := h["kid"].(string)
	if kid == "" || len(kid) > maxKID {
		return p, ReasonMalformed
	}
	p.kid = kid
	alg, _ := h["alg"].(string)
	if p.method = methods[alg]; p.method == nil {
		return p, ReasonAlgorithm
	}
	if typ, _ := h["typ"].(string); typ != "at+jwt" { // RFC 9068 §2.1: an ID token or a logout token is no access token
		return p, ReasonType
	}
	for _, name := range []string{"crit", "b64", "enc", "zip"} {
		if _, there := h[name]; there {
			return p, ReasonCritical
		}
	}
	return p, ""
}

// split wants three parts. It counts the dots of a long text no further than it must (CVE-2025-30204).
func split(token string) (header, payload, signature string, ok bool) {
	if len(token) > maxToken {
		return "", "", "", false
	}
	header, rest, ok := strings.Cut(token, ".")
	if !ok {
		return "", "", "", false
	}
	payload, signature, ok = strings.Cut(rest, ".")
	return header, payload, signature, ok && !strings.Contains(signature, ".")
}

var strictBase64 = base64.RawURLEncoding.Strict()

// decode takes canonical base64url only (RFC 7515 §2): a text with line ends, padding or spare bits would be a second spelling of one token.
func decode(part string) ([]byte, bool) {
	if strings.ContainsAny(part, "\r\n") { // which the decoder skips
		return nil, false
	}
	b, err := strictBase64.DecodeString(part)
	return b, err == nil
}

// decodeObject reads a JSON object, with numbers as they are written.
func decodeObject(part string) (map[string]any, bool) {
	text, ok := decode(part)
	if !ok {
		return nil, false
	}
	return readObject(text)
}

func readObject(text []byte) (map[string]any, bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var object map[string]any
	if d.Decode(&object) != nil || object == nil {
		return nil, false
	}
	_, err := d.Token()
	return object, errors.Is(err, io.EOF)
}
