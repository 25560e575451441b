package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/signet-auth/signet/adapters/telemetry"
)

const (
	refresh = "sgrt_4fRq8Zk2LmN0pQrStUvWxYz0123456789abcdefghijk"
	app     = "sgat_01Ab_9ZyXwVuTsRq"
	jwt     = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl"
	link    = "q3Jk0Zt5yB7x-Wm2nP9vR4sT6uL8aC1dE_fG0hIjKlM" // 32 bytes in base64url
	bcrypt  = "$2a$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"
	argon   = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "",
		"nothing to hide":                      "nothing to hide",
		"refresh " + refresh + " failed":       "refresh sgrt_[redacted] failed",
		"(" + app + ")":                        "(sgat_[redacted])",
		"x" + app:                              "xsgat_[redacted]",
		"token=" + jwt + "&x=1":                "token=[redacted]&x=1",
		"claims " + jwt + ".":                  "claims [redacted]",
		"Authorization: Bearer abc.def-123, x": "Authorization: Bearer [redacted], x",
		"authorization: BEARER abcdefghijklmnopqrst":             "authorization: BEARER [redacted]",
		"Basic dXNlcjpwYXNz=":                                    "Basic [redacted]",
		"A bearer token is required in the basic header":         "A bearer token is required in the basic header",
		"no mail for ada.lovelace+x@mail.example.com today":      "no mail for a***@mail.example.com today",
		"<Ada@Example.COM>":                                      "<A***@Example.COM>",
		"grüße@exämple.de":                                       "g***@exämple.de",
		"?email=ada%40example.com":                               "?email=a***%40example.com",
		"a***@example.com":                                       "a***@example.com",
		"dial postgres://auth:p@ss/w0rd@db:5432/auth: refused":   "dial postgres://[redacted]@db:5432/auth: refused",
		"redis://:hunter2@cache":                                 "redis://[redacted]@cache",
		"host=db password='hun ter2' user=auth":                  "host=db password=[redacted] user=auth",
		"GET /cb?code=4711&state=abc":                            "GET /cb?code=[redacted]&state=[redacted]",
		"status_code=500 zip_code=12345":                         "status_code=500 zip_code=12345",
		"hash " + bcrypt:                                         "hash [redacted]",
		argon + "!":                                              "[redacted]",
		"Get \"https://id.example.com/verify/" + link + "\": no": "Get \"https://id.example.com/verify/[redacted]\": no",
		strings.Repeat("0123456789abcdef", 4):                    "[redacted]",
		link + " and " + link:                                    "[redacted] and [redacted]",
		"7d444840-9dc0-11d1-b245-5ffdce74fad2":                   "7d444840-9dc0-11d1-b245-5ffdce74fad2",
		"a-rather-long-name-of-a-thing-with-42-parts-in-it":      "a-rather-long-name-of-a-thing-with-42-parts-in-it",
		"5 $ for 2 @ home":                                       "5 $ for 2 @ home",
	} {
		got := record(t, func(l *slog.Logger) { l.Info(text, "text", text, "error", errors.New(text)) })
		for _, key := range []string{"message", "text", "error.message"} {
			if got[key] != want {
				t.Errorf("%q became %q in %s, want %q", text, got[key], key, want)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for _, secret := range []string{
		"password", "Password", "new_password", "passwordHash", "token", "refresh_token", "refreshToken", "JWTToken", "secret",
		"client_secret", "SECRET_KEY", "authorization", "Authorization", "http.request.headers.authorization", "cookie",
		"Set-Cookie", "code", "verification_code", "recoveryCodes", "key", "api_key", "apiKey", "APIKey", "signing-key",
		"private.key", "credentials", "otp", "dsn", "salt", "nonce", "code_verifier",
	} {
		got := record(t, func(l *slog.Logger) { l.Info("m", secret, "hunter2") })
		if got[secret] != "[redacted]" {
			t.Errorf("%s = %v", secret, got[secret])
		}
		nested := record(t, func(l *slog.Logger) { l.WithGroup("g").Info("m", slog.Group(secret, "value", 123456)) })
		if text := fmt.Sprint(nested); strings.Contains(text, "123456") {
			t.Errorf("a group %s: %s", secret, text)
		}
	}
	for _, plain := range []string{
		"path", "route", "error.code", "status_code", "http.response.status_code", "exit_code", "service_key", "token_id",
		"token_type", "code_ttl", "key_id", "cookie_name", "monkey", "encoded", "password_cost", "compass", "keyboard", "",
	} {
		got := record(t, func(l *slog.Logger) { l.Info("m", plain, "visible") })
		if got[plain] != "visible" {
			t.Errorf("%s = %v", plain, got[plain])
		}
	}
}

// account is what somebody logs in haste.
type account struct {
	Email    string            `json:"email"`
	Password string            `json:"password"`
	Tokens   []string          `json:"refresh_tokens"`
	Notes    []any             `json:"notes"`
	Extra    map[string]string `json:"extra"`
	Inner    *account          `json:"inner,omitempty"`
}

type printable struct{ text string }

func (p *printable) String() string { return p.text }

type resolves struct{ text string }

func (r resolves) LogValue() slog.Value {
	return slog.GroupValue(slog.String("password", r.text), slog.String("note", r.text))
}

func TestDepth(t *testing.T) {
	inner := &account{Email: "bob@example.com", Password: "hunter2", Notes: []any{refresh, map[string]any{"code": 314159, "x": []string{jwt}}}}
	outer := account{
		Email: "ada@example.com", Password: "hunter2", Tokens: []string{"hunter2"}, Inner: inner,
		Extra: map[string]string{"secret": "hunter2", "note": link, app: "hunter3"},
	}
	wrapped := fmt.Errorf("outer: %w", errors.Join(errors.New(refresh), fmt.Errorf("for %s", "ada@example.com")))
	var missing *printable
	for name, log := range map[string]func(*slog.Logger){
		"a struct":           func(l *slog.Logger) { l.Info("m", "account", outer) },
		"a pointer to one":   func(l *slog.Logger) { l.Info("m", "account", &outer) },
		"a slice of them":    func(l *slog.Logger) { l.Info("m", "accounts", []account{outer}) },
		"groups in groups":   func(l *slog.Logger) { l.Info("m", slog.Group("a", slog.Group("b", "c", outer, "d", refresh))) },
		"a child logger":     func(l *slog.Logger) { l.With("account", outer, "who", "ada@example.com").Info("m") },
		"a child in a group": func(l *slog.Logger) { l.WithGroup("g").With("account", outer).Info("m", "note", jwt) },
		"a chain of errors":  func(l *slog.Logger) { l.Info("m", "error", wrapped, slog.Group("g", "cause", wrapped)) },
		"a Stringer":         func(l *slog.Logger) { l.Info("m", "p", &printable{refresh + " ada@example.com"}) },
		"a nil Stringer":     func(l *slog.Logger) { l.Info("m", "p", missing) },
		"a LogValuer":        func(l *slog.Logger) { l.Info("m", "p", resolves{link}) },
		"bytes":              func(l *slog.Logger) { l.Info("m", "body", []byte(refresh)) },
		"raw JSON":           func(l *slog.Logger) { l.Info("m", "body", json.RawMessage(`{"password":"hunter2","a":["`+jwt+`"]}`)) },
		"what JSON cannot encode": func(l *slog.Logger) {
			l.Info("m", "x", struct {
				C chan int
				S string
			}{nil, refresh})
		},
		"a map by any key": func(l *slog.Logger) { l.Info("m", "x", map[any]string{1: refresh}) },
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log(logger(t, &out, telemetry.JSON))
			log(logger(t, &out, telemetry.Text))
			for _, leak := range []string{"hunter2", "ada@", "bob@", "314159", refresh[5:], app[5:], jwt, link} {
				if strings.Contains(out.String(), leak) {
					t.Errorf("%q in:\n%s", leak, out.String())
				}
			}
		})
	}
}

func FuzzLogger(f *testing.F) {
	for _, seed := range []string{refresh, app, jwt, link, bcrypt, argon, "ada@example.com", "postgres://a:b@c", "\n\x00\xff\u2028", "Bearer x1"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, key, text string) {
		const secret = "sgrt_0123456789abcdefABCDEF"
		record(t, func(l *slog.Logger) { // one line of JSON, whatever comes
			l.With(key, text).WithGroup(key).Info(text, key, text, "error", errors.New(text), slog.Group(key, key, []byte(text)))
		})
		got := record(t, func(l *slog.Logger) { l.Info("m", "text", text+" "+secret+" "+text) })
		if strings.Contains(fmt.Sprint(got["text"]), secret[5:]) && !strings.Contains(text, secret[5:]) {
			t.Errorf("%q hides a token from the scan: %q", text, got["text"])
		}
	})
}
