package echohttp

import (
	"net/http"
	"strings"

	"github.com/signet-auth/signet/domain"
)

// maxToken bounds a bearer token before anything looks into it (JW-5).
const maxToken = 8 << 10

var (
	errTwoAuthorizations = domain.ErrInvalidRequest.Saying("Send the Authorization header once")
	errNoToken           = domain.ErrTokenInvalid.Because(domain.ErrForged) // Signet issues no token of that form
)

// bearerToken reads the token only from `Authorization: Bearer <token68>` (RFC 6750 §2.1): a token in a query ends up in logs and histories
// (RFC 9700 §4.3.2). It is zero when the header is missing or of another scheme. Two headers are refused, because a proxy in front may have
// checked the other one.
func bearerToken(h http.Header) (domain.Secret, error) {
	values := h["Authorization"]
	if len(values) == 0 {
		return domain.Secret{}, nil
	}
	if len(values) > 1 {
		return domain.Secret{}, errTwoAuthorizations
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return domain.Secret{}, nil
	}
	token = strings.Trim(token, " ")
	if len(token) > maxToken || !isToken68(token) {
		return domain.Secret{}, errNoToken
	}
	return domain.NewSecret(token), nil
}

// isToken68 tells whether text has the form of RFC 9110 §11.2.
func isToken68(text string) bool {
	body := strings.TrimRight(text, "=")
	if body == "" {
		return false
	}
	for i := range len(body) {
		switch c := body[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', isDigit(c):
		case c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/':
		default:
			return false
		}
	}
	return true
}
