package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
)

// TestAServiceHearsWhatBecomesOfTokens is the table of integration.md §1, at one server or at another replica than the one where it happens,
// for each way of following: an open stream, a long poll, both of them with a cursor from before, and a cursor that is too old.
func TestAServiceHearsWhatBecomesOfTokens(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		c := newClients(t, b)
		here := c.Server
		if b.Name == testkit.Production.Name {
			here = c.Replica(nil)
		}
		own := c.billingToken.text
		past := follow(t, here, own, "")
		hello := past.named("hello")
		if diff := cmp.Diff(body{"v": 1.0, "token_ttl": 960.0, "heartbeat": 5.0, "service": "billing", "cs": hello.data["cs"]}, hello.data); diff != "" {
			t.Error(diff)
		}
		past.named("ready")
		past.close()
		c.Move(27 * time.Minute) // longer than the state of an hour's tokens goes back
		here.CaughtUp()
		c.admin = c.login(t, c.holder(t, domain.RolePlatformAdmin))
		ann, bob, cyd, dee := c.NewAccount(), c.NewAccount(), c.NewAccount(), c.NewAccount()
		in, bobs, cyds, dees, elsewhere := c.c.Login(ann), c.c.Login(bob), c.c.Login(cyd), c.c.Login(dee), c.c.Login(dee)
		var app *testkit.Authenticator
		other := c.appToken(t, c.shop, nil)
		reader := string(c.role(t, c.billing.ID, "reader", "invoice:read"))
		kid, moved := activeKey(c.record), testkit.NewAddress()
		names := map[string]string{
			ann.ID: "ann", bob.ID: "bob", cyd.ID: "cyd", in.Session: "ann's", bobs.Session: "bob's", cyds.Session: "cyd's", dees.Session: "dee's", elsewhere.Session: "dee's other",
			string(c.shop.ID): "shop",
			c.token.id:        "token", other.id: "other", kid: "kid",
		}

		live := follow(t, here, own, "")
		live.named("ready")
		cut := live.last
		const last = "session stale the last"
		waited := make(chan []string, 1)
		go func() { waited <- polled(t, here, "wait=5", own, cut, last, names) }()

		role, permissions := "/api/roles/service/", func(of domain.Service) body { return body{"service_id": string(of.ID), "name": "report:read"} }
		services, tokens, users := "/api/roles/services/", "/api/tokens/", "/api/users/"
		unknown := func(kind domain.ChangeKind, subject string) func() {
			return func() {
				c.write(t, func(_ context.Context, tx *store.Tx) error {
					tx.Changed(kind, subject, domain.TokensUnknown)
					return nil
				})
			}
		}
		var want []string
		for _, step := range []struct {
			name string
			do   any // a request, or a function
			want []string
		}{
			{"a logout", send(http.MethodPost, "/api/auth/logout", in.Access, nil), []string{"session ended ann's"}},
			{"an end of somebody's sessions", post(users+bob.ID+"/end-sessions", c.admin, nil), []string{"session ended bob's"}},
			{"a first factor, by which the level rises", func() { app, dees = c.Enrol(dees) }, []string{"session ended dee's other"}},
			{"a factor that is removed, by which the level falls", func() {
				c.c.Do(del("/api/auth/factors/"+app.ID, dees.Access)).Want(http.StatusOK, "")
			}, []string{"session stale dee's"}},
			{"a role", post(assignment(ann.ID, "billing", reader), c.admin, nil), []string{"subject stale ann"}},
			{"its end", post(assignment(ann.ID, "billing", reader), c.admin, body{"expires_at": c.Clock.Now().Add(time.Hour)}), []string{"subject stale ann"}},
			{"a role that is taken", del(assignment(ann.ID, "billing", reader), c.admin), []string{"subject stale ann"}},
			{"another address", send(http.MethodPatch, users+ann.ID, c.admin, body{"email": moved}), []string{"subject stale ann"}},
			{"which is verified", post(users+ann.ID+"/verify", c.admin, nil), []string{"subject stale ann"}},
			{"a name", send(http.MethodPatch, users+ann.ID, c.admin, body{"first_name": "Anna"}), nil},
			{"an account", func() { c.NewAccount() }, nil},
			{"a disablement", post(users+ann.ID+"/disable", c.admin, body{"reason": "left"}), []string{"subject ended ann"}},
			{"an enablement", post(users+ann.ID+"/enable", c.admin, nil), []string{"subject stale ann"}},
			{"a closed account", closing(cyds.Access, body{"password": testkit.Password}), []string{"subject ended cyd", "session ended cyd's"}},
			{"a deleted user, who is closed first", del(users+bob.ID, c.admin), []string{"subject ended bob", "subject ended bob"}},

			{"a permission of its own", post("/api/roles/permissions", c.admin, permissions(c.billing)), []string{"audience stale billing"}},
			{"a permission of another service", post("/api/roles/permissions", c.admin, permissions(c.shop)), nil},
			{"a shared permission", post("/api/roles/permissions", c.admin, body{"name": "document:print"}), []string{"audience stale *"}},
			{"a role of its own", post(role+"billing", c.admin, body{"name": "auditor", "permissions": []string{}, "includes": []string{reader}}), []string{"audience stale billing"}},
			{"another pattern", put("/api/roles/"+reader, c.admin, body{"permissions": []string{"invoice:*"}}), []string{"audience stale billing"}},
			{"a role of the platform", post(role+"auth_service", c.admin, body{"name": "auditor", "permissions": []string{}, "includes": []string{}}), nil},
			{"a level from which a role counts", put("/api/roles/"+reader, c.admin, body{"min_acr": "aal2"}), []string{"audience stale billing"}},
			{"and any again", put("/api/roles/"+reader, c.admin, body{"min_acr": nil}), []string{"audience stale billing"}},
			{"a level from which its roles count", put(services+"billing", c.admin, body{"min_acr": "aal2"}), []string{"audience stale billing"}},
			{"and all of them again", put(services+"billing", c.admin, body{"min_acr": nil}), []string{"audience stale billing"}},
			{"another type of tokens", put(services+"billing", c.admin, body{"token_typ": "JWT"}), []string{"audience stale billing"}},
			{"another name", put(services+"billing", c.admin, body{"name": "Bills"}), nil},

			{"an application token's scopes", send(http.MethodPatch, tokens+other.id, c.admin, body{"scopes": []string{"billing/invoice:read"}}), []string{"key stale other"}},
			{"its rotation", post(tokens+other.id+"/rotate", c.admin, body{"overlap": 60}), nil},
			{"its end", post(tokens+other.id+"/revoke", c.admin, nil), []string{"key ended other"}},
			{"a deleted one", del(tokens+c.token.id, c.admin), []string{"key ended token"}},
			{"another service that is off", put(services+"shop", c.admin, body{"is_active": false}), []string{"subject ended shop"}},
			{"on again", put(services+"shop", c.admin, body{"is_active": true}), []string{"subject stale shop"}},
			{"a deleted service", del(services+"shop", c.admin), []string{"subject ended shop"}},
			{"a revoked signing key", func() { signet(t, cheaply(c.Env), "", "keys", "revoke", kid).want(t, 0) }, []string{"signing_key ended kid"}},

			{"a session, by a release that knows no facts", unknown(domain.ChangeSession, "x"), []string{"session stale x"}},
			{"a user, by it", unknown(domain.ChangePrincipal, "x"), []string{"subject stale x"}},
			{"the service, by it", unknown(domain.ChangeService, string(c.billing.ID)), []string{"audience stale billing"}},
			{"another one, by it", unknown(domain.ChangeService, "x"), nil},
			{"the platform, by it", unknown(domain.ChangeService, string(domain.PlatformID)), []string{"audience stale *"}},
			{"an application token, by it", unknown(domain.ChangeAppToken, "x"), []string{"key stale x"}},
			{"a signing key, by it", unknown(domain.ChangeSigningKey, "x"), []string{"signing_key stale x"}},
			{"two facts of one subject in a commit", func() {
				c.write(t, func(_ context.Context, tx *store.Tx) error {
					tx.Changed(domain.ChangePrincipal, "y", domain.TokensEnded)
					tx.Changed(domain.ChangePrincipal, "y", domain.TokensStale)
					return nil
				})
			}, []string{"subject ended y"}},
			{"the end of the table", unknown(domain.ChangeSession, "the last"), []string{last}},
		} {
			switch do := step.do.(type) {
			case testkit.Request:
				if r := c.c.Do(do); r.Status >= 300 {
					t.Fatalf("%s: %d %s", step.name, r.Status, r.Body)
				}
			case func():
				do()
			}
			want = append(want, step.want...)
		}
		ann.Email = moved
		hears := func(way string, heard []string) {
			t.Helper()
			if first := slices.Index(heard, want[0]); first > 0 {
				heard = heard[first:] // what the preparations were
			}
			if diff := cmp.Diff(want, heard); diff != "" {
				t.Errorf("%s (-table +heard)\n%s", way, diff)
			}
		}
		hears("an open stream", live.facts(last, names))
		hears("a long poll", <-waited)
		hears("a stream that continues", follow(t, here, own, cut).facts(last, names))
		hears("a poll that continues", polled(t, here, "limit=7", own, cut, last, names))
		hears("a stream from long ago", follow(t, here, own, past.last).facts(last, names))
		hears("a poll from long ago", polled(t, here, "wait=0", own, past.last, last, names))

		c.admin = c.login(t, c.holder(t, domain.RolePlatformAdmin)) // by the next signing key
		t.Run("and a token that is made after a fact says so in cs", func(t *testing.T) {
			f := follow(t, here, own, "")
			f.named("ready")
			c.c.Do(post("/api/users/"+ann.ID+"/disable", c.admin, body{"reason": "left"})).Want(http.StatusOK, "")
			c.c.Do(post("/api/users/"+ann.ID+"/enable", c.admin, nil)).Want(http.StatusOK, "")
			enabled := f.fact("subject", "stale", "sub", ann.ID)
			c.heard(t)
			_, claims := testkit.ReadToken(t, c.c.Login(ann).Access)
			if claims["cs"].(float64) < enabled.data["cs"].(float64) {
				t.Errorf("cs %v of the token, %v of the fact", claims["cs"], enabled.data["cs"])
			}
		})
		t.Run("and is told when its credential ends, or the service itself", func(t *testing.T) {
			second := c.appToken(t, c.billing, nil)
			f, g := follow(t, here, own, ""), follow(t, here, second.text, "")
			f.named("ready")
			g.named("ready")
			c.c.Do(del("/api/tokens/"+c.billingToken.id, c.admin)).Want(http.StatusOK, "")
			if bye := f.named("bye"); bye.data["reason"] != "token_invalid" {
				t.Errorf("got %v", bye)
			}
			c.c.Do(put(services+"billing", c.admin, body{"is_active": false})).Want(http.StatusOK, "")
			g.fact("audience", "ended", "aud", "billing")
			if bye := g.named("bye"); bye.data["reason"] != "token_invalid" {
				t.Errorf("got %v", bye)
			}
			c.c.Do(put(services+"billing", c.admin, body{"is_active": true})).Want(http.StatusOK, "")
			here.Eventually(5*time.Second, func() bool {
				return here.Client().Do(get("/api/authz/revocations", second.text)).Status == http.StatusOK
			})
			follow(t, here, second.text, g.last).fact("audience", "stale", "aud", "billing")
		})
	})
}

func TestAStoppingServerSendsItsFollowersElsewhere(t *testing.T) {
	t.Parallel()
	c := newClients(t, testkit.Embedded)
	f := follow(t, c.Server, c.billingToken.text, "")
	f.named("ready")
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		c.Stop()
	}()
	if bye := f.named("bye"); bye.data["reason"] != "shutdown" {
		t.Errorf("got %v", bye)
	}
	<-stopped
}

func TestTheStreamIsForServicesAlone(t *testing.T) {
	t.Parallel()
	c := newClients(t, testkit.Embedded)
	const path = "/api/authz/revocations"
	f := follow(t, c.Server, c.billingToken.text, "")
	f.named("ready")
	other := follow(t, c.Server, c.token.text, "")
	other.named("ready")
	for name, test := range map[string]struct {
		path, token string
		status      int
		code        string
	}{
		"a cursor of another service":      {path + "/stream?cursor=" + other.last, c.billingToken.text, http.StatusBadRequest, "invalid_cursor"},
		"an invented cursor":               {path + "?cursor=sgcu_1", c.billingToken.text, http.StatusBadRequest, "invalid_cursor"},
		"a cursor that is too long":        {path + "?cursor=sgcu_" + strings.Repeat("1", 92), c.billingToken.text, http.StatusBadRequest, "invalid_request"},
		"a wait that is too long":          {path + "?wait=26", c.billingToken.text, http.StatusBadRequest, "invalid_request"},
		"a limit of nothing":               {path + "?limit=1001", c.billingToken.text, http.StatusBadRequest, "invalid_request"},
		"a token in the query":             {path + "/stream?access_token=" + c.billingToken.text, "", http.StatusUnauthorized, "token_missing"},
		"an access token for a service":    {path + "/stream", c.access(t, "service=billing"), http.StatusForbidden, "wrong_audience"},
		"an access token for the platform": {path + "/stream", c.access(t), http.StatusOK, ""},
	} {
		if r := c.c.Do(get(test.path, test.token)); r.Status != test.status || test.code != "" && r.JSON()["code"] != test.code {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
	resumed := c.c.Do(testkit.Request{Path: path + "/stream", Bearer: c.billingToken.text, Header: http.Header{"Last-Event-Id": {strings.Repeat("x", 10_000)}}})
	resumed.Want(http.StatusBadRequest, "invalid_cursor")
	head := c.c.Do(testkit.Request{Method: http.MethodHead, Path: path + "/stream", Bearer: c.billingToken.text, OffContract: true})
	if head.Status != http.StatusMethodNotAllowed {
		t.Errorf("HEAD: %d", head.Status)
	}
	browser := c.c.Do(testkit.Request{Path: path, Bearer: c.billingToken.text, Header: http.Header{"Origin": {"http://localhost:3000"}}})
	if allowed := browser.Header.Get("Access-Control-Allow-Origin"); allowed != "" {
		t.Errorf("pages of %q may read it", allowed)
	}
	if strings.Contains(c.Log.String(), c.billingToken.text) {
		t.Error("the log has the token")
	}
}

// TestAnAnswerIsNotOlderThanItsQuestion (Signet-After): a service hears of a change from one replica and asks another, which has not read
// the feed since.
func TestAnAnswerIsNotOlderThanItsQuestion(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		c := newClients(t, b)
		asked := c.Server
		if b.Name == testkit.Production.Name {
			asked = c.Replica(nil)
		}
		f := follow(t, c.Server, c.billingToken.text, "")
		f.named("ready")
		ann := c.NewAccount()
		reader := c.role(t, c.billing.ID, "reader", "invoice:read")
		until := c.Clock.Now().Add(time.Hour).UTC().Truncate(time.Second)
		for i := range 4 {
			c.c.Do(post(assignment(ann.ID, "billing", string(reader)), c.admin, body{"expires_at": until.Format(time.RFC3339)})).Want(http.StatusCreated, "")
			given := f.fact("subject", "stale", "sub", ann.ID)
			ask := post("/api/authz/check", c.billingToken.text, body{"checks": []body{{"user_id": ann.ID, "service": "billing", "permission": "invoice:read"}}})
			ask.Header = http.Header{"Signet-After": {fmt.Sprintf("%.0f", given.data["cs"])}}
			answer := asked.Client().Do(ask).Want(http.StatusOK, "").JSON()
			want := body{"success": true, "results": []any{body{"allowed": true}}, "cs": answer["cs"], "valid_until": until.Format(time.RFC3339)}
			if diff := cmp.Diff(want, answer); diff != "" || answer["cs"].(float64) < given.data["cs"].(float64) {
				t.Fatalf("%d: %v, the fact is %v\n%s", i, answer["cs"], given.data["cs"], diff)
			}
			c.c.Do(del(assignment(ann.ID, "billing", string(reader)), c.admin)).Want(http.StatusOK, "")
			f.fact("subject", "stale", "sub", ann.ID)
		}
		for _, wrong := range []string{"x", "-1", "9007199254740993", "1,2"} {
			ask := get("/api/auth/validate-jwt", c.admin)
			ask.Header = http.Header{"Signet-After": {wrong}}
			c.c.Do(ask).Want(http.StatusBadRequest, "invalid_request")
		}
		introspected := form("introspect", "shop", c.token.text, "token="+c.access(t, "service=shop"))
		introspected.Header.Set("Signet-After", "1")
		if answer := asked.Client().Do(introspected).Want(http.StatusOK, "").JSON(); answer["active"] != true || answer["cs"].(float64) < 1 {
			t.Errorf("got %v", answer)
		}
	})
}

// followed runs what docs/revocation-stream.md prints.
func followed(t *testing.T, all []block) {
	t.Helper()
	requireProgram(t, "curl")
	p := newProtected(t)
	shell := func(ctx context.Context, command string) *exec.Cmd {
		sh := exec.CommandContext(ctx, "sh", "-c", "exec "+strings.ReplaceAll(command, "https://auth.example.com", p.URL))
		sh.Env = append(os.Environ(), "TOKEN="+p.may.token, "APP_TOKEN="+p.own)
		return sh
	}
	answers := map[string]string{}
	for _, command := range commands(all) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		sh := shell(ctx, command)
		if strings.Contains(command, "/stream") {
			out, err := sh.StdoutPipe()
			if err == nil {
				err = sh.Start()
			}
			if err != nil {
				t.Fatal(err)
			}
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if answers["stream"] += lines.Text() + "\n"; lines.Text() == "event: ready" {
					cancel()
				}
			}
			_ = sh.Wait() // it was ended
			continue
		}
		out, err := sh.Output()
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		switch {
		case strings.Contains(command, "introspect"):
			answers["introspect"] = string(out)
		default:
			answers["poll"] = string(out)
		}
	}
	for of, members := range map[string][]string{
		"stream":     {"event: hello\ndata: {\"v\":1,\"token_ttl\":960,\"heartbeat\":5,\"service\":\"billing\"", "event: ready"},
		"poll":       {`"cursor":"sgcu_`, `"token_ttl":960,"heartbeat":5,"more":false`},
		"introspect": {`"active":true`, `"cs":`, `"permissions":["invoice:read"]`},
	} {
		for _, member := range members {
			if !strings.Contains(answers[of], member) {
				t.Errorf("%s has no %s: %s", of, member, answers[of])
			}
		}
	}
}
