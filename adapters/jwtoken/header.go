package jwtoken

import (
	"encoding/base64"
	"strings"

	"github.com/signet-auth/signet/domain"
)

// A header that Signet signed has one spelling: these three members in this order and no blanks. TestHeader checks that the Signer keeps to
// it.
const (
	headAlg = `{"alg":"`
	headKID = `","kid":"`
	headTyp = `","typ":"`
	headEnd = `"}`
)

const (
	kidLength     = 43  // base64url of SHA-256
	maxHeadLength = 128 // in the token; ours have at most 124
)

// strict refuses non-zero trailing bits, which would give one signature several spellings.
var strict = base64.RawURLEncoding.Strict()

// header is the unverified header of a token.
type header struct {
	alg domain.Algorithm
	kid string
	typ domain.TokenType
}

// split takes a token apart without decoding its claims. The length comes first and the dots are counted before anything is cut, so that a
// megabyte of dots costs nothing (CVE-2025-30204). encoding/base64 skips line ends, strict or not, and golang-jwt with it: so one signature
// would have any number of spellings.
func split(token string) (h header, ok bool) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 || strings.ContainsAny(token, "\r\n") {
		return h, false
	}
	head, rest, _ := strings.Cut(token, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	if h, ok = readHeader(head); !ok || claims == "" {
		return h, false
	}
	low, high := signatureLength(h.alg)
	return h, len(signature) >= low && len(signature) <= high
}

func readHeader(segment string) (h header, ok bool) {
	if len(segment) > maxHeadLength {
		return h, false
	}
	var room [maxHeadLength]byte
	n, err := strict.Decode(room[:], []byte(segment))
	if err != nil {
		return h, false
	}
	text, ok := strings.CutPrefix(string(room[:n]), headAlg)
	if !ok {
		return h, false
	}
	alg, text, ok := strings.Cut(text, headKID)
	if !ok {
		return h, false
	}
	kid, text, ok := strings.Cut(text, headTyp)
	if !ok {
		return h, false
	}
	typ, ok := strings.CutSuffix(text, headEnd)
	h = header{domain.Algorithm(alg), kid, domain.TokenType(typ)}
	return h, ok && method(h.alg) != nil && isThumbprint(kid) && isType(h.typ)
}

func isType(t domain.TokenType) bool { return t == domain.TypeAccessToken || t == domain.TypeJWT }

// isThumbprint tells whether a kid can be one of ours. Such a kid is safe as the key of a map or cache and in a log: it is short and has
// neither a slash nor a quote.
func isThumbprint(kid string) bool {
	if len(kid) != kidLength {
		return false
	}
	for i := range len(kid) {
		switch c := kid[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// signatureLength is how many characters a signature takes. RSA's depends on the key; Verify knows it exactly.
func signatureLength(alg domain.Algorithm) (low, high int) {
	if alg == domain.RS256 {
		return strict.EncodedLen(minRSABits / 8), strict.EncodedLen(maxRSABits / 8)
	}
	return strict.EncodedLen(64), strict.EncodedLen(64)
}
