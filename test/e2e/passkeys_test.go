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

const (
	passkey     = "passkey"
	securityKey = "security_key"
)

// extended is a body with some more members.
func extended(b body, more body) body {
	b = maps.Clone(b)
	maps.Copy(b, more)
	return b
}

// addingKey sends a new credential.
func addingKey(access string, b body) testkit.Request {
	return post("/api/auth/factors/webauthn", access, b)
}

func verifyKey(challenge string, signed body) testkit.Request {
	return post("/api/auth/mfa/verify", "", extended(signed, body{"challenge": challenge}))
}

// renewed are the tokens with which a session goes on.
func renewed(r testkit.Response) testkit.Tokens {
	r.Want(http.StatusOK, "")
	return testkit.Tokens{Access: r.Text("access_token"), Refresh: r.Text("refresh_token")}
}

func removingPassword(access string) testkit.Request { return del("/api/auth/password", access) }

func TestAPasskey(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record, account := s.Client(), s.Record(), s.NewAccount()
		other := c.Login(account)
		key, in := s.EnrolKey(c.Login(account), passkey)
		login := func() testkit.Request { return testkit.ByPasskey(key.Sign(c.AskForPasskey())) }

		t.Run("is a factor, and the first one ends all other sessions", func(t *testing.T) {
			c.Me(other.Access).Want(http.StatusUnauthorized, "token_invalid")
			if acr, _, amr := provedBy(t, in.Access); acr != "phr" || cmp.Diff([]any{"pwd", "hwk", "user", "mfa"}, amr) != "" || len(key.Codes) != 10 {
				t.Errorf("the session goes on at %s with %v and %d codes", acr, amr, len(key.Codes))
			}
			list := c.Do(get("/api/auth/factors", in.Access)).Want(http.StatusOK, "")
			if got := list.JSON(); cmp.Diff([]any{"webauthn", "recovery"}, got["methods"]) != "" || !strings.Contains(string(list.Body), `"kind":"passkey"`) || !strings.Contains(string(list.Body), `"rp_id":"localhost"`) {
				t.Errorf("it answers %s", list.Body)
			}
			s.Mail(account.Email, 2) // tells of it
		})
		t.Run("logs in alone", func(t *testing.T) {
			done := c.Do(login()).Want(http.StatusOK, "")
			acr, _, amr := provedBy(t, done.Text("access_token"))
			if acr != "phr" || done.Text("acr") != "phr" || cmp.Diff([]any{"hwk", "user", "mfa"}, amr) != "" || done.Text("user.email") != account.Email {
				t.Errorf("logged in at %s with %v: %s", acr, amr, done.Body)
			}
			c.Me(done.Text("access_token")).Want(http.StatusOK, "")
			c.Refresh(done.Text("refresh_token")).Want(http.StatusOK, "")
			if events := record.Events(domain.EventLoginSucceeded, account.ID); len(events) == 0 || events[0].Details["acr"] != "phr" {
				t.Errorf("events: %v", events)
			}
		})
		t.Run("signs once", func(t *testing.T) {
			r := login()
			c.Do(r).Want(http.StatusOK, "")
			c.Do(r).Want(http.StatusUnauthorized, "invalid_credentials")
		})
		t.Run("is a second factor", func(t *testing.T) {
			answer := c.Do(testkit.Request{Path: "/api/auth/login", Body: credentials(account)}).Want(http.StatusUnauthorized, "mfa_required")
			if cmp.Diff([]any{"webauthn", "recovery"}, answer.JSON()["methods"]) != "" {
				t.Errorf("it answers %s", answer.Body)
			}
			challenge := answer.Text("challenge")
			done := c.Do(verifyKey(challenge, key.Sign(c.AskAtChallenge(challenge)))).Want(http.StatusOK, "")
			if acr, _, amr := provedBy(t, done.Text("access_token")); acr != "phr" || cmp.Diff([]any{"pwd", "hwk", "user", "mfa"}, amr) != "" {
				t.Errorf("logged in at %s with %v", acr, amr)
			}
		})
		t.Run("raises a session", func(t *testing.T) {
			in := testkit.TokensOf(c.Do(login()).Want(http.StatusOK, ""))
			s.Move(11 * time.Minute)
			removing := del("/api/auth/factors/"+key.ID, in.Access)
			c.Do(removing).Want(http.StatusForbidden, "reauth_required")
			done := c.Do(stepUp(in.Access, key.Sign(c.AskToStepUp(in.Access)))).Want(http.StatusOK, "")
			if acr, at, _ := provedBy(t, done.Text("access_token")); acr != "phr" || s.Clock.Now().Sub(at) > time.Minute {
				t.Errorf("at %s, proved at %v", acr, at)
			}
			c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
		})
		t.Run("may be the only way in, and stays then", func(t *testing.T) {
			in := testkit.TokensOf(c.Do(login()).Want(http.StatusOK, ""))
			app, in := s.Enrol(in)
			in = renewed(c.Do(removingPassword(in.Access)))
			if acr, _, amr := provedBy(t, in.Access); acr != "aal2" || cmp.Diff([]any{"hwk", "user", "mfa", "otp"}, amr) != "" { // the app's code came last
				t.Errorf("the session goes on at %s with %v", acr, amr)
			}
			c.Do(testkit.Request{Path: "/api/auth/login", Body: credentials(account)}).Want(http.StatusUnauthorized, "invalid_credentials")
			mailAbout(s, account.Email, "was removed", 1)
			if n := len(record.Events(domain.EventPasswordRemoved, account.ID)); n != 1 {
				t.Errorf("%d events", n)
			}
			c.Do(removingPassword(in.Access)).Want(http.StatusNotFound, "not_found")
			c.Do(del("/api/auth/factors/"+key.ID, in.Access)).Want(http.StatusConflict, "last_way_in")
			in = renewed(c.Do(del("/api/auth/factors/"+app.ID, in.Access)))
			c.Me(in.Access).Want(http.StatusOK, "")
			c.Do(resetting(resetLink(s, account.Email), newPassword)).Want(http.StatusOK, "")
			account.Password = newPassword
			c.Challenge(account)
			in = testkit.TokensOf(c.Do(login()).Want(http.StatusOK, ""))
			gone := c.Do(del("/api/auth/factors/"+key.ID, in.Access)).Want(http.StatusOK, "")
			if acr, _, amr := provedBy(t, gone.Text("access_token")); acr != "aal1" || len(amr) > 0 {
				t.Errorf("the session goes on at %s with %v", acr, amr)
			}
			c.Login(account)
			c.Do(login()).Want(http.StatusUnauthorized, "invalid_credentials")
		})
	})
}

// TestAPasswordStays without a passkey that logs in.
func TestAPasswordStays(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	for what, enrol := range map[string]func(in testkit.Tokens) testkit.Tokens{
		"with an app":         func(in testkit.Tokens) testkit.Tokens { _, in = s.Enrol(in); return in },
		"with a security key": func(in testkit.Tokens) testkit.Tokens { _, in = s.EnrolKey(in, securityKey); return in },
		"with a suspended passkey": func(in testkit.Tokens) testkit.Tokens {
			key, in := s.EnrolKey(in, passkey)
			s.Record().Exec("UPDATE factors SET suspended_at = ? WHERE id = ?", s.Clock.Now(), key.ID)
			return in
		},
	} {
		t.Run(what, func(t *testing.T) {
			c, account := s.Client().In(t), s.NewAccount()
			c.Do(removingPassword(enrol(c.Login(account)).Access)).Want(http.StatusConflict, "last_way_in")
			c.Challenge(account)
		})
	}
}

// TestAKeyThatMayBeSynced: what a key signs about that changes in the field (supabase#2732), and once it said so it counts as software.
func TestAKeyThatMayBeSynced(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, account := s.Client(), s.NewAccount()
	key, _ := s.EnrolKey(c.Login(account), passkey)
	for _, row := range []struct {
		may, is bool
		method  string
	}{{false, false, "hwk"}, {true, false, "swk"}, {true, true, "swk"}, {false, false, "swk"}} {
		key.Options.BackupEligible, key.Options.BackupState = row.may, row.is
		in := testkit.TokensOf(c.Do(testkit.ByPasskey(key.Sign(c.AskForPasskey()))).Want(http.StatusOK, ""))
		acr, _, amr := provedBy(t, in.Access)
		if diff := cmp.Diff([]any{row.method, "user", "mfa"}, amr); diff != "" || acr != "phr" {
			t.Errorf("%v: at %s %s", row, acr, diff)
		}
		if got := list(c.Do(get("/api/auth/factors", in.Access)), "factors")[0]["backed_up"]; got != row.is {
			t.Errorf("%v: backed up %v", row, got)
		}
	}
}

// TestLimitsOfKeys: twenty keys, and none without a recent login by a factor or a mailbox of one's own.
func TestLimitsOfKeys(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, account := s.Client(), s.NewAccount()
	weak := c.Login(account)
	_, in := s.EnrolKey(weak, passkey)
	for i := range domain.MaxWebAuthn - 1 {
		kind := []string{passkey, securityKey}[i%2]
		_, in = s.EnrolKey(in, kind)
	}
	c.Do(post("/api/auth/factors/webauthn/options", in.Access, body{"kind": passkey})).Want(http.StatusConflict, "limit_reached")
	s.Move(11 * time.Minute)
	c.Do(post("/api/auth/factors/webauthn/options", in.Access, body{"kind": passkey})).Want(http.StatusForbidden, "reauth_required")
	unproved := s.NewAccount()
	begun := c.Login(unproved)
	s.Record().Exec("UPDATE users SET email_verified_at = NULL WHERE id = ?", unproved.ID)
	c.Do(post("/api/auth/factors/webauthn/options", begun.Access, body{"kind": passkey})).Want(http.StatusForbidden, "email_not_verified")
}

// TestAnAddressHasNoPasskeys: where browsers know none, every door says so.
func TestAnAddressHasNoPasskeys(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"PUBLIC_URL": "http://127.0.0.1:5000"}})
	c, account := s.Client(), s.NewAccount()
	in := c.Login(account)
	for _, r := range []testkit.Request{
		{Path: "/api/auth/passkey/options", Body: body{}},
		testkit.ByPasskey(body{"state": "AAAA", "credential": body{}}),
		post("/api/auth/factors/webauthn/options", in.Access, body{"kind": passkey}),
		addingKey(in.Access, body{"state": "AAAA", "credential": body{}}),
	} {
		answer := c.Do(r).Want(http.StatusServiceUnavailable, "unavailable")
		if !strings.Contains(string(answer.Body), "http://localhost") {
			t.Errorf("%s does not say what to do: %s", r.Path, answer.Body)
		}
	}
	c.Do(post("/api/auth/step-up/options", in.Access, nil)).Want(http.StatusConflict, "no_factor")
}

// TestKeysOfAnotherDomain: a start that would make passkeys useless is refused (zitadel#12191, logto#7756).
func TestKeysOfAnotherDomain(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"PUBLIC_URL": "https://auth.example.com", "ISSUER": "signet", "WEBAUTHN_ORIGINS": "https://app.example.com,https://shop.example.net"}})
	c, account := s.Client(), s.NewAccount()
	key, _ := s.EnrolKey(c.Login(account), passkey)
	for origin, want := range map[string]int{"https://app.example.com": http.StatusOK, "https://shop.example.net": http.StatusOK, "https://evil.example.net": http.StatusUnauthorized} {
		page := *key
		page.Origin, page.Domain = origin, "auth.example.com"
		if got := c.Do(testkit.ByPasskey(page.Sign(c.AskForPasskey()))); got.Status != want {
			t.Errorf("at %s: %s", origin, got.Body)
		}
	}
	related := c.Do(get("/.well-known/webauthn", "")).Want(http.StatusOK, "")
	if diff := cmp.Diff([]any{"https://app.example.com", "https://shop.example.net"}, related.JSON()["origins"]); diff != "" {
		t.Error(diff)
	}
	s.Stop()
	s.Env["PUBLIC_URL"] = "https://login.example.com"
	err := s.TryStart()
	if err == nil || !strings.Contains(err.Error(), "1 passkey") || !strings.Contains(err.Error(), "WEBAUTHN_RP_ID=auth.example.com") {
		t.Fatalf("it starts: %v", err)
	}
	s.Env["WEBAUTHN_RP_ID_FORCE"] = "on"
	if err := s.TryStart(); err != nil {
		t.Fatal(err)
	}
	c = s.Client()
	if methods := c.Do(testkit.Request{Path: "/api/auth/login", Body: credentials(account)}).Want(http.StatusUnauthorized, "mfa_required").JSON()["methods"]; cmp.Diff([]any{"recovery"}, methods) != "" {
		t.Errorf("methods %v", methods)
	}
	s.Stop()
	s.Env["PUBLIC_URL"], s.Env["WEBAUTHN_RP_ID_FORCE"] = "https://auth.example.com", "off"
	if err := s.TryStart(); err != nil {
		t.Fatal(err)
	}
	c = s.Client()
	c.Do(testkit.ByPasskey(key.Sign(c.AskForPasskey()))).Want(http.StatusOK, "")
}

// TestDoctorKnowsTheDomainOfPasskeys as the server does, which in development is localhost without any setting.
func TestDoctorKnowsTheDomainOfPasskeys(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	s.EnrolKey(s.Client().Login(s.NewAccount()), passkey)
	for _, row := range []struct {
		env  map[string]string
		code int
		want string
	}{
		{map[string]string{}, 0, "ok: bound to localhost"},
		{map[string]string{"PUBLIC_URL": "http://127.0.0.1:" + port}, 1, "error: PUBLIC_URL leaves no domain for passkeys, and 1 passkey or security key is bound to localhost"},
		{map[string]string{"PUBLIC_URL": "https://auth.example.com"}, 1, "error: WEBAUTHN_RP_ID (or the host of PUBLIC_URL) is auth.example.com, and 1 passkey"},
		{map[string]string{"PUBLIC_URL": "https://auth.example.com", "WEBAUTHN_RP_ID_FORCE": "on"}, 1, "warning: WEBAUTHN_RP_ID (or the host of PUBLIC_URL) is auth.example.com"},
	} {
		env := maps.Clone(s.Env)
		env["PORT"] = port
		maps.Copy(env, row.env)
		states(t, examined(t, env, row.code), map[string]string{"passkeys": row.want})
	}
}
