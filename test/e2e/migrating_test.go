package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// differences are the lines of docs/migrating-from-flask.md, each as a fact about a running server.
var differences = map[string]func(t *testing.T, s *testkit.Server){
	"refresh-rotates": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		in := c.Login(s.NewAccount())
		next := c.Do(refreshByBearer(in.Refresh)).Want(http.StatusOK, "").Text("refresh_token")
		if next == in.Refresh {
			t.Error("the refresh token stayed the same")
		}
		c.Refresh(next).Want(http.StatusOK, "")
	},
	"refresh-reuse-ends-the-session": func(_ *testing.T, s *testkit.Server) {
		c := s.Client()
		account := s.NewAccount()
		in := c.Login(account)
		next := c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("refresh_token")
		last := c.Refresh(next).Want(http.StatusOK, "").Text("refresh_token")
		c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
		c.Refresh(last).Want(http.StatusUnauthorized, "token_invalid")
		s.Mail(account.Email, 2)
	},
	"refresh-tokens-are-opaque": func(t *testing.T, s *testkit.Server) {
		in := s.Client().Login(s.NewAccount())
		if !strings.HasPrefix(in.Refresh, "sgrt_") || strings.Contains(in.Refresh, ".") {
			t.Error("it looks like a JWT")
		}
	},
	"access-tokens-are-signed-with-a-private-key": func(t *testing.T, s *testkit.Server) {
		header, _ := testkit.ReadToken(t, s.Client().Login(s.NewAccount()).Access)
		if header["alg"] != "ES256" || header["typ"] != "at+jwt" || header["kid"] == "" {
			t.Errorf("header %v", header)
		}
	},
	"application-tokens-need-rank": func(t *testing.T, s *testkit.Server) {
		l := landscapeOf(t, s)
		shop, keepers := l.service(t, "svc-"+newID()[:8])
		l.assign(t, shop.ID.Principal(), domain.RoleUserManager, time.Time{})
		keeper := l.login(t, l.holder(t, keepers))
		l.c.Do(l.creating(keeper, shop.Key, nil)).Want(http.StatusForbidden, "target_outranks")
	},
	"revoked-tokens-stay-listed": func(t *testing.T, s *testkit.Server) {
		l := landscapeOf(t, s)
		shop, _ := l.service(t, "svc-"+newID()[:8])
		token := l.appToken(t, shop, nil)
		l.c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/tokens/" + token.id + "/revoke", Bearer: l.admin}).Want(http.StatusOK, "")
		listed := l.c.Do(testkit.Request{Path: "/api/tokens/service/" + shop.Key, Bearer: l.admin}).Want(http.StatusOK, "")
		if tokens := listed.JSON()["tokens"].([]any); len(tokens) != 1 || tokens[0].(body)["is_active"] != false {
			t.Errorf("%s", listed.Body)
		}
	},
	"validate-jwt-knows-services": func(t *testing.T, s *testkit.Server) {
		l := landscapeOf(t, s)
		shop, _ := l.service(t, "svc-"+newID()[:8])
		access := l.c.Do(asking(shop.Key, l.appToken(t, shop, nil).text)).Want(http.StatusOK, "").Text("access_token")
		answer := l.c.Do(testkit.Request{Path: "/api/auth/validate-jwt", Bearer: access}).Want(http.StatusOK, "")
		if answer.Text("service.key") != shop.Key || answer.JSON()["user"] != nil {
			t.Errorf("%s", answer.Body)
		}
	},
	"access-tokens-name-their-audience": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		givenService(t, s.Record(), "orders", "Orders")
		account := s.NewAccount()
		answer := c.Do(login(with(credentials(account), body{"service": "orders"}))).Want(http.StatusOK, "")
		if _, claims := testkit.ReadToken(t, answer.Text("access_token")); claims["aud"] != "orders" {
			t.Errorf("aud %v", claims["aud"])
		}
		if _, claims := testkit.ReadToken(t, c.Login(account).Access); claims["aud"] != "auth_service" {
			t.Errorf("aud %v", claims["aud"])
		}
		c.Do(testkit.Request{Path: "/api/auth/sessions", Bearer: answer.Text("access_token")}).Want(http.StatusForbidden, "wrong_audience")
	},
	"access-tokens-live-15-minutes": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		answer := c.Do(login(credentials(s.NewAccount()))).Want(http.StatusOK, "")
		if got := answer.JSON()["expires_in"]; got != 900.0 {
			t.Errorf("expires_in %v", got)
		}
		s.Move(16 * time.Minute)
		c.Me(answer.Text("access_token")).Want(http.StatusUnauthorized, "token_invalid")
	},
	"tokens-in-the-query-are-ignored": func(_ *testing.T, s *testkit.Server) {
		c := s.Client()
		in := c.Login(s.NewAccount())
		c.Do(testkit.Request{Path: "/api/auth/me?access_token=" + in.Access}).Want(http.StatusUnauthorized, "token_missing")
	},
	"registration-is-pending-until-proved": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		email := testkit.NewAddress()
		id := c.Do(registering(email)).Want(http.StatusCreated, "").Text("user_id")
		count := func() int { return s.Record().Count("SELECT count(*) FROM users WHERE id = ?", id) }
		if count() != 0 {
			t.Error("the user exists already")
		}
		c.Do(proving(s.Mail(email, 1).Token())).Want(http.StatusOK, "")
		if count() != 1 {
			t.Error("the user does not have the promised id")
		}
	},
	"registration-tells-nothing": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		account := s.NewAccount()
		if id := c.Do(registering(account.Email)).Want(http.StatusCreated, "").Text("user_id"); id == account.ID {
			t.Error("it answers the owner's id")
		}
		s.Mail(account.Email, 2)
		friendly := testkit.Start(t, testkit.Options{Env: map[string]string{"REGISTRATION_MODE": "friendly"}})
		taken := friendly.NewAccount()
		friendly.Client().Do(registering(taken.Email)).Want(http.StatusConflict, "email_taken")
	},
	"verification-links-want-a-person": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		_, mail := applicant(t, s)
		c.Do(following(http.MethodGet, mail.Token(), "*/*")).Want(http.StatusConflict, "confirmation_required")
		page := c.Do(following(http.MethodGet, mail.Token(), browserAccept)).Want(http.StatusOK, "")
		if !strings.Contains(string(page.Body), "<button") {
			t.Error("the page has no button")
		}
		c.Do(following(http.MethodGet, mail.Token(), "application/json")).Want(http.StatusOK, "")

		old := testkit.Start(t, testkit.Options{Env: map[string]string{"VERIFY_GET": "consume"}})
		_, mail = applicant(t, old)
		old.Client().Do(following(http.MethodGet, mail.Token(), "*/*")).Want(http.StatusOK, "")
	},
	"login-tells-unverified-only-after-the-password": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		email, _ := applicant(t, s)
		c.Do(loggingIn(email, "not the password 1")).Want(http.StatusUnauthorized, "invalid_credentials")
		answer := c.Do(loggingIn(email, testkit.Password)).Want(http.StatusForbidden, "email_not_verified")
		if answer.JSON()["needs_verification"] != true || !strings.HasPrefix(answer.Text("message"), "Email not verified") {
			t.Errorf("%s", answer.Body)
		}
	},
	"a-second-factor-is-asked-for": func(t *testing.T, s *testkit.Server) {
		c, account := s.Client(), s.NewAccount()
		s.Enrol(c.Login(account))
		asked := c.Do(loggingIn(account.Email, testkit.Password)).Want(http.StatusUnauthorized, "mfa_required").JSON()
		if asked["challenge"] == nil || asked["access_token"] != nil || asked["success"] != false {
			t.Errorf("it answers %v", asked)
		}
	},
	"login-has-one-refusal": func(t *testing.T, s *testkit.Server) {
		c, record := s.Client(), s.Record()
		disabled := s.NewAccount()
		record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", disabled.ID)
		unknown := c.Do(loggingIn("nobody@example.com", testkit.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
		for name, r := range map[string]testkit.Request{
			"wrong": loggingIn(s.NewAccount().Email, "not the password 1"), "disabled": loggingIn(disabled.Email, testkit.Password),
		} {
			if diff := cmp.Diff(essence(t, unknown), essence(t, c.Do(r))); diff != "" {
				t.Errorf("%s differs from unknown:\n%s", name, diff)
			}
		}
	},
	"guesses-are-limited": func(t *testing.T, _ *testkit.Server) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on"}})
		c := s.Client()
		for range 10 {
			c.Do(loggingIn("target@example.com", "not the password 1")).Want(http.StatusUnauthorized, "invalid_credentials")
		}
		if c.Do(loggingIn("target@example.com", "not the password 1")).Want(http.StatusTooManyRequests, "rate_limited").Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	},
	"passwords-have-rules": func(_ *testing.T, s *testkit.Server) {
		for password, code := range map[string]string{
			"short 1": "password_too_short", strings.Repeat("long ", 20): "password_too_long", "password123": "password_common",
		} {
			s.Client().Do(registering(testkit.NewAddress(), testkit.Object{"password": password})).Want(http.StatusBadRequest, code)
		}
	},
	"addresses-are-one-account-in-any-case": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		account := s.NewAccount()
		answer := c.Do(loggingIn(strings.ToUpper(account.Email), account.Password)).Want(http.StatusOK, "")
		if answer.Text("user.email") != account.Email {
			t.Errorf("email %s", answer.Text("user.email"))
		}
		c.Do(registering(`"quoted local"@example.com`)).Want(http.StatusBadRequest, "invalid_request")
	},
	"errors-are-problems": func(t *testing.T, s *testkit.Server) {
		answer := s.Client().Do(loggingIn("nobody@example.com", testkit.Password))
		problem := answer.JSON()
		if answer.Header.Get("Content-Type") != "application/problem+json" || problem["success"] != false ||
			problem["message"] != problem["detail"] || problem["code"] != "invalid_credentials" || problem["status"] != 401.0 || problem["request_id"] == "" {
			t.Errorf("%s", answer.Body)
		}
		missing := s.Client().Do(login(body{})).Want(http.StatusBadRequest, "validation_failed")
		if got := missing.Text("message"); got != "email is required; password is required" {
			t.Errorf("message %q", got)
		}
	},
	"bodies-are-strict": func(_ *testing.T, s *testkit.Server) {
		c := s.Client()
		post := func(text string) testkit.Request { return testkit.Request{Path: "/api/auth/login", Body: text} }
		c.Do(post(`{"email":"a@example.com","email":"b@example.com","password":"x"}`)).Want(http.StatusBadRequest, "invalid_request")
		c.Do(post(`{"Email":"a@example.com","password":"x"}`)).Want(http.StatusBadRequest, "invalid_request")
		c.Do(post(`{"email":"a@example.com","password":"`+strings.Repeat("x", 70_000)+`"}`)).Want(http.StatusRequestEntityTooLarge, "body_too_large")
		form := post("email=a%40example.com&password=x")
		form.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		c.Do(form).Want(http.StatusUnsupportedMediaType, "unsupported_media_type")
		account := s.NewAccount()
		c.Do(login(with(credentials(account), body{"remember_me": true}))).Want(http.StatusOK, "")
	},
	"times-are-utc": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		created := c.Me(c.Login(s.NewAccount()).Access).Want(http.StatusOK, "").Text("user.created_at")
		if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$`).MatchString(created) {
			t.Errorf("created_at %s", created)
		}
	},
	"oldest-session-gives-way": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		account := s.NewAccount()
		first := c.Login(account)
		for range 10 {
			s.Clock.Move(time.Millisecond)
			c.Login(account)
		}
		c.Me(first.Access).Want(http.StatusUnauthorized, "token_invalid")
		if n := s.Record().LiveSessions(account.ID); n != 10 {
			t.Errorf("%d sessions live", n)
		}
	},
	"logout-is-never-refused-for-being-late": func(_ *testing.T, s *testkit.Server) {
		c := s.Client()
		in := c.Login(s.NewAccount())
		s.Move(40 * 24 * time.Hour)
		c.Do(logout(in.Access)).Want(http.StatusOK, "")
		c.Do(logoutBy(in.Refresh)).Want(http.StatusOK, "")
	},
	"sessions-are-not-tokens": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		in := c.Login(s.NewAccount())
		_, claims := testkit.ReadToken(t, in.Access)
		listed := c.Do(testkit.Request{Path: "/api/auth/sessions", Bearer: in.Access}).Want(http.StatusOK, "").JSON()["sessions"].([]any)[0].(map[string]any)
		if listed["jti"] != in.Session || listed["id"] != in.Session || listed["current"] != true || claims["sid"] != in.Session || claims["jti"] == in.Session {
			t.Errorf("listed %v, sid %v, jti %v", listed, claims["sid"], claims["jti"])
		}
	},
	"changing-the-password-renews-the-session": func(_ *testing.T, s *testkit.Server) {
		c := s.Client()
		account := s.NewAccount()
		in, other := c.Login(account), c.Login(account)
		answer := c.Do(changing(in.Access, account.Password, "another long passphrase 8")).Want(http.StatusOK, "")
		c.Me(answer.Text("access_token")).Want(http.StatusOK, "")
		c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
		c.Me(other.Access).Want(http.StatusUnauthorized, "token_invalid")
		c.Refresh(answer.Text("refresh_token")).Want(http.StatusOK, "")
	},
	"forgot-tells-nothing": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		known := c.Do(forgetting(s.NewAccount().Email)).Want(http.StatusOK, "")
		unknown := c.Do(forgetting(testkit.NewAddress())).Want(http.StatusOK, "")
		if diff := cmp.Diff(string(known.Body), string(unknown.Body)); diff != "" {
			t.Errorf("the answers differ:\n%s", diff)
		}
	},
	"reset-links-are-used-once": func(_ *testing.T, s *testkit.Server) {
		c := s.Client()
		account := s.NewAccount()
		c.Do(forgetting(account.Email)).Want(http.StatusOK, "")
		first := s.Mail(account.Email, 2).Token()
		c.Do(forgetting(account.Email)).Want(http.StatusOK, "")
		second := s.Mail(account.Email, 3).Token()
		c.Do(resetting(first, "another long passphrase 8")).Want(http.StatusBadRequest, "invalid_token")
		c.Do(resetting(second, "another long passphrase 8")).Want(http.StatusOK, "")
		c.Do(resetting(second, "another long passphrase 9")).Want(http.StatusBadRequest, "invalid_token")
		s.Mail(account.Email, 4) // says that the password was changed
		c.Do(forgetting(account.Email)).Want(http.StatusOK, "")
		late := s.Mail(account.Email, 5).Token()
		s.Move(31 * time.Minute)
		c.Do(resetting(late, "another long passphrase 9")).Want(http.StatusBadRequest, "invalid_token")
	},
	"reset-logs-out-everywhere": func(t *testing.T, s *testkit.Server) {
		c := s.Client()
		account := s.NewAccount()
		in := c.Login(account)
		c.Do(forgetting(account.Email)).Want(http.StatusOK, "")
		answer := c.Do(resetting(s.Mail(account.Email, 2).Token(), "another long passphrase 8")).Want(http.StatusOK, "")
		if strings.Contains(string(answer.Body), "token") {
			t.Errorf("it logs in: %s", answer.Body)
		}
		c.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid")
		c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
	},
	"hashes-of-werkzeug-are-read": func(t *testing.T, s *testkit.Server) {
		c, record := s.Client(), s.Record()
		for _, hash := range []string{ // of "a long enough passphrase 7", by Python's hashlib in Werkzeug's form
			"scrypt:32768:8:1$Kc4vTqN0uZs1XyBd$beba1fb50a4ce77bf3c9a193494906c12c3732d29f1f792dcc4e2f50f350ba49837d1753bf1cf93d17560bd13a5a8a3144fa5712fcfb62c25760bf024ffa0021",
			"pbkdf2:sha256:600000$Kc4vTqN0uZs1XyBd$e93f264fe6e5228d6a0f553ac7180f1ec33da6601cb4e962abdb97fdbca85c8f",
		} {
			account := s.NewAccount()
			record.Exec("UPDATE users SET password_hash = ? WHERE id = ?", hash, account.ID)
			c.Login(account)
			s.Eventually(10*time.Second, func() bool {
				return strings.HasPrefix(record.Text("SELECT password_hash FROM users WHERE id = ?", account.ID), "$2a$")
			})
			c.Login(account)
		}
	},
	"application-tokens-are-of-another-form": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		f.service("shop")
		if token := f.appToken("shop", nil); !strings.HasPrefix(token, "sgat_") {
			t.Errorf("it begins with %s", token[:8])
		}
		f.c.Do(validating(newID())).Want(http.StatusUnauthorized, "token_invalid")
	},
	"application-tokens-open-little": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		id := f.service("shop")
		f.c.Do(post("/api/roles/service-account/shop/service/shop/role/"+f.roleNamed(t, id, "admin"), f.admin.token, nil)).Want(http.StatusCreated, "")
		token := f.appToken("shop", nil)
		f.c.Do(validating(token)).Want(http.StatusOK, "")
		f.c.Do(get("/api/roles/service/shop", token)).Want(http.StatusForbidden, "forbidden")
		f.c.Do(get("/api/auth/me", token)).Want(http.StatusForbidden, "forbidden")
		access := f.c.Do(asking("shop", token)).Want(http.StatusOK, "").Text("access_token")
		f.c.Do(get("/api/roles/service/shop", access)).Want(http.StatusOK, "")
	},
	"a-token-has-one-end": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		f.service("shop")
		for _, end := range []body{{"expires_in": 60, "expires_in_days": 1}, {"expires_at": f.Clock.Now().Add(-time.Hour)}, {"expires_at": f.Clock.Now().AddDate(11, 0, 0)}} {
			f.c.Do(post("/api/tokens", f.admin.token, with(body{"service_id": "shop", "name": "x"}, end))).Want(http.StatusBadRequest, "invalid_request")
		}
	},
	"ends-have-an-offset": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		f.service("shop")
		f.c.Do(post("/api/tokens", f.admin.token, body{"service_id": "shop", "name": "x", "expires_at": "2027-06-01T00:00:00"})).Want(http.StatusBadRequest, "invalid_request")
		f.appToken("shop", body{"expires_at": "2027-06-01T00:00:00+02:00"})
	},
	"administrators-pass-on-what-they-have": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		id := f.service("shop")
		f.permission(id, "order:read")
		one := f.person(t)
		f.assign(one.ID, id, f.role(id, "keeper of roles", []string{"signet.role:*"}))
		clerk := f.role(id, "clerk", []string{"order:read"})
		f.c.Do(post(assignment(one.ID, id, clerk), one.token, nil)).Want(http.StatusForbidden, "forbidden")
		f.c.Do(post("/api/roles/service/shop", one.token, body{"name": "x", "permissions": []string{"order:read"}})).Want(http.StatusForbidden, "forbidden")
		f.assign(one.ID, id, clerk)
		f.c.Do(post("/api/roles/service/shop", one.token, body{"name": "x", "permissions": []string{"order:read"}})).Want(http.StatusCreated, "")
		tokens, account := f.person(t, domain.RoleTokenManager), "/api/roles/service-account/shop/service/auth_service/role/"
		f.c.Do(post(account+string(domain.RoleUserManager), f.admin.token, nil)).Want(http.StatusCreated, "")
		f.c.Do(post("/api/tokens", tokens.token, body{"service_id": "shop", "name": "x"})).Want(http.StatusForbidden, "target_outranks")
	},
	"the-last-administrator-stays": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		f.c.Do(del(assignment(f.admin.ID, "auth_service", string(domain.RolePlatformAdmin)), f.admin.token)).Want(http.StatusConflict, "last_admin")
		f.c.Do(put("/api/roles/"+string(domain.RolePlatformAdmin), f.admin.token, body{"permissions": []string{}})).Want(http.StatusConflict, "system_role")
	},
	"what-is-out-of-reach-is-not-found": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		id, other := f.service("shop"), f.service("billing")
		keeper, user := f.administrator(t, id), f.person(t)
		for _, service := range []string{other, newID()} {
			f.c.Do(get("/api/roles/service/"+service, keeper.token)).Want(http.StatusNotFound, "not_found")
			f.c.Do(get("/api/roles/service/"+service, user.token)).Want(http.StatusForbidden, "forbidden")
		}
	},
	"services-come-with-roles": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		id := f.service("shop")
		for _, name := range []string{"admin", "user", "readonly"} {
			f.roleNamed(t, id, name)
		}
		if held := list(f.c.Do(get("/api/roles/user/"+f.admin.ID+"/service/shop", f.admin.token)), "roles"); len(held) != 0 {
			t.Errorf("its creator holds %v", held)
		}
	},
	"names-are-unique-in-any-case": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		f.service("shop")
		for _, row := range []struct {
			path, name string
			status     int
			code       string
		}{
			{"services", "the  SHOP", http.StatusConflict, "name_taken"},
			{"services", newID(), http.StatusBadRequest, "invalid_request"},
			{"service/shop", "Admin", http.StatusConflict, "name_taken"},
		} {
			f.c.Do(post("/api/roles/"+row.path, f.admin.token, body{"name": row.name})).Want(row.status, row.code)
		}
	},
	"permissions-have-a-grammar": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		id := f.service("shop")
		for _, name := range []string{"read", "Order:Read", "order read"} {
			f.c.Do(post("/api/roles/permissions", f.admin.token, body{"service_id": id, "name": name})).Want(http.StatusBadRequest, "invalid_request")
		}
		f.c.Do(post("/api/roles/service/shop", f.admin.token, body{"name": "x", "permissions": []string{"order:read"}})).Want(http.StatusNotFound, "not_found")
		one := f.person(t)
		f.assign(one.ID, id, f.role(id, "x", []string{"order:*", "*:read", "*:*"}))
		if f.may(f.admin.token, one.ID, "shop", "order:read") {
			t.Error("a permission that was not registered counts")
		}
		f.permission(id, "order:read")
		if !f.may(f.admin.token, one.ID, "shop", "order:read") {
			t.Error("it does not count, though it is registered now")
		}
	},
	"roles-that-are-held-stay": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		id := f.service("shop")
		role := f.role(id, "clerk", nil)
		f.assign(f.person(t).ID, id, role)
		f.c.Do(del("/api/roles/"+role, f.admin.token)).Want(http.StatusConflict, "role_in_use")
		f.c.Do(del("/api/roles/"+role+"?force=true", f.admin.token)).Want(http.StatusOK, "")
	},
	"the-platform-is-no-service": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		f.c.Do(post("/api/roles/permissions", f.admin.token, body{"service_id": "auth_service", "name": "order:read"})).Want(http.StatusConflict, "platform_service")
		f.c.Do(post("/api/tokens", f.admin.token, body{"service_id": "auth_service", "name": "x"})).Want(http.StatusConflict, "platform_service")
		f.c.Do(del("/api/roles/services/auth_service", f.admin.token)).Want(http.StatusConflict, "platform_service")
	},
	"services-that-are-off-are-off": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		id := f.service("shop")
		f.permission(id, "order:read")
		one := f.person(t)
		f.assign(one.ID, id, f.role(id, "clerk", []string{"order:read"}))
		token := f.appToken("shop", nil)
		f.c.Do(put("/api/roles/services/shop", f.admin.token, body{"is_active": false})).Want(http.StatusOK, "")
		f.Eventually(time.Second, func() bool {
			return f.c.Do(validating(token)).Status == http.StatusUnauthorized && !f.may(f.admin.token, one.ID, "shop", "order:read")
		})
	},
	"long-lists-go-on": func(t *testing.T, s *testkit.Server) {
		f := fleetOf(t, s)
		id := f.service("shop")
		record := s.Record()
		for i := range 990 { // it has reserved ones, too
			record.Exec("INSERT INTO permissions (id, service_id, name, description, created_at) VALUES (?, ?, ?, '', ?)", newID(), id, fmt.Sprintf("order:a%d", i), s.Clock.Now())
		}
		f.permission(id, "order:one-more")
		for i := range 20 {
			record.Exec("INSERT INTO permissions (id, service_id, name, description, created_at) VALUES (?, NULL, ?, '', ?)", newID(), fmt.Sprintf("file:a%d", i), s.Clock.Now())
		}
		first := f.c.Do(get("/api/roles/permissions", f.admin.token))
		next := first.Text("next_cursor")
		rest := list(f.c.Do(get("/api/roles/permissions?limit=200&cursor="+next, f.admin.token)), "permissions")
		if len(list(first, "permissions")) != 1000 || len(rest) == 0 {
			t.Errorf("%d, then %d", len(list(first, "permissions")), len(rest))
		}
	},
	"old-setting-names-count": func(t *testing.T, _ *testkit.Server) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{
			"APP_BASE_URL": "http://localhost:8099", "MAIL_DEFAULT_SENDER": "Old <old@example.com>",
			"SESSION_LIMIT_PER_USER": "1", "PASSWORD_RESET_TOKEN_EXPIRES": "60",
		}})
		c := s.Client()
		account := s.NewAccount()
		c.Do(forgetting(account.Email)).Want(http.StatusOK, "")
		mail := s.Mail(account.Email, 2)
		if !strings.HasPrefix(mail.Links[0], "http://localhost:8099/") {
			t.Errorf("link %s", mail.Links[0])
		}
		s.Move(61 * time.Second)
		c.Do(resetting(mail.Token(), "another long passphrase 8")).Want(http.StatusBadRequest, "invalid_token")
		c.Login(account)
		c.Login(account)
		if n := s.Record().LiveSessions(account.ID); n != 1 {
			t.Errorf("%d sessions live", n)
		}
	},
	"secret-key-must-be-a-secret": func(t *testing.T, _ *testkit.Server) {
		for _, key := range []string{"secret", "change-me-change-me-change-me-change-me"} {
			refusedSettings(t, map[string]string{"SECRET_KEY": key}, "SECRET_KEY")
		}
	},
	"tls-of-mail-is-what-it-says": func(t *testing.T, _ *testkit.Server) {
		refusedSettings(t, map[string]string{"MAIL_SERVER": "mail.example.com", "MAIL_USE_TLS": "true", "MAIL_USE_SSL": "true"}, "MAIL_USE_TLS")
	},
	"databases-are-postgres-or-none": func(t *testing.T, _ *testkit.Server) {
		for _, uri := range []string{"postgresql+psycopg2://auth@db/auth", "mysql://auth@db/auth", "sqlite:///auth.db"} {
			refusedSettings(t, map[string]string{"DATABASE_URI": uri, "SECRET_KEY": testkit.SecretKey, "SIGNET_ENV": "development"}, "DATABASE_URI")
		}
	},
}

// alone are those that move the clock, or make services of the same names.
var alone = []string{
	"access-tokens-live-15-minutes", "oldest-session-gives-way", "logout-is-never-refused-for-being-late", "reset-links-are-used-once",
	"application-tokens-are-of-another-form", "application-tokens-open-little", "a-token-has-one-end", "ends-have-an-offset",
	"administrators-pass-on-what-they-have", "the-last-administrator-stays", "what-is-out-of-reach-is-not-found",
	"services-come-with-roles", "names-are-unique-in-any-case", "permissions-have-a-grammar", "roles-that-are-held-stay",
	"the-platform-is-no-service", "services-that-are-off-are-off", "long-lists-go-on",
}

// refusedSettings wants a start that fails and names the setting.
func refusedSettings(t *testing.T, env map[string]string, names string) {
	t.Helper()
	err := testkit.Prepare(t, testkit.Options{Env: env}).TryStart()
	if err == nil || !strings.Contains(err.Error(), names) {
		t.Errorf("start with %v: %v", env, err)
	}
}

// TestMigratingFromFlask holds the guide against a server, and the list of tests against the guide.
func TestMigratingFromFlask(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../docs/migrating-from-flask.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\|").FindAllSubmatch(guide, -1) {
		listed = append(listed, string(row[1]))
	}
	var tested []string
	for name := range differences {
		tested = append(tested, name)
	}
	slices.Sort(listed)
	slices.Sort(tested)
	if diff := cmp.Diff(listed, tested); diff != "" {
		t.Errorf("the guide (-) and the tests (+) differ:\n%s", diff)
	}
	testkit.Long(t)
	for _, name := range tested {
		t.Run(name, func(t *testing.T) {
			s := testkit.Shared(t, testkit.Embedded)
			if slices.Contains(alone, name) {
				s = testkit.Start(t, testkit.Options{})
			}
			differences[name](t, s)
		})
	}
}
