package e2e_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

const month = 30 * 24 * time.Hour

// signedBy is the kid of a token.
func signedBy(t *testing.T, token string) string {
	t.Helper()
	header, _ := testkit.ReadToken(t, token)
	kid, _ := header["kid"].(string)
	return kid
}

// activeKey is the kid of the key that signs.
func activeKey(record *testkit.Record) string {
	return record.Text("SELECT kid FROM signing_keys WHERE state = 'active'")
}

func TestKeysRotateByThemselves(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"CLEANUP_EVERY": "50ms"}})
	c, record, account := s.Client(), s.Record(), s.NewAccount()
	first, known := activeKey(record), published(c)
	s.Move(month - time.Minute)
	in := c.Login(account)
	if kid := signedBy(t, in.Access); kid != first {
		t.Errorf("%s signs before its time", kid)
	}
	s.Move(2 * time.Minute)
	s.Eventually(10*time.Second, func() bool { return activeKey(record) != first })

	t.Run("JW-7 to a key that verifiers know, and the old one verifies on", func(t *testing.T) {
		next := c.Login(account)
		if kid := signedBy(t, next.Access); kid == first || !slices.Contains(known, kid) {
			t.Errorf("%s signs; published were %v", kid, known)
		}
		for _, token := range []string{in.Access, next.Access} {
			c.Me(token).Want(http.StatusOK, "")
		}
		s.Eventually(5*time.Second, func() bool { return len(published(c)) == 3 })
		if age := s.Metric("signet_signing_key_age_seconds"); age > 3600 {
			t.Errorf("the active key's age is %v", age)
		}
		if n := s.Metric("signet_signing_keys_published"); n != 3 {
			t.Errorf("%v keys are published", n)
		}
	})
	t.Run("and the old one goes with its last token", func(t *testing.T) {
		s.Move(30 * time.Minute)
		s.Eventually(10*time.Second, func() bool { return !slices.Contains(published(c), first) })
		s.Eventually(10*time.Second, func() bool { return record.Count("SELECT count(*) FROM signing_keys WHERE kid = ?", first) == 0 })
		c.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid")
		c.Refresh(in.Refresh).Want(http.StatusOK, "")
	})
}

func TestTwoReplicasRotateOnce(t *testing.T) {
	t.Parallel()
	a := testkit.Start(t, testkit.Options{Backends: testkit.Production, Env: map[string]string{"CLEANUP_EVERY": "20ms"}})
	b := a.Replica(nil)
	record, account := a.Record(), a.NewAccount()
	for i := range 3 {
		before := activeKey(record)
		a.Move(month)
		b.CaughtUp()
		a.Eventually(10*time.Second, func() bool { return activeKey(record) != before })
		for _, s := range []*testkit.Server{a, b} {
			s.Eventually(promise, func() bool {
				in, err := s.Client().Try(login(credentials(account)))
				return err == nil && in.Status == http.StatusOK && signedBy(t, in.Text("access_token")) == activeKey(record)
			})
		}
		events := record.Count("SELECT count(*) FROM audit_events WHERE type = 'key.activated'")
		if events != i+2 {
			t.Errorf("%d activations after %d rotations", events, i+1)
		}
	}
	for _, s := range []*testkit.Server{a, b} {
		if n := s.Metric(`signet_janitor_failures_total{kind="keys"}`); n != 0 {
			t.Errorf("%v failures", n)
		}
	}
}

// TestKeysCommand is an operator at a terminal, beside a server on the same database.
func TestKeysCommand(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"SECRET_KEY": testkit.SecretKey}})
	c, record, env := s.Client(), s.Record(), cheaply(s.Env)
	account, other := s.NewAccount(), s.NewAccount() // the other logs in often, which ends its oldest sessions
	keys := func(t *testing.T, args ...string) call {
		return signet(t, env, "", append([]string{"keys"}, args...)...)
	}

	t.Run("list shows what is published, and nothing private", func(t *testing.T) {
		keys(t, "list").want(t, 0, append(published(c), "active", "signs since", "next", "may sign from")...)
		var list struct{ Keys []map[string]any }
		if err := json.Unmarshal([]byte(keys(t, "list", "--json").want(t, 0).Out), &list); err != nil || len(list.Keys) != 2 {
			t.Fatalf("%d keys, %v", len(list.Keys), err)
		}
		for _, key := range list.Keys {
			if key["kid"] == nil || key["alg"] != "ES256" || key["private"] != nil || key["sealed_under"] != "current" {
				t.Errorf("%v", key)
			}
		}
	})
	t.Run("list shows what a former SECRET_KEY still seals", func(t *testing.T) {
		knowing := cheaply(env, map[string]string{"SECRET_KEY": newSecretKey, "SECRET_KEY_PREVIOUS": testkit.SecretKey})
		signet(t, knowing, "", "keys", "list").want(t, 0, "sealed under a previous SECRET_KEY")
		signet(t, cheaply(env, map[string]string{"SECRET_KEY": newSecretKey}), "", "keys", "list").want(t, 0, "can't be opened with this SECRET_KEY")
		if said := keys(t, "list").want(t, 0); strings.Contains(said.Out, "SECRET_KEY") {
			t.Errorf("it is sealed as it should be: %s", said.Out)
		}
	})
	t.Run("rotate refuses a key that verifiers may not have, unless it is to be now", func(t *testing.T) {
		in, first := c.Login(account), activeKey(record)
		keys(t, "rotate").want(t, 1, "less than 24 hours")
		if activeKey(record) != first {
			t.Fatal("it rotated")
		}
		record.Exec("UPDATE signing_keys SET created_at = ? WHERE state = 'next'", time.Now().UTC().Add(-25*time.Hour))
		next := record.Text("SELECT kid FROM signing_keys WHERE state = 'next'")
		keys(t, "rotate").want(t, 0, next, "signs now")
		s.Eventually(promise, func() bool { return signedBy(t, c.Login(other).Access) == next })
		keys(t, "rotate").want(t, 1, "less than 24 hours")
		keys(t, "rotate", "--now").want(t, 0, "signs now")
		signet(t, cheaply(env, map[string]string{"JWT_ALG": "RS256"}), "", "keys", "rotate", "--now").
			want(t, 0, "signs now", "a key of ES256", "JWT_ALG is RS256 here")
		c.Me(in.Access).Want(http.StatusOK, "")
		keys(t, "list").want(t, 0, "retired", "verifies until")
	})
	t.Run("revoke ends a key's tokens within a second, and nobody is logged out", func(t *testing.T) {
		stolen, in := activeKey(record), testkit.Tokens{}
		s.Eventually(promise, func() bool { // the server hears of the rotation before
			in = c.Login(account)
			return signedBy(t, in.Access) == stolen
		})
		c.Me(in.Access).Want(http.StatusOK, "") // remembered
		keys(t, "revoke", stolen).want(t, 0, stolen, "is revoked", "signs now")
		wantRefused(t, s, "revoke", in.Access)
		if slices.Contains(published(c), stolen) {
			t.Error("it is published")
		}
		c.Me(c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token")).Want(http.StatusOK, "")
		events := record.Events(domain.EventKeyRevoked, stolen)
		if len(events) != 1 || events[0].ActorKind != domain.ActorSystem {
			t.Errorf("events: %+v", events)
		}
		keys(t, "revoke", stolen).want(t, 1, "no such key")
		keys(t, "revoke", "--", "-"+stolen[1:]).want(t, 1, "no such key") // understood, dash and all
		if said := keys(t, "revoke", activeKey(record), "no-such-kid").want(t, 1, "no such key"); strings.Contains(said.Err, "no-such-kid") {
			t.Errorf("it repeats the value: %s", said.Err)
		}
	})
	t.Run("with another SECRET_KEY changes nothing", func(t *testing.T) {
		before := published(c)
		wrong := cheaply(s.Env, map[string]string{"SECRET_KEY": newSecretKey})
		signet(t, wrong, "", "keys", "rotate", "--now").want(t, 1, "can't be opened with this SECRET_KEY")
		if now := published(c); !slices.Equal(before, now) {
			t.Errorf("%v became %v", before, now)
		}
	})
}
