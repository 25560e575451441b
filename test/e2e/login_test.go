package e2e_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

type body = map[string]any

func login(fields body) testkit.Request {
	return testkit.Request{Path: "/api/auth/login", Body: fields}
}

func credentials(a testkit.Account) body { return body{"email": a.Email, "password": a.Password} }

// with is a body with more members.
func with(b body, more body) body {
	maps.Copy(b, more)
	return b
}

// volatile is what differs from login to login.
var volatile = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z`), "TIME"},
	{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`), "JWT"},
	{regexp.MustCompile(`sgrt_[0-9A-Za-z]+`), "REFRESH"},
	{regexp.MustCompile(`user\d+@example\.com`), "ADDRESS"},
	{regexp.MustCompile(`"(cs|auth_time)": \d+`), `"$1": NUMBER`},
}

// normalized is a JSON text, indented, without what differs from login to login.
func normalized(t *testing.T, text []byte) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	indented, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	normal := string(indented)
	for _, v := range volatile {
		normal = v.pattern.ReplaceAllString(normal, v.name)
	}
	return normal
}

const wantLogin = `{
  "access_token": "JWT",
  "acr": "aal1",
  "expires_in": 900,
  "refresh_token": "REFRESH",
  "session": {
    "expires_at": "TIME",
    "id": "ID",
    "idle_expires_at": "TIME"
  },
  "session_id": "ID",
  "success": true,
  "token_type": "Bearer",
  "user": {
    "created_at": "TIME",
    "email": "ADDRESS",
    "first_name": "",
    "id": "ID",
    "is_active": true,
    "is_email_verified": true,
    "last_login": "TIME",
    "last_login_at": "TIME",
    "last_name": "",
    "metadata": {},
    "updated_at": "TIME"
  }
}`

func TestLogin(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()

		t.Run("answers a session, its tokens and the user", func(t *testing.T) {
			before := s.Clock.Now()
			answer := c.Do(login(credentials(account))).Want(http.StatusOK, "")
			if diff := cmp.Diff(wantLogin, normalized(t, answer.Body)); diff != "" {
				t.Errorf("login (-want +got):\n%s", diff)
			}
			if answer.Text("session_id") != answer.Text("session.id") || answer.Text("user.id") != account.ID {
				t.Errorf("ids disagree: %s", answer.Body)
			}
			wantTime(t, answer.Text("session.expires_at"), before.Add(30*24*time.Hour))
			wantTime(t, answer.Text("session.idle_expires_at"), before.Add(14*24*time.Hour))
			wantTime(t, answer.Text("user.last_login_at"), before)
			if got := answer.Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control %q", got)
			}
		})
		t.Run("takes the address in any case, and with the trailing slash of the path", func(t *testing.T) {
			shouted := strings.ToUpper(account.Email)
			r := login(body{"email": shouted, "password": account.Password})
			r.Path += "/"
			if got := c.Do(r).Want(http.StatusOK, "").Text("user.email"); got != account.Email {
				t.Errorf("logged in as %s", got)
			}
		})
		t.Run("ignores members that it does not know", func(t *testing.T) {
			c.Do(login(with(credentials(account), body{"remember": true}))).Want(http.StatusOK, "")
		})
		t.Run("names each missing field", func(t *testing.T) {
			for _, row := range []struct {
				fields        body
				code, message string
			}{
				{body{}, "validation_failed", "email is required; password is required"},
				{body{"email": account.Email}, "invalid_request", "password is required"},
				{body{"email": account.Email, "password": ""}, "invalid_request", "password is required"},
				{body{"password": "x"}, "invalid_request", "email is required"},
			} {
				answer := c.Do(login(row.fields)).Want(http.StatusBadRequest, row.code)
				if answer.Text("message") != row.message || answer.Text("detail") != row.message {
					t.Errorf("%v: %s", row.fields, answer.Body)
				}
			}
		})
		t.Run("keeps the device's name", func(t *testing.T) {
			id := c.Do(login(with(credentials(account), body{"device_name": "Ada's phone"}))).Want(http.StatusOK, "").Text("session_id")
			if got := record.Text("SELECT device_name FROM sessions WHERE id = ?", id); got != "Ada's phone" {
				t.Errorf("device_name %q", got)
			}
			c.Do(login(with(credentials(account), body{"device_name": strings.Repeat("x", 101)}))).Want(http.StatusBadRequest, "invalid_request")
		})
		t.Run("refuses a transport that it does not have", func(t *testing.T) {
			c.Do(login(with(credentials(account), body{"transport": "body"}))).Want(http.StatusOK, "")
			for _, transport := range []string{"Cookie", "carrier pigeon"} {
				answer := c.Do(login(with(credentials(account), body{"transport": transport}))).Want(http.StatusBadRequest, "invalid_request")
				if answer.Text("message") != "transport must be one of: body, cookie" || answer.Header.Get("Set-Cookie") != "" {
					t.Errorf("%s: %v %s", transport, answer.Header, answer.Body)
				}
			}
		})
		t.Run("writes what happened to the audit log", func(t *testing.T) {
			one := s.NewAccount()
			in := c.Login(one)
			events := record.Events(domain.EventLoginSucceeded, one.ID)
			if len(events) != 1 || string(events[0].SessionID) != in.Session || string(events[0].ActorID) != one.ID ||
				events[0].Details["acr"] != "aal1" || events[0].Details["amr"] != "pwd" {
				t.Errorf("login.succeeded: %+v", events)
			}
			c.Do(login(body{"email": one.Email, "password": "wrong"})).Want(http.StatusUnauthorized, "invalid_credentials")
			s.Eventually(10*time.Second, func() bool { return len(record.Events(domain.EventLoginFailed, one.ID)) == 1 })
		})
		t.Run("shows the last login, at most a minute late", func(t *testing.T) {
			one := s.NewAccount()
			first := c.Login(one)
			shown := c.Me(first.Access).Want(http.StatusOK, "").Text("user.last_login_at")
			s.Move(2 * time.Minute)
			c.Login(one)
			me := c.Me(first.Access).Want(http.StatusOK, "")
			if me.Text("user.last_login_at") == shown || me.Text("user.last_login_at") != me.Text("user.last_login") {
				t.Errorf("two minutes later /me still shows %s", me.Body)
			}
			wantTime(t, me.Text("user.last_login_at"), s.Clock.Now())
		})
	})
}

// wantTime compares to the minute: the request itself takes time.
func wantTime(t *testing.T, text string, want time.Time) {
	t.Helper()
	got, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || got.Sub(want).Abs() > time.Minute {
		t.Errorf("time %s, want about %s", text, want)
	}
}

// TestLoginTellsNothing: a person who may not come in learns neither why nor whether there is such an account (ASVS 5.0 6.3.8).
func TestLoginTellsNothing(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"LOCKOUT_FAILURES": "20"}})
	c, record := s.Client(), s.Record()
	known, disabled, locked, barred := s.NewAccount(), s.NewAccount(), s.NewAccount(), s.NewAccount()
	record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", disabled.ID)
	record.Exec("UPDATE users SET password_hash = NULL WHERE id = ?", barred.ID)
	for range 20 {
		c.Do(login(body{"email": locked.Email, "password": "wrong"})).Want(http.StatusUnauthorized, "invalid_credentials")
	}
	reference := c.Do(login(body{"email": testkit.NewAddress(), "password": known.Password})).Want(http.StatusUnauthorized, "invalid_credentials")
	for name, fields := range map[string]body{
		"a wrong password":           {"email": known.Email, "password": "wrong"},
		"a disabled account":         credentials(disabled),
		"a locked account":           credentials(locked),
		"an account without one":     credentials(barred),
		"73 bytes":                   {"email": known.Email, "password": strings.Repeat("é", 36) + "x"},
		"the password and 72 bytes":  {"email": known.Email, "password": known.Password + strings.Repeat("x", 72)},
		"a password in another case": {"email": known.Email, "password": strings.ToUpper(known.Password)},
		"a password with a space":    {"email": known.Email, "password": known.Password + " "},
		"a megabyte less":            {"email": known.Email, "password": strings.Repeat("x", 4096)},
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.Do(login(fields))
			if diff := cmp.Diff(essence(t, reference), essence(t, answer)); diff != "" {
				t.Errorf("it differs from that of an unknown address (-unknown +this):\n%s", diff)
			}
		})
	}
	t.Run("and the right password still opens the account", func(t *testing.T) { c.Login(known) })
}

// essence is all of an answer but what differs between any two.
func essence(t *testing.T, r testkit.Response) body {
	t.Helper()
	content := r.JSON()
	if content["request_id"] != r.Header.Get("X-Request-Id") {
		t.Errorf("request_id %v, X-Request-Id %s", content["request_id"], r.Header.Get("X-Request-Id"))
	}
	delete(content, "request_id")
	header := r.Header.Clone()
	header.Del("X-Request-Id")
	header.Del("Date")
	return body{"status": r.Status, "header": header, "body": content}
}

func TestLoginBeforeVerification(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		email := testkit.NewAddress()
		c.Do(testkit.Request{Path: "/api/auth/register", Body: body{"email": email, "password": testkit.Password}}).Want(http.StatusCreated, "")

		t.Run("the right password is told to verify", func(t *testing.T) {
			answer := c.Do(login(body{"email": email, "password": testkit.Password})).Want(http.StatusForbidden, "email_not_verified")
			if answer.JSON()["needs_verification"] != true || !strings.HasPrefix(answer.Text("message"), "Email not verified") {
				t.Errorf("%s", answer.Body)
			}
		})
		t.Run("a wrong one learns nothing", func(t *testing.T) {
			answer := c.Do(login(body{"email": email, "password": "wrong"})).Want(http.StatusUnauthorized, "invalid_credentials")
			if _, told := answer.JSON()["needs_verification"]; told {
				t.Errorf("%s", answer.Body)
			}
		})
	})
}

// givenService puts a service with two permissions into the record: there is no call for that yet.
func givenService(t *testing.T, record *testkit.Record, key, name string) (id string) {
	t.Helper()
	id = uuid.NewString()
	now := "2026-11-01 00:00:00+00:00"
	record.Exec("INSERT INTO principals (id, kind, state, created_at, updated_at) VALUES (?, 'service_account', 'active', ?, ?)", id, now, now)
	record.Exec("INSERT INTO services (id, key, name, name_folded, description, state, token_type, created_at, updated_at) VALUES (?, ?, ?, ?, '', 'active', 'at+jwt', ?, ?)",
		id, key, name, strings.ToLower(name), now, now)
	for _, permission := range []string{"invoice:read", "invoice:write"} {
		record.Exec("INSERT INTO permissions (id, service_id, name, created_at) VALUES (?, ?, ?, ?)", uuid.NewString(), id, permission, now)
	}
	return id
}

// givenRole gives a user a new role at a service, and tells the feed.
func givenRole(t *testing.T, record *testkit.Record, user, service, name string, patterns ...string) {
	t.Helper()
	role, now := uuid.NewString(), "2026-11-01 00:00:00+00:00"
	record.Exec("INSERT INTO roles (id, service_id, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?)", role, service, name, now, now)
	for _, p := range patterns {
		record.Exec("INSERT INTO role_permissions (role_id, pattern) VALUES (?, ?)", role, p)
	}
	record.Exec("INSERT INTO assignments (id, principal_id, role_id, service_id, created_at) VALUES (?, ?, ?, ?, ?)", uuid.NewString(), user, role, service, now)
	record.Exec("UPDATE principals SET pv = pv + 1 WHERE id = ?", user)
	record.Exec("UPDATE services SET pv = pv + 1 WHERE id = ?", service)
	record.Changed(domain.ChangePrincipal, user)
	record.Changed(domain.ChangeService, service)
}

func TestLoginForAService(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, record := s.Client(), s.Record()
	account := s.NewAccount()
	id := givenService(t, record, "billing", "Billing Office")
	closed := givenService(t, record, "attic", "Attic")
	record.Exec("UPDATE services SET state = 'inactive' WHERE id = ?", closed)
	givenRole(t, record, account.ID, id, "clerk", "invoice:read")

	for name, ref := range map[string]string{"by its key": "billing", "by its id": id, "by its name": "billing OFFICE"} {
		t.Run(name, func(t *testing.T) {
			token := c.Do(login(with(credentials(account), body{"service": ref}))).Want(http.StatusOK, "").Text("access_token")
			_, claims := testkit.ReadToken(t, token)
			want := body{"aud": "billing", "roles": []any{"clerk"}, "permissions": []any{"invoice:read"}}
			got := body{"aud": claims["aud"], "roles": claims["roles"], "permissions": claims["permissions"]}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("that is unknown or inactive is said before the password is looked at", func(t *testing.T) {
		for _, ref := range []string{"nowhere", "attic", closed, uuid.NewString(), "not-a-uuid", "a\u00e9"} {
			for _, password := range []string{account.Password, "wrong"} {
				c.Do(login(body{"email": account.Email, "password": password, "service": ref})).Want(http.StatusBadRequest, "unknown_service")
			}
		}
		if n := record.Count("SELECT count(*) FROM login_failures"); n != 0 {
			t.Errorf("%d runs of failures were counted", n)
		}
	})
	t.Run("without one is for the platform", func(t *testing.T) {
		_, claims := testkit.ReadToken(t, c.Login(account).Access)
		if claims["aud"] != domain.PlatformKey {
			t.Errorf("aud %v", claims["aud"])
		}
	})
}

func TestAccessToken(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"ISSUER": "https://auth.example.com"}})
	account := s.NewAccount()
	in := s.Client().Login(account)

	t.Run("says what the contract names", func(t *testing.T) {
		header, claims := testkit.ReadToken(t, in.Access)
		if header["typ"] != "at+jwt" || header["alg"] != "ES256" || header["kid"] == "" {
			t.Errorf("header %v", header)
		}
		now := float64(s.Clock.Now().Unix())
		for _, name := range []string{"iat", "nbf", "auth_time"} {
			if at, ok := claims[name].(float64); !ok || at > now || at < now-60 {
				t.Errorf("%s is %v", name, claims[name])
			}
			if before := claims["iat"].(float64) - claims[name].(float64); name == "nbf" && before != 5 {
				t.Errorf("nbf is %v s before iat", before)
			}
			if name != "iat" {
				delete(claims, name)
			}
		}
		if claims["exp"] != claims["iat"].(float64)+900 {
			t.Errorf("exp %v, iat %v", claims["exp"], claims["iat"])
		}
		if id, _ := claims["jti"].(string); len(id) != 36 {
			t.Errorf("jti %v", claims["jti"])
		}
		delete(claims, "exp")
		delete(claims, "iat")
		delete(claims, "jti")
		want := testkit.Object{
			"iss": "https://auth.example.com", "sub": account.ID, "aud": "auth_service", "sid": in.Session, "client_id": "signet",
			"email_verified": true, "roles": []any{"user"}, "permissions": []any{}, "pv": claims["pv"], "cs": claims["cs"], "amr": []any{"pwd"}, "acr": "aal1",
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
	})
	t.Run("is verified by who knows the key set only", func(t *testing.T) {
		if s.VerifyToken(in.Access)["sub"] != account.ID {
			t.Error("another sub")
		}
	})
}
