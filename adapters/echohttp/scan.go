package echohttp

import (
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/signet-auth/signet/domain"
)

const maxDepth = 32

// The refusals of a body. None repeats a byte of it.
var (
	errMalformed = domain.ErrInvalidRequest.Saying("The body is not valid JSON")
	errNotUTF8   = domain.ErrInvalidRequest.Saying("The body is not valid UTF-8")
	errNotObject = domain.ErrInvalidRequest.Saying("The body must be one JSON object")
	errTooDeep   = domain.ErrInvalidRequest.Saying("The body is nested too deeply; at most 32 levels are accepted")
	errDuplicate = domain.ErrInvalidRequest.Saying("The body has a member twice")
	errNUL       = domain.ErrInvalidRequest.Saying("Strings must not contain NUL characters")
	errSurrogate = domain.ErrInvalidRequest.Saying("Strings must not contain unpaired surrogates")
)

// scanner reads a JSON text (RFC 8259) once, before encoding/json does, and refuses what that package accepts but another parser might
// understand differently: a member twice (the last one would win), a member that differs from a known one only in case, an unpaired
// surrogate (it would become U+FFFD, which could make two different strings equal), and NUL (PostgreSQL refuses it in text). CVE-2020-16250
// and golang/go#48298 show the cost of such a gap between two parsers. Whatever the scanner accepts, encoding/json accepts with the same
// meaning.
type scanner struct {
	data   []byte
	pos    int
	depth  int
	strict bool // refuse unknown members of known objects
}

// scan checks a whole body against a shape.
func scan(data []byte, s *shape, strict bool) error {
	if !utf8.Valid(data) {
		return errNotUTF8
	}
	sc := scanner{data: data, strict: strict}
	sc.space()
	if sc.peek() != '{' {
		// Reading on distinguishes malformed JSON from JSON that is not an object.
		if err := sc.value(nil); err != nil {
			return err
		}
		return errNotObject
	}
	if err := sc.value(s); err != nil {
		return err
	}
	if sc.space(); sc.pos != len(data) {
		return errMalformed.Saying("The body has data after its JSON value")
	}
	return nil
}

// peek is the next byte, or 0 at the end; 0 is no part of JSON outside of strings.
func (sc *scanner) peek() byte {
	if sc.pos < len(sc.data) {
		return sc.data[sc.pos]
	}
	return 0
}

func (sc *scanner) space() {
	for sc.pos < len(sc.data) {
		switch sc.data[sc.pos] {
		case ' ', '\t', '\n', '\r':
			sc.pos++
		default:
			return
		}
	}
}

func (sc *scanner) take(c byte) bool {
	if sc.peek() != c {
		return false
	}
	sc.pos++
	return true
}

func (sc *scanner) value(s *shape) error {
	switch c := sc.peek(); {
	case c == '{':
		return sc.nested(func() error { return sc.object(s) })
	case c == '[':
		return sc.nested(func() error { return sc.array(s) })
	case c == '"':
		_, err := sc.text(false)
		return err
	case c == '-' || isDigit(c):
		return sc.number()
	case c == 't':
		return sc.literal("true")
	case c == 'f':
		return sc.literal("false")
	case c == 'n':
		return sc.literal("null")
	}
	return errMalformed
}

func (sc *scanner) nested(walk func() error) error {
	if sc.depth++; sc.depth > maxDepth {
		return errTooDeep
	}
	sc.pos++
	err := walk()
	sc.depth--
	return err
}

func (sc *scanner) object(s *shape) error {
	if sc.space(); sc.take('}') {
		return nil
	}
	seen := map[string]struct{}{}
	for {
		sc.space()
		if sc.peek() != '"' {
			return errMalformed
		}
		key, err := sc.text(true)
		if err != nil {
			return err
		}
		if _, twice := seen[key]; twice {
			return errDuplicate
		}
		seen[key] = struct{}{}
		if err := sc.checkKey(s, key); err != nil {
			return err
		}
		if sc.space(); !sc.take(':') {
			return errMalformed
		}
		sc.space()
		if err := sc.member(s.of(key), key); err != nil {
			return err
		}
		sc.space()
		if sc.take('}') {
			return nil
		}
		if !sc.take(',') {
			return errMalformed
		}
	}
}

func (sc *scanner) member(s *shape, key string) error {
	start := sc.pos
	if err := sc.value(s); err != nil || s == nil || !s.isTime {
		return err
	}
	return checkTime(key, sc.data[start:sc.pos])
}

// checkTime refuses text that is no time, naming the member, which encoding/json does not do. It also refuses the zero time, which clients
// send that never set theirs. Here the zero time means no end, and only null may say that: a right for a day must not become a permanent
// one.
func checkTime(key string, value []byte) error {
	var at *time.Time
	if err := json.Unmarshal(value, &at); err != nil || at != nil && at.IsZero() {
		return domain.ErrInvalidFields(domain.FieldError{
			Field: key, Code: "invalid", Text: key + " must be a time such as 2027-01-31T12:00:00Z (RFC 3339), and not the zero time",
		})
	}
	return nil
}

func (sc *scanner) checkKey(s *shape, key string) error {
	if s == nil || s.fields == nil {
		return nil
	}
	if _, known := s.fields[key]; known {
		return nil
	}
	if name := s.variantOf(key); name != "" {
		return domain.ErrInvalidFields(domain.FieldError{
			Field: name, Code: "invalid", Text: "a member differs from " + name + " by case only; names are case-sensitive",
		})
	}
	if sc.strict {
		return domain.ErrInvalidRequest.Saying("The body has an unknown member; accepted are: " + strings.Join(s.names, ", "))
	}
	return nil
}

func (sc *scanner) array(s *shape) error {
	if sc.space(); sc.take(']') {
		return nil
	}
	elem := (*shape)(nil)
	if s != nil {
		elem = s.elem
	}
	for {
		sc.space()
		if err := sc.value(elem); err != nil {
			return err
		}
		sc.space()
		if sc.take(']') {
			return nil
		}
		if !sc.take(',') {
			return errMalformed
		}
	}
}

func (sc *scanner) number() error {
	sc.take('-')
	if !sc.take('0') && !sc.digits() {
		return errMalformed
	}
	if sc.take('.') && !sc.digits() {
		return errMalformed
	}
	if sc.take('e') || sc.take('E') {
		if !sc.take('+') {
			sc.take('-')
		}
		if !sc.digits() {
			return errMalformed
		}
	}
	return nil
}

func (sc *scanner) digits() bool {
	start := sc.pos
	for isDigit(sc.peek()) {
		sc.pos++
	}
	return sc.pos > start
}

func (sc *scanner) literal(word string) error {
	if len(sc.data)-sc.pos < len(word) || string(sc.data[sc.pos:sc.pos+len(word)]) != word {
		return errMalformed
	}
	sc.pos += len(word)
	return nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
