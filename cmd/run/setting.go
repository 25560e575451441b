package run

import (
	"encoding"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
)

// setting is all that is known of one setting, and stands once: the parser, the lines about mistakes, .env.example, docs/configuration.md and
// `signet config` take it from here.
type setting struct {
	name   string
	into   any    // a pointer to what holds the value
	preset string // the default, as one would write it
	text   string // what it does
	empty  string // what it comes to where it has no default and nothing is said
	old    string // a name that it had in the Flask service
	words  []string
	limit  limit
	secret bool // never shown, and may be given as NAME_FILE, the way container platforms hand secrets over
	common bool // one of those that all providers have: they are explained once for all
}

// group are settings that belong together.
type group struct {
	title    string // empty: it goes on with the group before
	note     string
	settings []setting
	check    func(bad func(ok bool, format string, args ...any))
	sample   bool // of a provider with a name of the operator's choice
}

// set reads a value. The error says what is accepted and does not repeat it.
func (s setting) set(text string) error {
	if len(s.words) > 0 {
		i := slices.IndexFunc(s.words, func(word string) bool { return strings.EqualFold(word, text) })
		if i < 0 {
			if into, ok := s.into.(*string); ok {
				*into = text // what depends on it must not take it for the default
			}
			return wordError{s.words}
		}
		text = s.words[i]
	}
	switch into := s.into.(type) {
	case *string:
		*into = text
	case *domain.Algorithm:
		*into = domain.Algorithm(text)
	case *domain.Secret:
		*into = domain.NewSecret(text)
	case *int:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return errors.New("must be a whole number")
		}
		*into = int(n)
	case encoding.TextUnmarshaler:
		return into.UnmarshalText([]byte(text))
	default:
		return fmt.Errorf("is of a type that nothing reads: %T", into)
	}
	return nil
}

// errWord is the error of a text that is none of those that a setting takes.
var errWord = errors.New("another word")

type wordError struct{ accepted []string }

func (e wordError) Error() string      { return "must be one of " + strings.Join(e.accepted, ", ") }
func (wordError) Is(target error) bool { return target == errWord }

// accepted says what may stand there.
func (s setting) accepted() string {
	kind := "text"
	switch s.into.(type) {
	case *int:
		kind = "a whole number"
	case *duration:
		kind = "a time: seconds (900), 15m, 24h or 30d"
	case *onOff:
		kind = "on or off"
	case *quota:
		kind = "a number per time, such as 10/15m"
	case *prefixes:
		kind = "address blocks such as 10.0.0.0/8,192.0.2.7"
	case *list, *secrets, *base64Keys:
		kind = "a list, separated by commas"
	}
	if len(s.words) > 0 {
		kind = "one of " + strings.Join(s.words, ", ")
	}
	switch {
	case s.limit.accepted == "":
		return kind
	case kind == "text":
		return s.limit.accepted
	}
	return kind + "; " + s.limit.accepted
}

// value is what is in effect, as one would write it; of a secret, how much of it there is.
func (s setting) value() string {
	switch v := s.into.(type) {
	case *domain.Secret:
		return concealed(v.Reveal())
	case *secrets:
		return concealedList(*v)
	case *base64Keys:
		return concealedList(*v)
	case *string:
		return withoutPassword(*v)
	case *domain.Algorithm:
		return string(*v)
	case *int:
		return strconv.Itoa(*v)
	case fmt.Stringer:
		return v.String()
	}
	return ""
}

// limit bounds a value beyond its type.
type limit struct {
	accepted string // as the end of "must be"
	holds    func(into any) bool
}

// form says what a text must be, where more than a look at it finds that out.
func form(accepted string) limit { return limit{accepted: accepted} }

// texts may be empty, which is no value.
func texts(accepted string, holds func(string) bool) limit {
	return limit{accepted, func(into any) bool {
		text, ok := into.(*string)
		return !ok || *text == "" || holds(*text)
	}}
}

func numbers(accepted string, holds func(int) bool) limit {
	return limit{accepted, func(into any) bool {
		n, ok := into.(*int)
		return !ok || holds(*n)
	}}
}

func between(low, high int) limit {
	return numbers(fmt.Sprintf("from %d to %d", low, high), func(n int) bool { return n >= low && n <= high })
}

func atLeast(low int) limit {
	return numbers(fmt.Sprintf("at least %d", low), func(n int) bool { return n >= low })
}

// orZero is for what 0 has a meaning of its own.
func orZero(meaning string) limit {
	return numbers("0 ("+meaning+") or more", func(n int) bool { return n >= 0 })
}

func times(accepted string, holds func(time.Duration) bool) limit {
	return limit{accepted, func(into any) bool {
		d, ok := into.(*duration)
		return !ok || holds(time.Duration(*d))
	}}
}

func moreThanZero() limit {
	return times("more than 0", func(d time.Duration) bool { return d > 0 })
}

// upTo is for times above 0.
func upTo(high time.Duration, why string) limit {
	return times("more than 0 and at most "+duration(high).String()+why, func(d time.Duration) bool { return d > 0 && d <= high })
}
