package domain_test

import (
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

func TestNewMetadata(t *testing.T) {
	for name, row := range map[string]struct{ text, want string }{
		"nothing is an empty object":        {"", `{}`},
		"an empty object":                   {" {\n} ", `{}`},
		"white space goes, but in strings":  {"{ \"a b\" :\t[ 1 , \" x \\\" y \" ] }", `{"a b":[1," x \" y "]}`},
		"numbers stay digit by digit":       {`{"n":[-0,1.10,12345678901234567890123,1E+2,0e9]}`, `{"n":[-0,1.10,12345678901234567890123,1E+2,0e9]}`},
		"words":                             {`{"t":true,"f":false,"n":null}`, `{"t":true,"f":false,"n":null}`},
		"a string that ends in a backslash": {`{"a":"\\", "b":1}`, `{"a":"\\","b":1}`},
		"numbers in strings do not count":   {`{"a":"1e999999"}`, `{"a":"1e999999"}`},
		"an exponent that fits":             {`{"a":1e8000}`, `{"a":1e8000}`},
		"many zeros before an exponent":     {`{"a":1e00000000000000002}`, `{"a":1e00000000000000002}`},
	} {
		t.Run("takes "+name, func(t *testing.T) {
			got, err := domain.NewMetadata("metadata", row.text)
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, got, row.want)
		})
	}
	for name, text := range map[string]string{
		"a list": `["secret"]`, "a text": `"secret"`, "a number": `12345`, "a word": `true`, "white space": "  ",
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			_, err := domain.NewMetadata("metadata", text)
			wantField(t, err, "metadata", "invalid_type", text)
		})
	}
	object := func(n int) string { return `{"a":"` + strings.Repeat("x", n-8) + `"}` }
	if _, err := domain.NewMetadata("metadata", object(8<<10)); err != nil {
		t.Errorf("8 KB: %v", err)
	}
	for name, text := range map[string]string{
		"a byte more than 8 KB":                        object(8<<10 + 1),
		"white space beyond 8 KB":                      "{" + strings.Repeat(" ", 8<<10) + "}",
		"a number that would be written with 8 KB":     `{"a":1e8190}`,
		"a small number that would be written so":      `{"a":1E-8190}`,
		"numbers that would be together":               `{"a":[1e2000,1e2000,1e-2000,1e+2200]}`,
		"an exponent beyond a database":                `{"a":1e131072}`,
		"an exponent beyond an int":                    `{"a":1e99999999999999999999}`,
		"a zero that would be (Postgres has it print)": `{"a":0e-9000}`,
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			_, err := domain.NewMetadata("metadata", text)
			wantField(t, err, "metadata", "too_long", text)
		})
	}
}
