package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// event is one of a stream.
type event struct {
	name, id string
	data     body
}

// stream is one that a service follows.
type stream struct {
	t      *testing.T
	events chan event
	last   string // id
	close  func()
}

// follow opens a stream of revocations of a server.
func follow(t *testing.T, s *testkit.Server, token, lastID string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/authz/revocations/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" ||
		answer.Header.Get("Cache-Control") != "no-store, no-transform" || answer.Header.Get("X-Accel-Buffering") != "no" {
		t.Fatalf("%d, %v", answer.StatusCode, answer.Header)
	}
	f := &stream{t: t, events: make(chan event, 1000), close: cancel}
	go func() {
		defer close(f.events)
		defer answer.Body.Close() //nolint:errcheck // a test
		var e event
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				if err := json.Unmarshal([]byte(value), &e.data); err != nil {
					t.Error(err)
				}
			case "":
				f.events <- e
				e = event{}
			}
		}
	}()
	return f
}

// until is the event that holds.
func (f *stream) until(what string, holds func(event) bool) event {
	f.t.Helper()
	var seen []event
	late := time.After(10 * time.Second)
	for {
		select {
		case e, open := <-f.events:
			if !open {
				f.t.Fatalf("it ended before %s, after %v", what, seen)
			}
			seen = append(seen, e)
			if e.id != "" {
				f.last = e.id
			}
			if holds(e) {
				return e
			}
		case <-late:
			f.t.Fatalf("%s did not come: %v", what, seen)
		}
	}
}

func (f *stream) named(name string) event {
	f.t.Helper()
	return f.until(name, func(e event) bool { return e.name == name })
}

func (f *stream) fact(kind, fact, member, subject string) event {
	f.t.Helper()
	return f.until(kind+" "+fact, func(e event) bool {
		return e.data["kind"] == kind && e.data["fact"] == fact && e.data[member] == subject
	})
}

// TestAServiceHearsWhatBecomesOfTokens is integration.md §1 for what clients can do, at one server, or at another replica than the one that
// the service follows.
func TestAServiceHearsWhatBecomesOfTokens(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		c := newClients(t, b)
		here := c.Server
		if b.Name == testkit.Production.Name {
			here = c.Replica(nil)
		}
		f := follow(t, here, c.billingToken.text, "")
		hello := f.named("hello")
		if diff := cmp.Diff(body{"v": 1.0, "token_ttl": 960.0, "heartbeat": 5.0, "service": "billing", "cs": hello.data["cs"]}, hello.data); diff != "" {
			t.Error(diff)
		}
		f.named("ready")
		ann := c.NewAccount()
		in := c.c.Login(ann)
		for _, step := range []struct {
			name, kind, fact, member, subject string
			do                                testkit.Request
		}{
			{"a logout", "session", "ended", "sid", in.Session, send(http.MethodPost, "/api/auth/logout", in.Access, nil)},
			{"a role", "subject", "stale", "sub", ann.ID, post(assignment(ann.ID, "billing", string(c.role(t, c.billing.ID, "reader", "invoice:read"))), c.admin, nil)},
			{"a disablement", "subject", "ended", "sub", ann.ID, post("/api/users/"+ann.ID+"/disable", c.admin, body{"reason": "left"})},
			{"an enablement", "subject", "stale", "sub", ann.ID, post("/api/users/"+ann.ID+"/enable", c.admin, nil)},
			{"a permission of its own", "audience", "stale", "aud", "billing", post("/api/roles/permissions", c.admin, body{"service_id": string(c.billing.ID), "name": "report:read"})},
			{"an application token of another service", "key", "ended", "key", c.token.id, del("/api/tokens/"+c.token.id, c.admin)},
			{"another service that is off", "subject", "ended", "sub", string(c.shop.ID), put("/api/roles/services/"+string(c.shop.ID), c.admin, body{"is_active": false})},
		} {
			if r := c.c.Do(step.do); r.Status >= 300 {
				t.Fatalf("%s: %d %s", step.name, r.Status, r.Body)
			}
			f.fact(step.kind, step.fact, step.member, step.subject)
		}

		t.Run("and continues after a cut, by both ways", func(t *testing.T) {
			cut := f.last
			f.close()
			again := c.c.Login(ann)
			c.c.Do(send(http.MethodPost, "/api/auth/logout", again.Access, nil)).Want(http.StatusOK, "")
			follow(t, here, c.billingToken.text, cut).fact("session", "ended", "sid", again.Session)
			poll := here.Client().Do(get("/api/authz/revocations?wait=10&cursor="+cut, c.billingToken.text)).Want(http.StatusOK, "").JSON()
			if !slices.ContainsFunc(poll["facts"].([]any), func(f any) bool { return f.(body)["sid"] == again.Session }) {
				t.Errorf("got %v", poll)
			}
			more := here.Client().Do(get("/api/authz/revocations?cursor="+poll["cursor"].(string), c.billingToken.text)).Want(http.StatusOK, "").JSON()
			if len(more["facts"].([]any)) > 0 || more["more"] != false || more["token_ttl"] != 960.0 || more["heartbeat"] != 5.0 {
				t.Errorf("got %v", more)
			}
		})
		t.Run("and a token that is made after a fact says so in cs", func(t *testing.T) {
			f := follow(t, here, c.billingToken.text, "")
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
		t.Run("and is told when its credential ends", func(t *testing.T) {
			f := follow(t, here, c.billingToken.text, "")
			f.named("ready")
			c.c.Do(del("/api/tokens/"+c.billingToken.id, c.admin)).Want(http.StatusOK, "")
			if bye := f.named("bye"); bye.data["reason"] != "token_invalid" {
				t.Errorf("got %v", bye)
			}
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
