package e2e_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

const wantMe = `{
  "success": true,
  "user": {
    "created_at": "TIME",
    "email": "ADDRESS",
    "first_name": "",
    "id": "ID",
    "identities": [],
    "is_active": true,
    "is_email_verified": true,
    "last_login": "TIME",
    "last_login_at": "TIME",
    "last_name": "",
    "metadata": {},
    "updated_at": "TIME"
  }
}`

// guarded are calls that a live access token opens.
var guarded = []string{"/api/auth/me", "/api/auth/validate-jwt", "/api/auth/sessions"}

func get(path, bearer string) testkit.Request { return testkit.Request{Path: path, Bearer: bearer} }

func TestMe(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c, record := s.Client(), s.Record()
		account := s.NewAccount()

		t.Run("answers the user of the token", func(t *testing.T) {
			answer := c.Me(c.Login(account).Access).Want(http.StatusOK, "")
			if diff := cmp.Diff(wantMe, normalized(t, answer.Body)); diff != "" {
				t.Errorf("me (-want +got):\n%s", diff)
			}
			if answer.Text("user.id") != account.ID || answer.Text("user.email") != account.Email || answer.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%v %s", answer.Header, answer.Body)
			}
		})
		t.Run("takes the scheme in any case", func(t *testing.T) {
			in := c.Login(account)
			c.Do(testkit.Request{Path: "/api/auth/me", Header: http.Header{"Authorization": {"bearer " + in.Access}}}).Want(http.StatusOK, "")
		})
		t.Run("answers HEAD without a body", func(t *testing.T) {
			answer := c.Do(testkit.Request{Method: http.MethodHead, Path: "/api/auth/me", Bearer: c.Login(account).Access}).Want(http.StatusOK, "")
			if len(answer.Body) != 0 {
				t.Errorf("%s", answer.Body)
			}
		})
		t.Run("shows a change of the user within a second", func(t *testing.T) {
			in := c.Login(account)
			c.Me(in.Access).Want(http.StatusOK, "")
			record.Exec("UPDATE users SET first_name = 'Ada' WHERE id = ?", account.ID)
			record.Changed(domain.ChangePrincipal, account.ID)
			s.Eventually(time.Second, func() bool { return c.Me(in.Access).Text("user.first_name") == "Ada" })
		})
	})
}

// TestGuardedCalls: what opens a guarded call, and all that does not.
func TestGuardedCalls(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"ISSUER": "https://auth.example.com"}})
	c, record := s.Client(), s.Record()
	account := s.NewAccount()
	in := c.Login(account)
	header, claims := testkit.ReadToken(t, in.Access)
	changed := func(of testkit.Object, name string, value any) testkit.Object {
		object := testkit.Object{}
		maps.Copy(object, of)
		object[name] = value
		return object
	}

	missing, invalid := `Bearer realm="signet"`, `Bearer realm="signet", error="invalid_token"`
	for name, row := range map[string]guardedRow{
		"no token":                     {nil, "", "401 token_missing", missing},
		"a token in the query":         {nil, "?access_token=" + in.Access + "&token=" + in.Access, "401 token_missing", missing},
		"another scheme":               {http.Header{"Authorization": {"Basic dTpw"}}, "", "401 token_missing", missing},
		"another scheme with a token":  {http.Header{"Authorization": {"Token " + in.Access}}, "", "401 token_missing", missing},
		"a token without a scheme":     {http.Header{"Authorization": {in.Access}}, "", "401 token_missing", missing},
		"identity headers":             {http.Header{"X-User-Id": {account.ID}, "X-Forwarded-User": {account.ID}}, "", "401 token_missing", missing},
		"a scheme without a token":     {http.Header{"Authorization": {"Bearer "}}, "", "401 token_invalid", invalid},
		"two tokens in one header":     {http.Header{"Authorization": {"Bearer " + in.Access + " " + in.Access}}, "", "401 token_invalid", invalid},
		"a list of tokens":             {http.Header{"Authorization": {"Bearer " + in.Access + ", Bearer " + in.Access}}, "", "401 token_invalid", invalid},
		"nine kilobytes":               bearer(in.Access + strings.Repeat("A", 9000)),
		"garbage":                      bearer("garbage"),
		"a refresh token":              bearer(in.Refresh),
		"a changed signature":          bearer(in.Access[:len(in.Access)-8] + "AAAAAAAA"),
		"a changed claim":              bearer(testkit.Garble(in.Access)),
		"another key under the kid":    bearer(testkit.Resign(t, header, claims)),
		"an unknown kid":               bearer(testkit.Resign(t, changed(header, "kid", "nobody"), claims)),
		"no kid":                       bearer(testkit.Resign(t, testkit.Object{"typ": "at+jwt", "alg": "ES256"}, claims)),
		"a key in the header":          bearer(testkit.Resign(t, changed(header, "jwk", testkit.Object{"kty": "EC"}), claims)),
		"alg none":                     bearer(testkit.Unsigned(t, changed(header, "alg", "none"), claims)),
		"alg none in another case":     bearer(testkit.Unsigned(t, changed(header, "alg", "nOnE"), claims)),
		"the signature left out":       bearer(testkit.Unsigned(t, header, claims)),
		"alg HS256":                    bearer(testkit.Resign(t, changed(header, "alg", "HS256"), claims)),
		"another typ":                  bearer(testkit.Resign(t, changed(header, "typ", "JWT"), claims)),
		"another issuer":               bearer(testkit.Resign(t, header, changed(claims, "iss", "https://evil.example.com"))),
		"a critical header of its own": bearer(testkit.Resign(t, changed(header, "crit", []string{"b64"}), claims)),
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			for _, path := range guarded {
				answer := c.Do(testkit.Request{Path: path + row.query, Header: row.header})
				if answer.Outcome() != row.want || answer.Header.Get("WWW-Authenticate") != row.challenge {
					t.Errorf("%s: %s, challenge %q", path, answer.Outcome(), answer.Header.Get("WWW-Authenticate"))
				}
				if answer.Header.Get("Cache-Control") != "no-store" {
					t.Errorf("%s: Cache-Control %q", path, answer.Header.Get("Cache-Control"))
				}
			}
		})
	}
	t.Run("two headers are malformed, whatever is in them", func(t *testing.T) {
		for _, path := range guarded {
			c.Do(testkit.Request{Path: path, Header: http.Header{"Authorization": {"Bearer " + in.Access, "Bearer " + in.Access}}}).
				Want(http.StatusBadRequest, "invalid_request")
		}
	})
	t.Run("expired is refused like forged", func(t *testing.T) {
		in := c.Login(account)
		c.Me(in.Access).Want(http.StatusOK, "") // remembered
		s.Move(15 * time.Minute)
		for _, path := range guarded {
			c.Do(get(path, in.Access)).Want(http.StatusUnauthorized, "token_invalid")
		}
	})
	t.Run("ended is refused at once", func(t *testing.T) {
		in := c.Login(account)
		c.Me(in.Access).Want(http.StatusOK, "")
		c.Do(logout(in.Access)).Want(http.StatusOK, "")
		for _, path := range guarded {
			c.Do(get(path, in.Access)).Want(http.StatusUnauthorized, "token_invalid")
		}
	})
	t.Run("a disabled user is refused within a second, until the end of the disablement", func(t *testing.T) {
		one := s.NewAccount()
		in := c.Login(one)
		c.Me(in.Access).Want(http.StatusOK, "")
		record.Exec("UPDATE principals SET state = 'disabled', disabled_until = ? WHERE id = ?", s.Clock.Now().Add(5*time.Minute), one.ID)
		record.Changed(domain.ChangePrincipal, one.ID)
		s.Eventually(time.Second, func() bool { return c.Me(in.Access).Outcome() == "401 token_invalid" })
		c.Do(get("/api/auth/validate-jwt", in.Access)).Want(http.StatusUnauthorized, "token_invalid")
		s.Move(5 * time.Minute)
		c.Me(in.Access).Want(http.StatusOK, "")
	})
	t.Run("a deleted user is refused", func(t *testing.T) {
		one := s.NewAccount()
		in := c.Login(one)
		c.Me(in.Access).Want(http.StatusOK, "")
		record.Exec("UPDATE principals SET state = 'deleted' WHERE id = ?", one.ID)
		record.Changed(domain.ChangePrincipal, one.ID)
		s.Eventually(time.Second, func() bool { return c.Me(in.Access).Outcome() == "401 token_invalid" })
	})
}

// guardedRow is a request to a guarded call and its refusal.
type guardedRow struct {
	header          http.Header
	query           string
	want, challenge string
}

// bearer is a row about a token that does not count.
func bearer(token string) guardedRow {
	return guardedRow{http.Header{"Authorization": {"Bearer " + token}}, "", "401 token_invalid", `Bearer realm="signet", error="invalid_token"`}
}
