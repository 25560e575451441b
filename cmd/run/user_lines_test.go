package run_test

import (
	"strings"
	"testing"

	"github.com/signet-auth/signet/cmd/run"
	"github.com/signet-auth/signet/domain"
)

// What is wrong with a line is said without what is in it: it may be a hash.
func TestUserLinesAreRefusedWithoutTheirValues(t *testing.T) {
	const secret = "$2b$12$abcdefghijklmnopqrstuv"
	for name, row := range map[string]struct{ line, says string }{
		"a member that is not known":    {`{"email":"a@example.com","password":"` + secret + `"}`, `"password" is no member`},
		"another type":                  {`{"email":"a@example.com","password_hash":["` + secret + `"]}`, "password_hash is of the wrong type"},
		"something behind it":           {`{"email":"a@example.com"} "` + secret + `"`, "behind the object"},
		"no JSON":                       {`email=` + secret, "no JSON object"},
		"a half":                        {`{"email":"a@example.com","password_hash":"` + secret, "no JSON object"},
		"a time of another form":        {`{"email":"a@example.com","created_at":"` + secret + `"}`, "a time must be"},
		"bytes that are no text":        {"{\"email\":\"\xff" + secret + `"}`, "not UTF-8"},
		"metadata that no database has": {`{"email":"a@example.com","metadata":{"a":"\u0000` + secret + `"}}`, "NUL"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run.ParseUserLine([]byte(row.line))
			if err == nil || !strings.Contains(err.Error(), row.says) || strings.Contains(err.Error(), secret) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What a line of metadata becomes is an object that both databases keep, or is refused.
func FuzzParseUserLine(f *testing.F) {
	f.Add([]byte(`{"id":"6f0c2d1a-6b1e-4c39-9b7a-2f6f0a1c0001","email":"a@example.com","metadata":{"a":[1e5,"\ud83d\ude00"]},"created_at":"2025-01-01T00:00:00Z"}`))
	f.Add([]byte(`{"email":"a@example.com","metadata":{"a":"\ud800"}}`))
	f.Add([]byte(`{"email":"a@example.com","is_active":false,"identities":[{"provider":"google","issuer":"https://accounts.google.com","subject":"1"}]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		u, err := run.ParseUserLine(line)
		if err != nil {
			return
		}
		if strings.Contains(u.Metadata, `\u0000`) {
			t.Errorf("metadata %q", u.Metadata)
		}
		if _, err := domain.NewMetadata("metadata", u.Metadata); err != nil && domain.TextOf(err) == "" {
			t.Error(err)
		}
	})
}
