package echohttp

import (
	"unicode/utf16"
	"unicode/utf8"
)

// text reads a string. Only keys are decoded; encoding/json decodes the values.
func (sc *scanner) text(decode bool) (string, error) {
	sc.pos++ // the quote
	start := sc.pos
	var plain []byte // what was decoded so far; nil while it is the text itself
	for sc.pos < len(sc.data) {
		switch c := sc.data[sc.pos]; {
		case c == '"':
			end := sc.pos
			sc.pos++
			if !decode {
				return "", nil
			}
			if plain == nil {
				return string(sc.data[start:end]), nil
			}
			return string(plain), nil
		case c == 0:
			return "", errNUL
		case c < ' ':
			return "", errMalformed
		case c == '\\':
			if decode && plain == nil {
				plain = append(make([]byte, 0, 64), sc.data[start:sc.pos]...)
			}
			r, err := sc.escape()
			if err != nil {
				return "", err
			}
			if decode {
				plain = utf8.AppendRune(plain, r)
			}
		default:
			if plain != nil {
				plain = append(plain, c)
			}
			sc.pos++
		}
	}
	return "", errMalformed
}

// escape reads one escape sequence, and both halves of a surrogate pair.
func (sc *scanner) escape() (rune, error) {
	sc.pos++ // the backslash
	c := sc.peek()
	sc.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
	default:
		return 0, errMalformed
	}
	r, ok := sc.hex4()
	switch {
	case !ok:
		return 0, errMalformed
	case r == 0:
		return 0, errNUL
	case !utf16.IsSurrogate(r):
		return r, nil
	}
	if !sc.take('\\') || !sc.take('u') {
		return 0, errSurrogate
	}
	low, ok := sc.hex4()
	if !ok {
		return 0, errMalformed
	}
	if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
		return 0, errSurrogate
	}
	return r, nil
}

func (sc *scanner) hex4() (rune, bool) {
	if len(sc.data)-sc.pos < 4 {
		return 0, false
	}
	var r rune
	for _, c := range sc.data[sc.pos : sc.pos+4] {
		switch {
		case isDigit(c):
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	sc.pos += 4
	return r, true
}
