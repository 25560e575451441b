package e2e_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// remember has the device of a client remembered, and returns its token.
func remember(c *testkit.Client, account testkit.Account, app *testkit.Authenticator) string {
	return c.Do(verifying(c.Challenge(account), body{"code": app.Code(), "remember_device": true})).Want(http.StatusOK, "").Text("device_token")
}

// on is a login on a device that is remembered, or was.
func on(device string, account testkit.Account) testkit.Request {
	return login(with(credentials(account), body{"device_token": device}))
}

// inventedDevice is a token of the right form that nobody made, of a device with an id.
func inventedDevice(t *testing.T, id string) string {
	t.Helper()
	_, text, err := domain.NewTrustedDevice(domain.TrustedDeviceID(id), domain.Principal{}, "", time.Hour, rand.Reader, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return text.Reveal()
}

func devices(c *testkit.Client, access string) []body {
	return list(c.Do(get("/api/auth/devices", access)), "devices")
}

func TestARememberedDevice(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s, at := replicated(t, b)
		c, record, account, other := at[0], s.Record(), s.NewAccount(), s.NewAccount()
		app, in := s.Enrol(c.Login(account))
		theirs, _ := s.Enrol(c.Login(other))
		device := remember(c, account, app)

		t.Run("is asked for no factor, at any replica, and proves none", func(t *testing.T) {
			for _, c := range at {
				got := c.In(t).Do(on(device, account)).Want(http.StatusOK, "")
				acr, _, amr := provedBy(t, got.Text("access_token"))
				if acr != "aal1" || got.Text("acr") != "aal1" || cmp.Diff([]any{"pwd"}, amr) != "" || got.JSON()["device_token"] != nil {
					t.Errorf("at %s with %v: %s", acr, amr, got.Body)
				}
				if got.Header.Get("Cache-Control") != "no-store" {
					t.Error("it may be cached")
				}
				c.In(t).Do(changing(got.Text("access_token"), account.Password, newPassword)).Want(http.StatusForbidden, "reauth_required")
			}
			id := devices(c, in.Access)[0]["id"]
			trusted, logins := record.Events(domain.EventDeviceTrusted, account.ID), record.Events(domain.EventLoginSucceeded, account.ID)
			if len(trusted) != 1 || trusted[0].Details["device_id"] != id || string(trusted[0].ActorID) != account.ID || trusted[0].SessionID == "" {
				t.Errorf("events: %+v", trusted)
			}
			spared := 0
			for _, e := range logins {
				if e.Details["device_id"] == id {
					spared++
				}
			}
			if spared != len(at) {
				t.Errorf("%d logins say that a device spared the factor, of %+v", spared, logins)
			}
		})
		t.Run("is no first factor, and nothing else that a token opens", func(t *testing.T) {
			c := c.In(t)
			for range 2 {
				c.Do(login(body{"email": account.Email, "password": "wrong", "device_token": device})).Want(http.StatusUnauthorized, "invalid_credentials")
			}
			c.Do(login(body{"email": account.Email, "device_token": device})).Want(http.StatusBadRequest, "invalid_request")
			c.Me(device).Want(http.StatusUnauthorized, "token_invalid")
			c.Refresh(device).Want(http.StatusUnauthorized, "token_invalid")
			c.Do(stepUp(device, body{"code": "000000"})).Want(http.StatusUnauthorized, "token_invalid")
			c.Do(verifying(device, body{"code": "000000"})).Want(http.StatusBadRequest, "invalid_token")
			c.Do(verifying(c.Challenge(account), body{"device_token": device})).Want(http.StatusBadRequest, "invalid_request")
			c.Do(get("/api/tokens/validate", device)).Want(http.StatusUnauthorized, "token_invalid")
		})
		t.Run("is the account's own, and any other token is as none", func(t *testing.T) {
			foreign, id := remember(c, other, theirs), devices(c, in.Access)[0]["id"].(string)
			for name, token := range map[string]string{
				"another's": foreign, "a garbled one": testkit.Garble(device), "a shorter one": device[:len(device)-1], "a long one": strings.Repeat("a", 5000),
				"its id with another secret": inventedDevice(t, id), "an invented one": inventedDevice(t, newID()), "in capitals": strings.ToUpper(device),
				"an application token": "sgat_" + device[5:], "a session's": in.Refresh, "none": "", "only its prefix": "sgdv_", "not text": "\u202e",
			} {
				t.Run(name, func(t *testing.T) {
					c.In(t).Do(on(token, account)).Want(http.StatusUnauthorized, "mfa_required")
					if token != "" {
						c.In(t).Do(on(token, s.NewAccount())).Want(http.StatusOK, "") // without a factor there is nothing to look for
					}
				})
			}
			c.In(t).Do(on(foreign, other)).Want(http.StatusOK, "") // unharmed
		})
		t.Run("is listed with its use, once a day", func(t *testing.T) {
			all := devices(c.In(t), in.Access)
			used, _ := all[0]["last_used_at"].(string)
			if len(all) != 1 || all[0]["class"] == nil || all[0]["current"] != false || used == "" || strings.Contains(fmt.Sprint(all), device[30:60]) {
				t.Errorf("devices: %v", all)
			}
			wantTime(t, all[0]["expires_at"].(string), s.Clock.Now().Add(30*day))
			s.Move(time.Hour)
			c.In(t).Do(on(device, account)).Want(http.StatusOK, "")
			in = testkit.TokensOf(c.Verify(c.Challenge(account), app.Code()).Want(http.StatusOK, ""))
			if again := devices(c.In(t), in.Access)[0]; again["last_used_at"] != used || again["expires_at"] != all[0]["expires_at"] {
				t.Errorf("an hour later: %v", again)
			}
		})
		t.Run("is exported, without its token", func(t *testing.T) {
			out := exported(t, c.In(t), in.Access)
			if len(out.TrustedDevices) != 1 || out.TrustedDevices[0].LastUsedAt == nil {
				t.Errorf("devices: %+v", out.TrustedDevices)
			}
		})
		t.Run("outlives a logout, and ends when its owner removes it", func(t *testing.T) {
			c := c.In(t)
			id := devices(c, in.Access)[0]["id"].(string)
			_, stranger := s.Enrol(c.Login(s.NewAccount()))
			begun := testkit.TokensOf(c.Do(on(device, account)).Want(http.StatusOK, ""))
			c.Do(logout(begun.Access)).Want(http.StatusOK, "")
			begun = testkit.TokensOf(c.Do(on(device, account)).Want(http.StatusOK, ""))
			for bearer, ids := range map[string][]string{stranger.Access: {id}, in.Access: {newID(), "nonsense", strings.ToUpper(id)[:35]}} {
				for _, id := range ids {
					c.Do(del("/api/auth/devices/"+id, bearer)).Want(http.StatusNotFound, "not_found")
				}
			}
			c.Do(on(device, account)).Want(http.StatusOK, "")
			if gone := c.Do(del("/api/auth/devices/"+strings.ToUpper(id), in.Access)).Want(http.StatusOK, ""); gone.Header.Get("Cache-Control") != "no-store" || gone.Header["Set-Cookie"] != nil {
				t.Errorf("it answers with %v", gone.Header)
			}
			for _, c := range at {
				c.In(t).Do(on(device, account)).Want(http.StatusUnauthorized, "mfa_required")
			}
			c.Me(begun.Access).Want(http.StatusOK, "") // what began there goes on
			c.Do(del("/api/auth/devices/"+id, in.Access)).Want(http.StatusNotFound, "not_found")
			if events := record.Events(domain.EventDeviceRemoved, account.ID); len(events) != 1 || events[0].Details["device_id"] != id || string(events[0].ActorID) != account.ID {
				t.Errorf("events: %+v", events)
			}
		})
		t.Run("goes with all others", func(t *testing.T) {
			c := c.In(t)
			first, second := remember(c, account, app), remember(c, account, app)
			if got := c.Do(del("/api/auth/devices", in.Access)).Want(http.StatusOK, ""); got.JSON()["removed"] != 2.0 {
				t.Errorf("it answers %s", got.Body)
			}
			for _, device := range []string{first, second} {
				c.Do(on(device, account)).Want(http.StatusUnauthorized, "mfa_required")
			}
			if got := c.Do(del("/api/auth/devices", in.Access)).Want(http.StatusOK, ""); got.JSON()["removed"] != 0.0 {
				t.Errorf("it answers %s", got.Body)
			}
			if n := len(devices(c, testkit.TokensOf(c.Verify(c.Challenge(other), theirs.Code()).Want(http.StatusOK, "")).Access)); n != 1 {
				t.Errorf("another has %d left", n)
			}
		})
		t.Run("ends with its time, however much it is used", func(t *testing.T) {
			c, device := c.In(t), remember(c, account, app)
			s.Move(30*day - time.Minute)
			c.Do(on(device, account)).Want(http.StatusOK, "")
			s.Move(time.Minute)
			c.Do(on(device, account)).Want(http.StatusUnauthorized, "mfa_required")
			in = testkit.TokensOf(c.Verify(c.Challenge(account), app.Code()).Want(http.StatusOK, ""))
			if all := devices(c, in.Access); len(all) != 0 {
				t.Errorf("devices: %v", all)
			}
		})
		t.Run("is one of ten, and an eleventh takes the place of the oldest", func(t *testing.T) {
			c := c.In(t)
			var tokens []string
			for range domain.MaxTrustedDevices + 1 {
				tokens = append(tokens, remember(c, account, app))
			}
			before := len(record.Events(domain.EventDeviceRemoved, account.ID))
			if n := record.Count("SELECT count(*) FROM device_tokens WHERE user_id = ?", account.ID); n != domain.MaxTrustedDevices || before != 4 {
				t.Errorf("%d devices, %d events", n, before) // that of the time before made room, too
			}
			c.Do(on(tokens[0], account)).Want(http.StatusUnauthorized, "mfa_required")
			for _, token := range tokens[1:] {
				c.Do(on(token, account)).Want(http.StatusOK, "")
			}
		})
	})
}

// TestWhatEndsARememberedDevice: whatever replaces a credential, or may be the answer to a theft, has the factor asked for everywhere again.
func TestWhatEndsARememberedDevice(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		f := fleetOf(t, s)
		c := s.Client()
		enrolAgain := func(account testkit.Account) { s.Enrol(c.Login(account)) }
		for what, do := range map[string]func(account *testkit.Account, app *testkit.Authenticator, in testkit.Tokens){
			"a change of the password": func(account *testkit.Account, _ *testkit.Authenticator, in testkit.Tokens) {
				c.Do(changing(in.Access, account.Password, newPassword)).Want(http.StatusOK, "")
				account.Password = newPassword
			},
			"a reset of the password": func(account *testkit.Account, _ *testkit.Authenticator, _ testkit.Tokens) {
				c.Do(resetting(resetLink(s, account.Email), newPassword)).Want(http.StatusOK, "")
				account.Password = newPassword
			},
			"a change of the address": func(account *testkit.Account, _ *testkit.Authenticator, in testkit.Tokens) {
				to := testkit.NewAddress()
				c.Do(movingIn(asked(t, s, in.Access, to, account.Password))).Want(http.StatusOK, "")
				account.Email = to
			},
			"a removal of a factor": func(_ *testkit.Account, app *testkit.Authenticator, in testkit.Tokens) {
				_, in = s.Enrol(in)
				c.Do(del("/api/auth/factors/"+app.ID, in.Access)).Want(http.StatusOK, "")
			},
			"a removal of the last factor": func(account *testkit.Account, _ *testkit.Authenticator, in testkit.Tokens) {
				for _, factor := range list(c.Do(get("/api/auth/factors", in.Access)), "factors") {
					in.Access = c.Do(del("/api/auth/factors/"+factor["id"].(string), in.Access)).Want(http.StatusOK, "").Text("access_token")
				}
				enrolAgain(*account)
			},
			"a reset by an administrator": func(account *testkit.Account, _ *testkit.Authenticator, _ testkit.Tokens) {
				c.Do(post("/api/users/"+account.ID+"/factors/reset", f.admin.token, body{"reason": "lost"})).Want(http.StatusOK, "")
				enrolAgain(*account)
			},
			"the link that undoes the first factor": func(account *testkit.Account, _ *testkit.Authenticator, _ testkit.Tokens) {
				mailAbout(s, account.Email, aboutFactor, 2) // the key's, which has no link
				c.Do(undoing(links(s, account.Email)[0])).Want(http.StatusOK, "")
				enrolAgain(*account)
			},
			"a key that may be copied": func(_ *testkit.Account, _ *testkit.Authenticator, in testkit.Tokens) {
				key, _ := s.EnrolKey(in, passkey)
				key.Count = 5
				c.Do(testkit.ByPasskey(key.Sign(c.AskForPasskey()))).Want(http.StatusOK, "")
				s.Move(time.Second)
				key.Count = 3
				c.Do(testkit.ByPasskey(key.Sign(c.AskForPasskey()))).Want(http.StatusUnauthorized, "invalid_credentials")
			},
			"an end of the account, which an administrator takes back": func(account *testkit.Account, _ *testkit.Authenticator, _ testkit.Tokens) {
				c.Do(post("/api/users/"+account.ID+"/disable", f.admin.token, body{"reason": "left"})).Want(http.StatusOK, "")
				c.Do(post("/api/users/"+account.ID+"/enable", f.admin.token, nil)).Want(http.StatusOK, "")
			},
		} {
			t.Run(what, func(t *testing.T) {
				c, account := c.In(t), s.NewAccount()
				app, in := s.Enrol(c.Login(account))
				device := remember(c, account, app)
				_, in = s.EnrolKey(in, passkey) // which ends none
				c.Do(on(device, account)).Want(http.StatusOK, "")
				do(&account, app, in)
				c.Do(on(device, account)).Want(http.StatusUnauthorized, "mfa_required")
			})
		}
	})
}

func TestARecoveryCodeHasNoDeviceRemembered(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, account := s.Client(), s.NewAccount()
	app, in := s.Enrol(c.Login(account))
	done := c.Do(verifying(c.Challenge(account), body{"recovery_code": app.Codes[0], "remember_device": true})).Want(http.StatusOK, "")
	if done.JSON()["device_token"] != nil || len(devices(c, in.Access)) != 0 {
		t.Errorf("it answers %s", done.Body)
	}
	if got := c.Do(verifying(c.Challenge(account), body{"code": app.Code()})).Want(http.StatusOK, ""); got.JSON()["device_token"] != nil {
		t.Errorf("without being asked for: %s", got.Body)
	}
}

// TestDevicesThatAreNotRemembered: TRUSTED_DEVICE=0 also ends those that were remembered before.
func TestDevicesThatAreNotRemembered(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"TRUSTED_DEVICE": "1h"}})
	account := s.NewAccount()
	app, _ := s.Enrol(s.Client().Login(account))
	device := remember(s.Client(), account, app)
	s.Client().Do(on(device, account)).Want(http.StatusOK, "")
	s.Env["TRUSTED_DEVICE"] = "0"
	s.Restart()
	c := s.Client()
	c.Do(on(device, account)).Want(http.StatusUnauthorized, "mfa_required")
	done := c.Do(verifying(c.Challenge(account), body{"code": app.Code(), "remember_device": true})).Want(http.StatusOK, "")
	if n := s.Record().Count("SELECT count(*) FROM device_tokens"); done.JSON()["device_token"] != nil || n != 1 {
		t.Errorf("%d devices, it answers %s", n, done.Body)
	}
	s.Env["TRUSTED_DEVICE"] = "1h"
	s.Restart()
	s.Client().Do(on(device, account)).Want(http.StatusOK, "")
	s.Move(time.Hour)
	s.Client().Do(on(device, account)).Want(http.StatusUnauthorized, "mfa_required")
}

// TestARememberedDeviceReachesNoLevel: what wants a factor still asks for it.
func TestARememberedDeviceReachesNoLevel(t *testing.T) {
	t.Parallel()
	f := newLandscape(t, testkit.Options{Env: map[string]string{"MFA_PLATFORM": "aal2"}})
	c, account := f.Client(), f.NewAccount()
	givenRole(t, f.Record(), account.ID, string(domain.PlatformID), "Readers of users", domain.UserRead)
	app, _ := f.Enrol(c.Login(account))
	got := c.Do(on(remember(c, account, app), account)).Want(http.StatusOK, "")
	if got.JSON()["needs_acr"] != "aal2" {
		t.Errorf("it answers %s", got.Body)
	}
	c.Do(get("/api/users", got.Text("access_token"))).Want(http.StatusForbidden, "reauth_required")
	up := c.Do(stepUp(got.Text("access_token"), body{"code": app.Code()})).Want(http.StatusOK, "")
	c.Do(get("/api/users", up.Text("access_token"))).Want(http.StatusOK, "")
}

// TestInventedTokensOfDevicesCost the address block a try each, as other tokens do; those that Signet made cost nothing.
func TestInventedTokensOfDevicesCost(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: limited(map[string]string{"LIMIT_FAILURES": "4/1h", "LIMIT_LOGIN": "100/1h"})})
	c, account, other := s.Client(), s.NewAccount(), s.NewAccount()
	app, _ := s.Enrol(c.Login(account))
	theirs, _ := s.Enrol(c.Login(other))
	device, foreign := remember(c, account, app), remember(c, other, theirs)
	for range 6 {
		c.Do(on(foreign, account)).Want(http.StatusUnauthorized, "mfa_required")
		c.Do(on("sgdv_malformed", account)).Want(http.StatusUnauthorized, "mfa_required")
	}
	c.Do(on(device, account)).Want(http.StatusOK, "")
	for range 3 {
		c.Do(on(inventedDevice(t, newID()), account)).Want(http.StatusUnauthorized, "mfa_required")
	}
	c.Do(on(device, account)).Want(http.StatusUnauthorized, "mfa_required") // the login takes the last one, and a token counts no more
	c.Do(on(inventedDevice(t, newID()), account)).Want(http.StatusUnauthorized, "mfa_required")
	c.Do(login(credentials(account))).Want(http.StatusUnauthorized, "mfa_required") // a right password is not refused for it
}
