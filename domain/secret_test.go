package domain_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

const plain = "hunter2-Zq"

type (
	exported struct {
		Name   string
		Secret domain.Secret
	}
	unexported struct {
		name   string
		secret domain.Secret
	}
	embedding struct{ domain.Secret }
	pointing  struct{ Secret *domain.Secret }
	nesting   struct{ inner *unexported }
)

// holders are the places where a secret can be when somebody prints in haste.
func holders() map[string]any {
	s := domain.NewSecret(plain)
	return map[string]any{
		"a secret":                        s,
		"a pointer to one":                &s,
		"a struct":                        exported{"n", s},
		"a pointer to a struct":           &exported{"n", s},
		"an unexported field":             unexported{"n", s},
		"an unexported field by pointer":  &unexported{"n", s},
		"an embedded one":                 embedding{s},
		"a pointer in a struct":           pointing{&s},
		"a struct in an unexported field": nesting{&unexported{"n", s}},
		"a slice":                         []domain.Secret{s},
		"a slice of structs":              []unexported{{"n", s}},
		"an array":                        [1]domain.Secret{s},
		"a map":                           map[string]domain.Secret{"k": s},
		"an interface":                    []any{s, &s},
		"a mail's secrets":                domain.OneTimeSecret{Link: s, Code: s},
	}
}

// leaks tells whether a text has the value in any form that a printer gives it.
func leaks(text string) bool {
	for _, form := range []string{plain, fmt.Sprintf("%x", plain), fmt.Sprintf("%X", plain), fmt.Sprintf("% x", plain), fmt.Sprintf("%d", []byte(plain[:4])), plain[2:]} {
		if strings.Contains(text, strings.Trim(form, "[]")) {
			return true
		}
	}
	return false
}

func TestSecretIsRedacted(t *testing.T) {
	t.Run("under every verb, with every flag, in every place (ASVS 16.2.5)", func(t *testing.T) {
		for place, holder := range holders() {
			for verb := 'A'; verb <= 'z'; verb++ {
				for _, flags := range []string{"", "+", "#", "-", " ", "0", "40", ".60", "+#"} {
					if text := fmt.Sprintf("%"+flags+string(verb), holder); leaks(text) {
						t.Errorf("%%%s%c of %s: %s", flags, verb, place, text)
					}
				}
			}
			for _, slip := range []string{"no verb", "%[2]v", "%*d %v", "%!"} {
				if text := fmt.Sprintf(slip, holder) + fmt.Sprint(holder) + fmt.Sprintln(holder); leaks(text) {
					t.Errorf("%s of %s: %s", slip, place, text)
				}
			}
		}
	})
	t.Run("as the placeholder, where fmt lets it choose", func(t *testing.T) {
		s := domain.NewSecret(plain)
		for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%X", "%d", "%t", "%c", "%e"} {
			for _, value := range []any{s, &s} {
				wantEqual(t, fmt.Sprintf(verb, value), "[redacted]")
			}
		}
		wantEqual(t, s.String(), "[redacted]")
		wantEqual(t, fmt.Sprintf("%v", exported{"n", s}), "{n [redacted]}")
		wantEqual(t, fmt.Sprint(domain.Secret{}), "[redacted]") // an empty one, too, so that nobody learns whether there is a secret
	})
	t.Run("in errors", func(t *testing.T) {
		s := domain.NewSecret(plain)
		err := errors.Join(fmt.Errorf("login with %v: %w", s, errors.New("no")), domain.ErrInternal.Because(fmt.Errorf("%+v", exported{"n", s})))
		if leaks(err.Error()) {
			t.Error(err)
		}
	})
	t.Run("in JSON and XML", func(t *testing.T) {
		for place, holder := range holders() {
			text, err := json.Marshal(holder)
			if err != nil || leaks(string(text)) {
				t.Errorf("JSON of %s: %s, %v", place, text, err)
			}
			if text, _ := xml.Marshal(holder); leaks(string(text)) { // XML has no maps; what it does encode must be clean
				t.Errorf("XML of %s: %s", place, text)
			}
		}
		text, err := json.Marshal(exported{"n", domain.NewSecret(plain)})
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, string(text), `{"Name":"n","Secret":"[redacted]"}`)
		if text, err = xml.Marshal(exported{"n", domain.NewSecret(plain)}); err != nil {
			t.Fatal(err)
		}
		wantEqual(t, string(text), `<exported><Name>n</Name><Secret>[redacted]</Secret></exported>`)
	})
	t.Run("in logs (LG-1)", func(t *testing.T) {
		for place, holder := range holders() {
			var out bytes.Buffer
			for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
				slog.New(h).Error("failed", "it", holder, slog.Group("g", "it", holder))
			}
			log.New(&out, "", 0).Print(holder)
			if leaks(out.String()) {
				t.Errorf("%s: %s", place, out.String())
			}
		}
	})
}

func TestSecretReveals(t *testing.T) {
	t.Run("what was put in", func(t *testing.T) {
		for _, value := range []string{plain, " ", "\x00", "ü\xff", "[redacted]"} {
			s := domain.NewSecret(value)
			wantEqual(t, s.Reveal(), value)
			wantEqual(t, s.IsZero(), false)
		}
	})
	t.Run("nothing when it is empty", func(t *testing.T) {
		for _, s := range []domain.Secret{{}, domain.NewSecret("")} {
			wantEqual(t, s.Reveal(), "")
			wantEqual(t, s.IsZero(), true)
		}
	})
}

func TestRefreshTokenIsRedacted(t *testing.T) {
	_, token := newFamily(t, keys("k"), 1)
	text := token.Text().Reveal()
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%d"} {
		for _, value := range []any{token, &token, []domain.RefreshToken{token}, struct{ Token domain.RefreshToken }{token}} {
			if got := fmt.Sprintf(verb, value); !strings.Contains(got, "[redacted]") || strings.Contains(got, text) {
				t.Errorf("%s of %T: %s", verb, value, got)
			}
		}
	}
}
