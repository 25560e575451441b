package telemetry

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
)

const redacted = "[redacted]"

// redactor decides which attributes are secret. It caches decisions for names, because few names are in every record.
type redactor struct {
	known sync.Map // name → bool
	size  atomic.Int32
}

// maxKnown bounds the cache, since names may come from outside.
const maxKnown = 1000

func (r *redactor) secret(key string) bool {
	if known, ok := r.known.Load(key); ok {
		return known.(bool) //nolint:forcetypeassert // only bools are stored
	}
	secret := isSecret(key)
	if r.size.Load() < maxKnown {
		r.size.Add(1)
		r.known.Store(strings.Clone(key), secret)
	}
	return secret
}

// redact replaces an attribute's value when its name, or that of a group around it, speaks of a secret, and masks secrets in
// its text otherwise. slog has resolved LogValuers and calls it for the contents of groups, never for a group.
func (r *redactor) redact(groups []string, a slog.Attr) slog.Attr {
	if r.secret(a.Key) || slices.ContainsFunc(groups, r.secret) {
		return slog.String(a.Key, redacted)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(mask(a.Value.String()))
	case slog.KindAny:
		a.Value = redactAny(a.Value.Any())
	}
	return a
}

// redactAny handles other values: a value with its own text form becomes its masked text; a value that would be encoded is encoded here,
// and its members are redacted by their JSON names.
func redactAny(value any) slog.Value {
	switch v := value.(type) {
	case nil, slog.Level, *slog.Source: // of slog's own making
		return slog.AnyValue(v)
	case error:
		return slog.StringValue(mask(textOf(v.Error)))
	case json.Marshaler, encoding.TextMarshaler:
	case fmt.Stringer:
		return slog.StringValue(mask(textOf(v.String)))
	case []byte:
		return slog.StringValue(mask(string(v))) // JSON would encode it as base64, in which no secret can be found
	}
	data, err := json.Marshal(value)
	if err != nil {
		return slog.StringValue(mask(fmt.Sprintf("%+v", value)))
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		return slog.StringValue(mask(string(data)))
	}
	return slog.AnyValue(walk(tree))
}

// textOf calls a method of a value that may be a nil pointer, as slog does for errors.
func textOf(method func() string) (text string) {
	defer func() {
		if cause := recover(); cause != nil {
			text = "!PANIC"
		}
	}()
	return method()
}

func walk(tree any) any {
	switch v := tree.(type) {
	case string:
		return mask(v)
	case []any:
		for i := range v {
			v[i] = walk(v[i])
		}
	case map[string]any:
		clean := make(map[string]any, len(v))
		for key, member := range v {
			if isSecret(key) {
				clean[mask(key)] = redacted
			} else {
				clean[mask(key)] = walk(member)
			}
		}
		return clean
	}
	return tree
}

var (
	// secretParts make a name secret wherever they stand in it.
	secretParts = []string{
		"password", "passwd", "passphrase", "secret", "token", "authorization", "cookie", "credential", "apikey", "bearer",
	}
	// secretWords make a name secret as a whole word.
	secretWords = []string{"pwd", "pass", "otp", "totp", "jwt", "dsn"}
	// secretEnds make a name secret as its last word: "code" and "signing_key", not "code_ttl".
	secretEnds = []string{"code", "codes", "key", "keys", "hash", "salt", "nonce", "signature", "verifier"}
	// harmlessEnds mark a name of something about a secret, not of the secret itself.
	harmlessEnds = []string{"id", "ids", "type", "kind", "count", "ttl", "expires", "state", "alg", "length", "name", "method", "cost"}
	// harmlessBefore are codes and keys that are no secrets.
	harmlessBefore = []string{"error", "status", "exit", "http", "reply", "smtp", "sql", "service", "event", "country", "primary", "foreign", "public"}
)

// isSecret judges a name by its words: apiKey, api_key, api.key and API-Key are alike.
func isSecret(key string) bool {
	words := split(key)
	if len(words) == 0 {
		return false
	}
	last := words[len(words)-1]
	if slices.Contains(harmlessEnds, last) {
		return false
	}
	for _, word := range words {
		if slices.Contains(secretWords, word) || slices.ContainsFunc(secretParts, func(part string) bool { return strings.Contains(word, part) }) {
			return true
		}
	}
	if !slices.Contains(secretEnds, last) {
		return false
	}
	return len(words) == 1 || !slices.Contains(harmlessBefore, words[len(words)-2])
}

// split cuts a name into lower-case words at non-letters and before capitals.
func split(key string) []string {
	var b strings.Builder
	lower := false
	for _, r := range key {
		switch {
		case !unicode.IsLetter(r):
			b.WriteByte(' ')
		case unicode.IsUpper(r):
			if lower {
				b.WriteByte(' ')
			}
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(r)
		}
		lower = unicode.IsLower(r)
	}
	return strings.Fields(b.String())
}
