package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// fieldProblem is an entry of errors[].
type fieldProblem struct{ Field, Code, Message string }

// fieldProblems are the entries of a problem's errors[].
func fieldProblems(t *testing.T, r testkit.Response) []fieldProblem {
	t.Helper()
	var found []fieldProblem
	entries, _ := r.JSON()["errors"].([]any)
	for _, entry := range entries {
		e, ok := entry.(testkit.Object)
		if !ok || len(e) != 3 {
			t.Fatalf("errors has %v", entry)
		}
		field, _ := e["field"].(string)
		code, _ := e["code"].(string)
		message, _ := e["message"].(string)
		found = append(found, fieldProblem{field, code, message})
	}
	return found
}

func TestRegistrationErrors(t *testing.T) {
	t.Parallel()
	required := func(field string) fieldProblem { return fieldProblem{field, "required", field + " is required"} }
	long := func(n int) string { return strings.Repeat("correct horse ", n/14+1)[:n] }
	rows := map[string]struct {
		body testkit.Object
		code string
		want []fieldProblem // Message empty: not compared
	}{
		"nothing": {testkit.Object{"email": absent{}, "password": absent{}}, "validation_failed", []fieldProblem{required("email"), required("password")}},
		"empty members": {
			testkit.Object{"email": "", "password": ""}, "validation_failed", []fieldProblem{required("email"), required("password")},
		},
		"null members":  {testkit.Object{"email": nil, "password": nil}, "validation_failed", []fieldProblem{required("email"), required("password")}},
		"no address":    {testkit.Object{"email": absent{}}, "invalid_request", []fieldProblem{required("email")}},
		"no password":   {testkit.Object{"password": absent{}}, "invalid_request", []fieldProblem{required("password")}},
		"several wrong": {testkit.Object{"email": "nobody", "password": "short", "locale": "e n"}, "validation_failed", []fieldProblem{{"email", "invalid", ""}, {"password", "password_too_short", ""}, {"locale", "invalid", ""}}},

		"seven characters":        {testkit.Object{"password": "sEv3n!x"}, "password_too_short", []fieldProblem{{"password", "password_too_short", "password must have at least 8 characters"}}},
		"seven letters, 14 bytes": {testkit.Object{"password": "äöüßéèê"}, "password_too_short", []fieldProblem{{"password", "password_too_short", ""}}},
		"more bytes than bcrypt":  {testkit.Object{"password": long(73)}, "password_too_long", []fieldProblem{{"password", "password_too_long", "password must have at most 72 bytes"}}},
		"multibyte over bcrypt":   {testkit.Object{"password": strings.Repeat("ä", 37)}, "password_too_long", []fieldProblem{{"password", "password_too_long", ""}}},
		"257 characters":          {testkit.Object{"password": long(257)}, "password_too_long", []fieldProblem{{"password", "password_too_long", "password must have at most 256 characters"}}},
		"60 000 characters":       {testkit.Object{"password": long(60_000)}, "password_too_long", []fieldProblem{{"password", "password_too_long", ""}}},
		"a common password":       {testkit.Object{"password": "password"}, "password_common", []fieldProblem{{"password", "password_common", ""}}},
		"a common one in capital": {testkit.Object{"password": "FOOTBALL"}, "password_common", []fieldProblem{{"password", "password_common", ""}}},
		"the product's name":      {testkit.Object{"password": "Signet-2031!"}, "password_common", []fieldProblem{{"password", "password_common", ""}}},
		"the own address":         {testkit.Object{"email": "someone@example.com", "password": "Someone@Example.com"}, "password_common", []fieldProblem{{"password", "password_common", ""}}},
		"the own name":            {testkit.Object{"first_name": "Bartholomew", "password": "bartholomew"}, "password_common", []fieldProblem{{"password", "password_common", ""}}},

		"a bell in the name":           {testkit.Object{"first_name": "Ada\a"}, "invalid_request", []fieldProblem{{"first_name", "invalid", "first_name must not contain control characters"}}},
		"a line end in the name":       {testkit.Object{"last_name": "Love\r\nlace"}, "invalid_request", []fieldProblem{{"last_name", "invalid", ""}}},
		"a text that turns around":     {testkit.Object{"first_name": "Ada\u202eecalevoL"}, "invalid_request", []fieldProblem{{"first_name", "invalid", ""}}},
		"a line separator in the name": {testkit.Object{"last_name": "Love\u2028lace"}, "invalid_request", []fieldProblem{{"last_name", "invalid", ""}}},
		"a name of 101 characters":     {testkit.Object{"first_name": strings.Repeat("ä", 101)}, "invalid_request", []fieldProblem{{"first_name", "too_long", "first_name must have at most 100 characters"}}},
		"a locale with a space":        {testkit.Object{"locale": "e n"}, "invalid_request", []fieldProblem{{"locale", "invalid", ""}}},
		"a locale with a path":         {testkit.Object{"locale": "../../etc"}, "invalid_request", []fieldProblem{{"locale", "invalid", ""}}},
		"a locale of one dash":         {testkit.Object{"locale": "-"}, "invalid_request", []fieldProblem{{"locale", "invalid", ""}}},
		"a long locale":                {testkit.Object{"locale": strings.Repeat("ab-", 12) + "c"}, "invalid_request", []fieldProblem{{"locale", "too_long", ""}}},
	}
	s := testkit.Start(t, testkit.Options{})
	c, before := s.Client(), s.Record().Rows()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			c := c.In(t)
			answer := c.Do(registering(testkit.NewAddress(), row.body)).Want(http.StatusBadRequest, row.code)
			got := fieldProblems(t, answer)
			var texts []string
			for i := range got {
				texts = append(texts, got[i].Message)
				if i < len(row.want) && row.want[i].Message == "" {
					got[i].Message = ""
				}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
			if want := strings.Join(texts, "; "); answer.Text("message") != want || answer.Text("detail") != want {
				t.Errorf("message %q, detail %q, want the texts of errors joined: %q", answer.Text("message"), answer.Text("detail"), want)
			}
		})
	}
	if diff := cmp.Diff(before, s.Record().Rows()); diff != "" {
		t.Errorf("refused registrations left rows (-before +after):\n%s", diff)
	}
}

// impossible are addresses that are refused, whatever asks for one.
var impossible = map[string]string{
	"no @":                         "nobody",
	"two @":                        "a@@example.com",
	"a domain twice":               "a@example.com@example.org",
	"no local part":                "@example.com",
	"no domain":                    "a@",
	"one label":                    "a@localhost",
	"an IP address":                "a@127.0.0.1",
	"an address literal":           "a@[127.0.0.1]",
	"a hexadecimal address":        "a@0x7f.0x1",
	"a space":                      "a b@example.com",
	"CR and LF":                    "a@example.com\r\nBcc: victim@example.org",
	"LF in the local part":         "a\n@example.com",
	"a tab":                        "a\t@example.com",
	"a comma":                      "a@example.com,b@example.com",
	"a semicolon":                  "a@example.com;b@example.com",
	"angle brackets":               "<a@example.com>",
	"a display name":               "Ada <a@example.com>",
	"a quoted local part":          `"a b"@example.com`,
	"a comment":                    "a(comment)@example.com",
	"a dot first":                  ".a@example.com",
	"a dot last":                   "a.@example.com",
	"two dots":                     "a..b@example.com",
	"two dots in the domain":       "a@example..com",
	"a final dot":                  "a@example.com.",
	"a dash first in a label":      "a@-example.com",
	"an underscore in the domain":  "a@exa_mple.com",
	"a percent in the domain":      "a@example.com%2eorg",
	"a Cyrillic local part":        "\u0430dmin@example.com",
	"a full-width local part":      "\uff41dmin@example.com",
	"an umlaut in the local part":  "jürgen@example.com",
	"a zero-width space":           "a\u200b@example.com",
	"a label of 64 characters":     "a@" + strings.Repeat("b", 64) + ".com",
	"a local part of 65":           strings.Repeat("a", 65) + "@example.com",
	"255 characters":               "a@" + strings.Repeat(strings.Repeat("b", 50)+".", 5) + "com",
	"10 000 characters":            strings.Repeat("a", 10_000) + "@example.com",
	"a bare A-label that is wrong": "a@xn--a.com",
}

func TestImpossibleAddressesAreRefused(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, before := s.Client(), s.Record().Rows()
	for name, address := range impossible {
		t.Run(name, func(t *testing.T) {
			c := c.In(t)
			for _, request := range []testkit.Request{
				registering(address), resending(address), loggingIn(address, testkit.Password), provingByCode(address, "123456"),
			} {
				answer := c.Do(request).Want(http.StatusBadRequest, "invalid_request")
				if got := fieldProblems(t, answer); len(got) != 1 || got[0].Field != "email" {
					t.Errorf("%s: errors %v", request.Path, got)
				}
				if strings.Contains(string(answer.Body), address) && name != "no local part" { // which ends like the example in the text
					t.Errorf("%s: the answer repeats the address", request.Path)
				}
			}
		})
	}
	if diff := cmp.Diff(before, s.Record().Rows()); diff != "" {
		t.Errorf("impossible addresses left rows (-before +after):\n%s", diff)
	}
	for name, address := range impossible {
		if len(address) > 3 && strings.Contains(s.Log.String(), address) {
			t.Errorf("%s: the log has the address", name)
		}
	}
}

func TestPasswordsAreTakenWhole(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		password string
		env      map[string]string
	}{
		"72 bytes under bcrypt":                     {strings.Repeat("0123456789ab", 6), nil},
		"spaces at both ends":                       {"  between spaces  ", nil},
		"a control character":                       {"tab\tand bell\a", nil},
		"any script":                                {"пароль из слов", nil},
		"256 characters of three bytes by argon2id": {strings.Repeat("\u6f22\u5b57", 128), map[string]string{"PASSWORD_HASH": "argon2id"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := testkit.Start(t, testkit.Options{Env: row.env})
			c, email := s.Client(), testkit.NewAddress()
			c.Do(registering(email, testkit.Object{"password": row.password})).Want(http.StatusCreated, "")
			c.Do(proving(s.Mail(email, 1).Token())).Want(http.StatusOK, "")
			for _, other := range []string{
				row.password[:len(row.password)-1], row.password + "x", strings.TrimSpace(row.password) + " ",
				strings.ToUpper(row.password) + "\u00a0",
			} {
				c.Do(loggingIn(email, strings.ToValidUTF8(other, "?"))).Want(http.StatusUnauthorized, "invalid_credentials")
			}
			c.Do(loggingIn(email, row.password)).Want(http.StatusOK, "")
		})
	}
}
