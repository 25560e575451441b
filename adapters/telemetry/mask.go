package telemetry

import (
	"regexp"
	"slices"
	"strings"
)

// longRun is the length from which a run of token characters counts as a secret: 32 random bytes are 43 in base64url and 64 in hex. A UUID
// has 36.
const longRun = 40

// form is the pattern of a kind of secret in text, and its replacement.
type form struct {
	hints []string // no match without one of them: a quick check before the slow one
	shape *regexp.Regexp
	stay  string
}

var forms = []form{
	// Our opaque tokens, those to come included.
	{[]string{"sg"}, regexp.MustCompile(`(sg(?:rt|at)_)[0-9A-Za-z_]+|(sg[a-z]{2}_)[0-9A-Za-z_]{20,}`), "${1}${2}" + redacted},
	// JWTs, and JWEs of five parts.
	{[]string{"eyJ"}, regexp.MustCompile(`eyJ[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*){2,4}`), redacted},
	// Authorization headers, but not "a bearer token is required".
	{[]string{"earer", "EARER", "asic", "ASIC"}, regexp.MustCompile(`(?i)\b(bearer|basic)\s+(?:[^\s",;]{16,}|[^\s",;]*[0-9=][^\s",;]*)`), "$1 " + redacted},
	// Password hashes.
	{[]string{"$"}, regexp.MustCompile(`\$(?:2[abxy]|argon2[a-z]*|pbkdf2[a-z0-9-]*|scrypt)\$[^\s"']+`), redacted},
	// User and password of a URL, up to the last @ since people forget to escape one.
	{[]string{"://"}, regexp.MustCompile(`(://)[^\s"]*@`), "${1}" + redacted + "@"},
	// Queries, forms and connection strings.
	{[]string{"="}, regexp.MustCompile(`(?i)(^|[?&;\s"'(])((?:password|passwd|pwd|secret|client_secret|token|[a-z]+_token|code|code_verifier|state)=)('[^']*'|[^\s&;"')]+)`), "$1$2" + redacted},
	// Mail addresses, plain and in queries.
	{[]string{"@"}, regexp.MustCompile(`([\p{L}\p{N}!#$%&'*+/=?^_{|}~-])[\p{L}\p{N}.!#$%&'*+/=?^_{|}~-]*@([\p{L}\p{N}][\p{L}\p{N}-]*(?:\.[\p{L}\p{N}-]+)+)`), "$1***@$2"},
	{[]string{"%40"}, regexp.MustCompile(`([A-Za-z0-9])[A-Za-z0-9._+-]*%40([A-Za-z0-9][A-Za-z0-9.-]*)`), "$1***%40$2"},
}

// mask removes secrets from text: our tokens, JWTs, credentials of headers and URLs, password hashes, long random strings, and all of a
// mail address except the first letter and the domain.
func mask(text string) string {
	for _, f := range forms {
		if slices.ContainsFunc(f.hints, func(hint string) bool { return strings.Contains(text, hint) }) {
			text = f.shape.ReplaceAllString(text, f.stay)
		}
	}
	return maskRuns(text)
}

// maskRuns replaces long runs of base64url or hex that have digits and letters in them: links carry one-time secrets.
func maskRuns(text string) string {
	if len(text) < longRun {
		return text
	}
	var b strings.Builder
	done, start := 0, 0
	flush := func(end int) {
		if run := text[start:end]; len(run) >= longRun && looksRandom(run) {
			b.WriteString(text[done:start])
			b.WriteString(redacted)
			done = end
		}
	}
	for i := range len(text) {
		if !isTokenByte(text[i]) {
			flush(i)
			start = i + 1
		}
	}
	flush(len(text))
	if done == 0 {
		return text
	}
	b.WriteString(text[done:])
	return b.String()
}

// looksRandom distinguishes base64url and hex from long names: base64url mixes digits and both cases, hex has only hex digits.
func looksRandom(run string) bool {
	digits, upper, lower, hex := 0, false, false, true
	for i := range len(run) {
		switch c := run[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'A' && c <= 'Z':
			upper = true
			hex = hex && c <= 'F'
		case c >= 'a' && c <= 'z':
			lower = true
			hex = hex && c <= 'f'
		default:
			hex = false
		}
	}
	return digits >= 2 && (hex || upper && lower)
}

func isTokenByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_'
}
