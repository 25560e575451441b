package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

// TestTokensAtATerminal is an operator beside a server that runs on the same database and hears of everything within a second.
func TestTokensAtATerminal(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := testkit.Start(t, testkit.Options{})
	c, record, env := s.Client(), s.Record(), cheaply(s.Env)
	run := func(t *testing.T, args ...string) call { t.Helper(); return signet(t, env, "", args...) }
	object := func(t *testing.T, args ...string) (value map[string]any) {
		t.Helper()
		out := run(t, append(args, "--json")...).want(t, 0).Out
		if err := json.Unmarshal([]byte(out), &value); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return value
	}
	good := func(t *testing.T, text string) bool {
		t.Helper()
		return c.In(t).Do(validating(text)).Status == http.StatusOK
	}
	run(t, "services", "create", "Shop").want(t, 0)

	made := run(t, "tokens", "create", "shop", "  Deployment  of the shop").want(t, 0)
	text := strings.TrimSpace(made.Out)
	first := object(t, "tokens", "list", "shop")["tokens"].([]any)[0].(map[string]any)
	id := first["id"].(string)
	t.Run("the text of a new one is all of standard output, once", func(t *testing.T) {
		s.Eventually(promise, func() bool { return good(t, text) })
		if !strings.Contains(made.Err, id) || !strings.Contains(made.Err, "Deployment of the shop") || strings.Contains(made.Err, text) {
			t.Errorf("said beside: %s", made.Err)
		}
		for _, args := range []string{"tokens list shop", "tokens list shop --json", "tokens show " + id, "tokens show " + id + " --json"} {
			if said := run(t, strings.Fields(args)...).want(t, 0, text[:len("sgat_")+8]); strings.Contains(said.Out+said.Err, text[20:]) {
				t.Errorf("%s tells the secret", args)
			}
		}
		if first["scopes"] != nil || first["is_active"] != true || first["expires_at"] != nil || first["token"] != nil {
			t.Errorf("listed: %v", first)
		}
		if events := record.Events(domain.EventAppTokenCreated, id); len(events) != 1 || events[0].ActorKind != domain.ActorSystem {
			t.Errorf("events: %+v", events)
		}
	})

	t.Run("with scopes and an end, in JSON", func(t *testing.T) {
		narrow := object(t, "tokens", "create", "shop", "CI", "--scope", "shop/signet.token:read", "--scope", "shop/*:*", "--until", "30d")
		if len(narrow["scopes"].([]any)) != 2 || narrow["expires_at"] == nil || len(narrow["unheld"].([]any)) != 2 {
			t.Errorf("made: %v", narrow)
		}
		s.Eventually(promise, func() bool { return good(t, narrow["token"].(string)) })
		run(t, "tokens", "list", "shop", "--limit", "1").want(t, 0, "CI", "shop/*:*", "there are more: --cursor ")
		run(t, "tokens", "create", "shop", "one more", "--scope", "shop/*:read").want(t, 0)
	})

	t.Run("another secret takes over, and the one before lives on for the overlap", func(t *testing.T) {
		next := strings.TrimSpace(run(t, "tokens", "rotate", id, "--overlap", "1h").want(t, 0).Out)
		s.Eventually(promise, func() bool { return good(t, text) && good(t, next) })
		run(t, "tokens", "rotate", id).want(t, 1, "secret")
		run(t, "tokens", "show", id).want(t, 0, text[:len("sgat_")+8]+"… of ", ", until ")
		latest := object(t, "tokens", "rotate", id, "--supersede", "latest", "--until", "never")["token"].(string)
		s.Eventually(promise, func() bool { return !good(t, next) && good(t, latest) && good(t, text) })
		s.Move(time.Hour)
		if good(t, text) {
			t.Error("the overlap is over, and the secret lives")
		}
		text = latest
	})

	t.Run("revoked, it is over for good, also for an operator", func(t *testing.T) {
		run(t, "tokens", "revoke", id).want(t, 0, "Deployment of the shop", "is revoked")
		s.Eventually(promise, func() bool { return !good(t, text) })
		if again := object(t, "tokens", "revoke", id); again["is_active"] != false || again["revoked_at"] == nil {
			t.Errorf("again: %v", again)
		}
		run(t, "tokens", "rotate", id).want(t, 1, "token")
		if events := record.Events(domain.EventAppTokenRevoked, id); len(events) != 1 || events[0].ActorKind != domain.ActorSystem {
			t.Errorf("events: %+v", events)
		}
	})

	t.Run("what is wrong is said", func(t *testing.T) {
		for _, row := range []struct {
			args, word string
			code       int
		}{
			{"tokens list nowhere", "There is no such service", 1},
			{"tokens list shop --limit 0", "--limit must be", 1},
			{"tokens create nowhere x", "Service not found", 1},
			{"tokens create auth_service x", "platform", 1},
			{"tokens create shop x --until 2020-01-01", "must be", 1},
			{"tokens create shop x --until soon", "--until must be", 1},
			{"tokens create shop x --scope shop/order:read", "does not exist", 1},
			{"tokens create shop x --scope nonsense", "--scope must look like", 1},
			{"tokens show " + newID(), "There is no such token", 1},
			{"tokens revoke " + text, "There is no such token", 1},
			{"tokens rotate " + id + " --overlap 31d", "overlap must be", 1},
			{"tokens rotate " + id + " --overlap soon", "--overlap must be", 1},
			{"tokens rotate " + id + " --supersede both", "--supersede", 2},
		} {
			t.Run(row.args, func(t *testing.T) { run(t, strings.Fields(row.args)...).want(t, row.code, row.word) })
		}
	})
}
