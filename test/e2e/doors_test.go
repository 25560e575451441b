package e2e_test

import (
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/idp/idp"
	"github.com/signet-auth/signet/test/testkit"
)

// TestDoors knocks at every route that gives a refresh token, for accounts with a second factor and without (casdoor CVE-2026-9091, Zitadel
// CVE-2025-64103, Logto CVE-2026-15616, Mattermost CVE-2025-25068 had one that asked for no factor).
func TestDoors(t *testing.T) {
	t.Parallel()
	accounts, rows := readDoors(t, "../../docs/doors.txt")
	f := startFederated(t, testkit.Embedded, map[string]string{"LOCKOUT_FAILURES": "4"}, "google", "facebook")
	required := startFederated(t, testkit.Embedded, map[string]string{"MFA": "required"}, "google", "facebook")
	var known []string
	for door := range rows {
		route, _, _ := strings.Cut(door, "#")
		known = append(known, route)
	}
	slices.Sort(known)
	if diff := cmp.Diff(slices.Compact(known), routesThatGive(t, f.api, "refresh_token")); diff != "" {
		t.Errorf("doors (-docs/doors.txt +openapi.json):\n%s", diff)
	}
	for door, outcomes := range rows {
		for i, account := range accounts {
			t.Run(door+" "+account, func(t *testing.T) {
				f := f
				if account == "required" {
					f = required
				}
				k := newKnocker(t, f, account)
				knock := k.at(door)
				k.become(account)
				if got := k.outcome(knock()); got != outcomes[i] {
					t.Errorf("%s, want %s", got, outcomes[i])
				}
				if outcomes[i] != "mfa_required" || door == "POST /api/auth/login" {
					return
				}
				if again := k.outcome(knock()); !strings.HasPrefix(again, "invalid_") { // the challenge has used up what was proved
					t.Errorf("again: %s", again)
				}
			})
		}
	}
}

func readDoors(t *testing.T, path string) (accounts []string, rows map[string][]string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rows = map[string][]string{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || fields[0] == "#":
		case fields[0] == "accounts":
			accounts = fields[1:]
		case fields[0] == "door" && len(fields) == 3+len(accounts):
			rows[fields[1]+" "+fields[2]] = fields[3:]
		default:
			t.Fatalf("%s: %q is no line of the table", path, line)
		}
	}
	return accounts, rows
}

// routesThatGive are the routes of the document whose success has a member.
func routesThatGive(t *testing.T, c *testkit.Client, member string) (routes []string) {
	t.Helper()
	document := c.Do(get("/openapi.json", "")).Want(http.StatusOK, "").JSON()
	schemas := document["components"].(body)["schemas"].(body)
	var has func(part any, within []string) bool
	has = func(part any, within []string) bool {
		switch part := part.(type) {
		case body:
			if ref, ok := part["$ref"].(string); ok {
				name := ref[strings.LastIndexByte(ref, '/')+1:]
				return !slices.Contains(within, name) && has(schemas[name], append(within, name))
			}
			if properties, ok := part["properties"].(body); ok && properties[member] != nil {
				return true
			}
			for _, inner := range part {
				if has(inner, within) {
					return true
				}
			}
		case []any:
			return slices.ContainsFunc(part, func(inner any) bool { return has(inner, within) })
		}
		return false
	}
	for path, operations := range document["paths"].(body) {
		for method, operation := range operations.(body) {
			for status, response := range operation.(body)["responses"].(body) {
				if status[0] == '2' && has(response, nil) {
					routes = append(routes, strings.ToUpper(method)+" "+path)
				}
			}
		}
	}
	slices.Sort(routes)
	return slices.Compact(routes)
}

// knocker is somebody with an account, a session of it, and a second factor unless app is nil.
type knocker struct {
	*testing.T

	f       *federated
	c       *testkit.Client
	account testkit.Account
	in      testkit.Tokens
	strong  testkit.Tokens // of the session that proved the factor; in, unless that began on a remembered device
	app     *testkit.Authenticator
	key     *testkit.Key // that a door is for
	spent   string       // a challenge to make wrong guesses at
	device  string       // the token of a remembered device
}

func newKnocker(t *testing.T, f *federated, account string) *knocker {
	t.Helper()
	// Its mailbox is Google's, so that a login there is one to this account.
	k := &knocker{T: t, f: f, c: f.api.In(t), account: f.Register(strings.Replace(testkit.NewAddress(), "@example.com", "@gmail.com", 1))}
	k.in = k.c.Login(k.account)
	if slices.Contains([]string{"factor", "remembered", "locked", "disabled"}, account) {
		k.app, k.in = f.Enrol(k.in)
		k.spent = k.c.Challenge(k.account)
	}
	k.strong = k.in
	if account == "remembered" {
		k.device = remember(k.c, k.account, k.app)
		k.in = testkit.TokensOf(k.c.Do(login(with(credentials(k.account), k.known()))).Want(http.StatusOK, ""))
	}
	return k
}

// known are the members of a body by which the device is known.
func (k *knocker) known() body {
	if k.device == "" {
		return nil
	}
	return body{"device_token": k.device}
}

// at goes to a door, up to the last step, which it returns.
func (k *knocker) at(door string) (knock func() testkit.Response) {
	k.Helper()
	send := func(r testkit.Request) func() testkit.Response { return func() testkit.Response { return k.c.Do(r) } }
	route, proof, _ := strings.Cut(door, "#")
	switch route {
	case "POST /api/auth/login":
		return send(login(with(credentials(k.account), k.known())))
	case "POST /api/oauth/exchange":
		k.f.idp.Google.Login(idp.Person{Email: k.account.Email, Verified: true})
		app := newApplication()
		exchange := app.exchange(sentHome(k, k.f.visitor(k).logIn("google", app.query())).Get("code"))
		return send(bearing(exchange, with(exchange.Body.(body), k.known())))
	case "GET /api/oauth/{provider}/callback":
		k.f.idp.Google.Login(idp.Person{Email: k.account.Email, Verified: true})
		v := k.f.visitor(k)
		answer := idp.Visit(v, v.begin("google", url.Values{}))
		if k.device != "" {
			v.cookies["signet_dv"] = k.device
		}
		return func() testkit.Response { return v.come(answer) }
	case "POST /api/oauth/complete":
		return k.takeOver()
	case "POST /api/auth/mfa/verify":
		has := k.app != nil
		b, challenge := k.proof(proof), "sgch_"+strings.Repeat("0", 43)
		if has {
			challenge = k.c.Challenge(k.account)
		}
		if proof == "credential" && has {
			b = k.key.Sign(k.c.AskAtChallenge(challenge))
		}
		b["challenge"] = challenge
		return send(post("/api/auth/mfa/verify", "", b))
	case "POST /api/auth/passkey/login":
		k.addKey()
		return send(testkit.ByPasskey(k.key.Sign(k.c.AskForPasskey())))
	case "POST /api/auth/factors/webauthn":
		if k.device != "" {
			return send(post("/api/auth/factors/webauthn/options", k.in.Access, body{"kind": passkey}))
		}
		return send(addingKey(k.in.Access, k.f.NewKey().Create(k.c.AskForKey(k.in.Access, passkey))))
	case "DELETE /api/auth/password":
		k.addKey()
		return send(removingPassword(k.in.Access))
	case "POST /api/auth/refresh":
		return send(refresh(body{"refresh_token": k.in.Refresh}))
	case "POST /api/auth/change-password":
		return send(changing(k.in.Access, k.account.Password, "another long passphrase 8"))
	case "POST /api/auth/step-up":
		b := k.proof(proof)
		if proof == "credential" {
			b = k.key.Sign(k.c.AskToStepUp(k.in.Access))
		}
		return send(stepUp(k.in.Access, b))
	case "POST /api/auth/factors/totp/{id}/confirm":
		if k.device != "" {
			return send(post("/api/auth/factors/totp", k.in.Access, body{}))
		}
		return send(k.f.BeginEnrolment(k.in.Access).Confirm(k.in.Access))
	case "DELETE /api/auth/factors/{id}":
		id := newID()
		if k.app != nil {
			id = k.app.ID
		}
		return send(del("/api/auth/factors/"+id, k.in.Access))
	}
	k.Fatalf("nobody knows how to knock at %s", door)
	return nil
}

// takeOver is the login of an identity that comes without an address, and proves the account's by a mailed code, as nobody did before.
func (k *knocker) takeOver() func() testkit.Response {
	k.Helper()
	k.f.Record().Exec("UPDATE users SET email_verified_at = NULL WHERE id = ?", k.account.ID)
	continuation := k.f.outcome(k, "facebook", idp.Person{Subject: newID(), GivenName: "Ada"}).Get("continuation")
	mails := len(k.f.Mails(k.account.Email))
	k.c.Do(completing(continuation, "", body{"email": k.account.Email})).Want(http.StatusAccepted, "")
	mail := k.f.Mail(k.account.Email, mails+1)
	return func() testkit.Response {
		return k.c.Do(completing(continuation, "", with(body{"code": mail.Code}, k.known())))
	}
}

// proof is a right one, or one of the right form where there is none.
func (k *knocker) proof(kind string) body {
	k.Helper()
	switch {
	case kind == "credential":
		k.addKey()
		return k.key.Sign(k.c.AskForPasskey()) // of the right form
	case kind == "password":
		return body{"password": k.account.Password}
	case kind == "recovery_code" && k.app == nil:
		return body{"recovery_code": strings.Repeat("AAAA-", 5) + "AAAA"}
	case kind == "recovery_code":
		return body{"recovery_code": k.app.Codes[0]}
	case k.app == nil:
		return body{"code": "123456"}
	}
	return body{"code": k.app.Code()}
}

// addKey gives the account a passkey, in its session.
func (k *knocker) addKey() {
	k.Helper()
	k.key, k.strong = k.f.EnrolKey(k.strong, passkey)
	if k.device == "" {
		k.in = k.strong
	}
}

// become brings the account into the state of a column.
func (k *knocker) become(account string) {
	k.Helper()
	switch account {
	case "locked":
		for range 4 {
			k.c.Verify(k.spent, "000000").Want(http.StatusBadRequest, "invalid_code")
		}
		fail(k.T, k.c, k.account.Email, 4)
	case "enrolled":
		record := k.f.Record()
		unproved := record.Exec("UPDATE users SET email_verified_at = created_at WHERE id = ? AND email_verified_at IS NULL", k.account.ID) > 0
		k.app, _ = k.f.Enrol(k.in)
		if unproved {
			record.Exec("UPDATE users SET email_verified_at = NULL WHERE id = ?", k.account.ID)
		}
	case "disabled":
		record := k.f.Record()
		record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", k.account.ID)
		record.Changed(domain.ChangePrincipal, k.account.ID)
		k.f.Eventually(5*time.Second, func() bool { return k.c.Me(k.in.Access).Status == http.StatusUnauthorized })
	}
}

// outcome is the level of a session, or the code of a refusal.
func (k *knocker) outcome(r testkit.Response) string {
	k.Helper()
	if r.Status >= http.StatusBadRequest {
		_, code, _ := strings.Cut(r.Outcome(), " ")
		return code
	}
	acr, _, _ := provedBy(k.T, r.Text("access_token"))
	if r.Text("refresh_token") == "" {
		k.Errorf("no refresh token: %s", r.Body)
	}
	k.c.Me(r.Text("access_token")).Want(http.StatusOK, "")
	if r.JSON()["enrolment_required"] == true {
		acr += "!"
	}
	return acr
}

// TestNoWayAroundAFactor tries what got around second factors elsewhere.
func TestNoWayAroundAFactor(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, account, other := s.Client(), s.NewAccount(), s.NewAccount()
	app, in := s.Enrol(c.Login(account))
	others, stranger := s.Enrol(c.Login(other))
	verify := func(b any) testkit.Request { return post("/api/auth/mfa/verify", "", b) }

	t.Run("an empty POST (casdoor CVE-2026-9091)", func(t *testing.T) {
		challenge := c.Challenge(account)
		for _, b := range []any{nil, body{}, body{"challenge": challenge}, body{"challenge": challenge, "code": ""}, body{"challenge": challenge, "recovery_code": ""}} {
			if got := c.In(t).Do(verify(b)); got.Status != http.StatusBadRequest && got.Status != http.StatusUnsupportedMediaType {
				t.Errorf("%v: %s", b, got.Body)
			}
		}
	})
	t.Run("a proof of somebody else at one's challenge", func(t *testing.T) {
		c, challenge := c.In(t), c.Challenge(account)
		c.Verify(challenge, others.Code()).Want(http.StatusBadRequest, "invalid_code")
		c.Do(verify(body{"challenge": challenge, "recovery_code": others.Codes[0]})).Want(http.StatusBadRequest, "invalid_code")
		c.Do(verify(body{"challenge": c.Challenge(other), "recovery_code": others.Codes[0]})).Want(http.StatusOK, "") // unused
	})
	t.Run("a challenge as any other credential (Keycloak CVE-2026-94218)", func(t *testing.T) {
		c, challenge := c.In(t), c.Challenge(account)
		c.Do(stepUp(challenge, body{"code": app.Code()})).Want(http.StatusUnauthorized, "token_invalid")
		c.Refresh(challenge).Want(http.StatusUnauthorized, "token_invalid")
		c.Do(proving(challenge)).Want(http.StatusBadRequest, "invalid_token")
		c.Do(resetting(challenge, "another long passphrase 8")).Want(http.StatusBadRequest, "invalid_token")
		c.Verify(challenge, app.Code()).Want(http.StatusOK, "")
	})
	t.Run("another's factor, or another session's", func(t *testing.T) {
		c := c.In(t)
		for _, r := range []testkit.Request{
			send(http.MethodPatch, "/api/auth/factors/"+others.ID, in.Access, body{"name": "Mine"}), del("/api/auth/factors/"+others.ID, in.Access),
			post("/api/auth/factors/"+others.ID+"/resume", in.Access, nil),
			s.BeginEnrolment(stranger.Access).Confirm(in.Access),
		} {
			c.Do(r).Want(http.StatusNotFound, "not_found")
		}
		second := testkit.TokensOf(c.Verify(c.Challenge(account), app.Code()).Want(http.StatusOK, ""))
		c.Do(s.BeginEnrolment(in.Access).Confirm(second.Access)).Want(http.StatusNotFound, "not_found")
		slow := s.BeginEnrolment(in.Access)
		s.Move(domain.EnrolTTL)
		c.Do(slow.Confirm(in.Access)).Want(http.StatusNotFound, "not_found")
	})
	t.Run("a reset of the password (supabase/auth#2091)", func(t *testing.T) {
		account := other
		token := resetLink(s, account.Email)
		c.In(t).Do(resetting(token, "another long passphrase 8")).Want(http.StatusOK, "")
		account.Password = "another long passphrase 8"
		c.In(t).Challenge(account)
	})
}
