package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// TestAKeyThatMayBeCopied: a counter that goes back suspends the key, unless two signatures only came in reverse order.
func TestAKeyThatMayBeCopied(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, account := s.Client(), s.NewAccount()
		key, in := s.EnrolKey(c.Login(account), passkey)
		app, in := s.Enrol(in)
		key.Count = 5
		signed := func() testkit.Request { return testkit.ByPasskey(key.Sign(c.AskForPasskey())) }
		c.Do(signed()).Want(http.StatusOK, "")

		earlier, later := signed(), signed() // two tabs
		s.Move(time.Second)
		c.Do(later).Want(http.StatusOK, "")
		c.Do(earlier).Want(http.StatusUnauthorized, "invalid_credentials")
		c.Do(signed()).Want(http.StatusOK, "")

		s.Move(time.Second)
		copied := *key
		copied.Count = 3
		c.Do(testkit.ByPasskey(copied.Sign(c.AskForPasskey()))).Want(http.StatusUnauthorized, "invalid_credentials")
		c.Do(signed()).Want(http.StatusUnauthorized, "invalid_credentials")
		mailAbout(s, account.Email, "suspended", 1)
		if n := len(s.Record().Events(domain.EventFactorSuspended, account.ID)); n != 1 {
			t.Errorf("%d events", n)
		}
		list := c.Do(get("/api/auth/factors", in.Access)).Want(http.StatusOK, "")
		if !strings.Contains(string(list.Body), `"suspended":true`) || cmp.Diff([]any{"totp", "recovery"}, list.JSON()["methods"]) != "" {
			t.Errorf("it answers %s", list.Body)
		}
		resuming := func(access string) testkit.Request { return post("/api/auth/factors/"+key.ID+"/resume", access, nil) }
		c.Do(resuming(in.Access)).Want(http.StatusForbidden, "reauth_required") // proved before the suspension, perhaps by the copy
		c.Do(post("/api/auth/step-up/options", in.Access, nil)).Want(http.StatusConflict, "no_factor")
		s.Move(time.Second)
		in = renewed(c.Do(stepUp(in.Access, body{"code": app.Code()})))
		c.Do(post("/api/auth/factors/"+app.ID+"/resume", in.Access, nil)).Want(http.StatusNotFound, "not_found")
		c.Do(resuming(in.Access)).Want(http.StatusOK, "")
		c.Do(resuming(in.Access)).Want(http.StatusNotFound, "not_found")
		c.Do(signed()).Want(http.StatusOK, "")
	})
}

// TestPasskeysAreBoundToWhatTheyWereAskedFor has one row per way to use a signature, or a state, for something else.
func TestPasskeysAreBoundToWhatTheyWereAskedFor(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, account, other := s.Client(), s.NewAccount(), s.NewAccount()
	key, in := s.EnrolKey(c.Login(account), passkey)
	stick, _ := s.EnrolKey(in, securityKey)
	others, otherIn := s.EnrolKey(c.Login(other), passkey)
	again := func() testkit.Tokens {
		return testkit.TokensOf(c.Do(testkit.ByPasskey(key.Sign(c.AskForPasskey()))).Want(http.StatusOK, ""))
	}
	in, second := again(), again()
	spoilt := func(change func(k *testkit.Key)) *testkit.Key {
		k := *key
		change(&k)
		return &k
	}
	response := func(b body) map[string]any {
		var parsed map[string]any
		if err := json.Unmarshal(b["credential"].(json.RawMessage), &parsed); err != nil {
			t.Fatal(err)
		}
		return parsed
	}

	for what, signed := range map[string]func() body{
		"a security key": func() body { return stick.Sign(c.AskForPasskey()) },
		"another origin (RFC 6454, WebAuthn §13.4.9)": func() body {
			return spoilt(func(k *testkit.Key) { k.Origin = "http://localhost:1" }).Sign(c.AskForPasskey())
		},
		"another relying party": func() body {
			return spoilt(func(k *testkit.Key) { k.Origin = "http://example.com" }).Sign(c.AskForPasskey())
		},
		"a user who is not verified": func() body {
			return spoilt(func(k *testkit.Key) { k.Options.UserNotVerified = true }).Sign(c.AskForPasskey())
		},
		"a user who is not present": func() body {
			return spoilt(func(k *testkit.Key) { k.Options.UserNotPresent = true }).Sign(c.AskForPasskey())
		},
		"the handle of another user (Keycloak GHSA-9695)": func() body {
			return spoilt(func(k *testkit.Key) { k.Options.UserHandle = others.Options.UserHandle }).Sign(c.AskForPasskey())
		},
		"no handle": func() body {
			return spoilt(func(k *testkit.Key) { k.Options.UserHandle = nil }).Sign(c.AskForPasskey())
		},
		"the challenge of another state": func() body { return extended(key.Sign(c.AskForPasskey()), body{"state": c.AskForPasskey().State}) },
		"the credential of another": func() body {
			b := key.Sign(c.AskForPasskey())
			theirs, mine := response(others.Sign(c.AskForPasskey())), response(b)
			mine["id"], mine["rawId"] = theirs["id"], theirs["rawId"]
			return extended(b, body{"credential": mine})
		},
		"a broken signature": func() body {
			b := key.Sign(c.AskForPasskey())
			mine := response(b)
			mine["response"].(map[string]any)["signature"] = response(key.Sign(c.AskForPasskey()))["response"].(map[string]any)["signature"]
			return extended(b, body{"credential": mine})
		},
	} {
		t.Run("login with "+what, func(t *testing.T) {
			c.In(t).Do(testkit.ByPasskey(signed())).Want(http.StatusUnauthorized, "invalid_credentials")
		})
	}
	challenge := c.Challenge(account)
	for what, r := range map[string]testkit.Request{
		"the state of a step-up at a login":                testkit.ByPasskey(key.Sign(c.AskToStepUp(in.Access))),
		"the state of a challenge at a login":              testkit.ByPasskey(key.Sign(c.AskAtChallenge(challenge))),
		"the state of an enrolment at a login":             testkit.ByPasskey(extended(key.Sign(c.AskForPasskey()), body{"state": c.AskForKey(in.Access, passkey).State})),
		"the state of a login at a step-up":                stepUp(in.Access, key.Sign(c.AskForPasskey())),
		"the state of another's session at a step-up":      stepUp(in.Access, extended(key.Sign(c.AskToStepUp(in.Access)), body{"state": c.AskToStepUp(otherIn.Access).State})),
		"the state of one's other session at a step-up":    stepUp(in.Access, key.Sign(c.AskToStepUp(second.Access))),
		"the state of a login at a challenge":              verifyKey(challenge, key.Sign(c.AskForPasskey())),
		"the state of another challenge":                   verifyKey(challenge, key.Sign(c.AskAtChallenge(c.Challenge(account)))),
		"the state of another's session at an enrolment":   addingKey(in.Access, s.NewKey().Create(c.AskForKey(otherIn.Access, passkey))),
		"the state of one's other session at an enrolment": addingKey(in.Access, s.NewKey().Create(c.AskForKey(second.Access, passkey))),
		"the state of a step-up at an enrolment":           addingKey(in.Access, extended(s.NewKey().Create(c.AskForKey(in.Access, passkey)), body{"state": c.AskToStepUp(in.Access).State})),
		"the challenge of another state at an enrolment":   addingKey(in.Access, extended(s.NewKey().Create(c.AskForKey(in.Access, passkey)), body{"state": c.AskForKey(in.Access, passkey).State})),
		"a state that nobody made":                         testkit.ByPasskey(extended(key.Sign(c.AskForPasskey()), body{"state": strings.Repeat("A", 200)})),
		"a state that was cut":                             testkit.ByPasskey(func() body { b := key.Sign(c.AskForPasskey()); b["state"] = b["state"].(string)[1:]; return b }()),
	} {
		t.Run(what, func(t *testing.T) { c.In(t).Do(r).Want(http.StatusBadRequest, "invalid_token") })
	}
	t.Run("a signature of another at one's challenge", func(t *testing.T) {
		c, challenge := c.In(t), c.Challenge(account)
		asked := c.AskAtChallenge(challenge)
		c.Do(verifyKey(challenge, others.Sign(asked))).Want(http.StatusBadRequest, "invalid_code")
		c.Do(verifyKey(challenge, spoilt(func(k *testkit.Key) { k.Options.UserHandle = others.Options.UserHandle }).Sign(asked))).Want(http.StatusBadRequest, "invalid_code")
		c.Do(verifyKey(challenge, key.Sign(asked))).Want(http.StatusOK, "") // the state is good still
	})
	t.Run("a key that has an owner is not added once more, to anybody", func(t *testing.T) {
		for _, access := range []string{in.Access, otherIn.Access} {
			c.In(t).Do(addingKey(access, key.Create(c.AskForKey(access, passkey)))).Want(http.StatusConflict, "credential_taken")
		}
		key.Options.UserHandle = nil
		c.Do(testkit.ByPasskey(stick.Sign(c.AskForPasskey()))).Want(http.StatusUnauthorized, "invalid_credentials")
	})
	t.Run("a state expires", func(t *testing.T) {
		asked := c.AskForKey(in.Access, passkey)
		slow := addingKey(in.Access, s.NewKey().Create(asked))
		s.Move(5*time.Minute + time.Second)
		c.In(t).Do(slow).Want(http.StatusBadRequest, "invalid_token")
	})
}

func TestWhatIsNoCredentialIsRefused(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, account := s.Client(), s.NewAccount()
	key, in := s.EnrolKey(c.Login(account), passkey)
	signed := key.Sign(c.AskForPasskey())
	raw := string(signed["credential"].(json.RawMessage))
	challenge := c.Challenge(account)
	for what, credential := range map[string]any{
		"a text": "AAAA", "a number": 7, "a list": []any{}, "nothing": body{}, "wrong base64": json.RawMessage(strings.ReplaceAll(raw, `"rawId":"`, `"rawId":"%`)),
		"16 KB and a byte":       json.RawMessage(`{"x":"` + strings.Repeat("x", 16<<10-len(raw)-6) + `",` + raw[1:]),
		"cut authenticator data": json.RawMessage(strings.ReplaceAll(raw, `"authenticatorData":"`, `"authenticatorData":"AA","x":"`)),
	} {
		for _, r := range []testkit.Request{
			testkit.ByPasskey(extended(signed, body{"credential": credential})),
			verifyKey(challenge, extended(signed, body{"credential": credential})),
			stepUp(in.Access, extended(signed, body{"credential": credential})),
			addingKey(in.Access, body{"state": c.AskForKey(in.Access, passkey).State, "credential": credential}),
		} {
			t.Run(what+" at "+r.Path, func(t *testing.T) { c.In(t).Do(r).Want(http.StatusBadRequest, "validation_failed") })
		}
	}
	for what, b := range map[string]body{
		"two proofs": extended(signed, body{"code": "123456"}), "no state": {"credential": signed["credential"]}, "no credential": {"state": signed["state"]},
	} {
		for _, r := range []testkit.Request{stepUp(in.Access, b), verifyKey(challenge, b)} {
			t.Run(what+" at "+r.Path, func(t *testing.T) { c.In(t).Do(r).Want(http.StatusBadRequest, "invalid_request") })
		}
	}
	c.Do(post("/api/auth/factors/webauthn/options", in.Access, body{"kind": "totp"})).Want(http.StatusBadRequest, "invalid_request")
	c.Do(verifyKey(challenge, key.Sign(c.AskAtChallenge(challenge)))).Want(http.StatusOK, "") // no try was counted
}

// TestASignatureCountsOnce: of many uses of one signature one counts, at every door, also after all is started again (security.md WA-1).
func TestASignatureCountsOnce(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"HASH_WAIT": "20s", "PUBLIC_URL": "http://localhost:5000"}})
		at := []*testkit.Client{s.Client()}
		if b.Name == testkit.Production.Name {
			at = append(at, s.Replica(nil).Client())
		}
		c, account := at[0], s.NewAccount()
		key, in := s.EnrolKey(c.Login(account), passkey)
		challenge := c.Challenge(account)
		created := s.NewKey().Create(c.AskForKey(in.Access, passkey))
		for what, r := range map[string]testkit.Request{
			"a login": testkit.ByPasskey(key.Sign(c.AskForPasskey())), "a challenge": verifyKey(challenge, key.Sign(c.AskAtChallenge(challenge))),
			"a new key": addingKey(in.Access, created), "a session": stepUp(in.Access, key.Sign(c.AskToStepUp(in.Access))),
		} {
			t.Run(what, func(t *testing.T) {
				answers := atOnce(t, at, 50, func(int) testkit.Request { return r })
				won := slices.DeleteFunc(slices.Clone(answers), func(r testkit.Response) bool { return r.Status >= http.StatusMultipleChoices })
				if len(won) != 1 {
					t.Errorf("%d uses of one signature counted", len(won))
				}
				for _, answer := range answers {
					if answer.Status >= http.StatusInternalServerError && answer.Status != http.StatusServiceUnavailable {
						t.Errorf("%s", answer.Body)
					}
				}
				s.Restart()
				again := s.Client().Do(r)
				if again.Status < http.StatusBadRequest {
					t.Errorf("it counts again: %s", again.Body)
				}
				at[0] = s.Client()
			})
		}
	})
}
