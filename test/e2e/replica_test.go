package e2e_test

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/race"
)

// promise is within what time every replica has heard of a change.
const promise = time.Second

// wantRefused fails unless the replica refuses the token within the promise.
func wantRefused(t *testing.T, replica *testkit.Server, what, access string) {
	t.Helper()
	c := replica.Client()
	begun := time.Now()
	for {
		asked := time.Since(begun)
		got := c.Me(access).Outcome()
		if got == "401 token_invalid" {
			t.Logf("%s: seen after %s", what, time.Since(begun).Round(time.Millisecond))
			return
		}
		if got != "200" || asked > promise {
			t.Fatalf("%s: a replica answers %s after %s", what, got, asked)
		}
	}
}

// Not parallel, like the other tests about time: what else runs on the machine must not count.
func TestRevocationIsSeenByEveryReplica(t *testing.T) {
	pair := func(t *testing.T, o testkit.Options) (a, b *testkit.Server) {
		t.Helper()
		a = testkit.Start(t, o)
		b = a.Replica(nil)
		settled(a, b)
		return a, b
	}
	for name, start := range map[string]func(t *testing.T) (a, b *testkit.Server){
		"with Redis": func(t *testing.T) (*testkit.Server, *testkit.Server) {
			return pair(t, testkit.Options{Backends: testkit.Production})
		},
		"without Redis": func(t *testing.T) (*testkit.Server, *testkit.Server) {
			return pair(t, testkit.Options{Backends: testkit.Production, Env: map[string]string{"REDIS_URL": ""}})
		},
		"with Redis cut off": func(t *testing.T) (*testkit.Server, *testkit.Server) {
			links := testkit.NewLinks(t)
			a, b := pair(t, testkit.Options{Backends: links.Backends})
			links.Redis.Cut()
			return a, b
		},
		"with Redis in a black hole": func(t *testing.T) (*testkit.Server, *testkit.Server) {
			links := testkit.NewLinks(t)
			a, b := pair(t, testkit.Options{Backends: links.Backends})
			links.Redis.Blackhole()
			return a, b
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := start(t)
			record := a.Record()
			account := a.NewAccount()
			for what, revoke := range map[string]func(account testkit.Account, in testkit.Tokens){
				"a logout": func(_ testkit.Account, in testkit.Tokens) { a.Client().Do(logout(in.Access)).Want(http.StatusOK, "") },
				"a logout by the refresh token": func(_ testkit.Account, in testkit.Tokens) {
					a.Client().Do(logoutBy(in.Refresh)).Want(http.StatusOK, "")
				},
				"a reuse": func(_ testkit.Account, in testkit.Tokens) {
					second := a.Client().Refresh(in.Refresh).Want(http.StatusOK, "").Text("refresh_token")
					a.Client().Refresh(second).Want(http.StatusOK, "")
					a.Client().Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
				},
				"a disabled user, by another writer": func(who testkit.Account, _ testkit.Tokens) {
					record.Exec("UPDATE principals SET state = 'disabled' WHERE id = ?", who.ID)
					record.Changed(domain.ChangePrincipal, who.ID)
				},
			} {
				who := account
				if what == "a disabled user, by another writer" {
					who = a.NewAccount()
				}
				in := a.Client().Login(who)
				b.Client().Me(in.Access).Want(http.StatusOK, "") // remembered there
				revoke(who, in)
				wantRefused(t, b, what, in.Access)
				wantRefused(t, a, what, in.Access)
			}
		})
	}
}

func TestReplicasMissNoChange(t *testing.T) {
	a := testkit.Start(t, testkit.Options{Backends: testkit.Production})
	b := a.Replica(nil)
	record := a.Record()

	t.Run("of a transaction that commits late", func(t *testing.T) {
		late, other := a.Client().Login(a.NewAccount()), a.Client().Login(a.NewAccount())
		for _, in := range []testkit.Tokens{late, other} {
			b.Client().Me(in.Access).Want(http.StatusOK, "")
		}
		// A writer that has drawn its number and does not commit: it holds the feed's lock, so nobody draws a higher one.
		name := fnv.New64a()
		_, _ = name.Write([]byte("feed\x00"))
		tx := record.Begin()
		for _, statement := range []string{
			fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", int64(name.Sum64())),
			fmt.Sprintf("UPDATE sessions SET ended_at = now() WHERE id = '%s'", late.Session),
			fmt.Sprintf("INSERT INTO changes (kind, subject, at) VALUES ('session', '%s', now())", late.Session),
		} {
			if _, err := tx.NewRaw(statement).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		second := make(chan testkit.Response, 1)
		go func() {
			answer, _ := a.Client().Try(logout(other.Access))
			second <- answer
		}()
		polls := b.Metric("signet_feed_lag_seconds")
		b.Eventually(5*time.Second, func() bool { // b looks at the feed meanwhile
			lag := b.Metric("signet_feed_lag_seconds")
			looked := lag < polls
			polls = lag
			return looked
		})
		b.Client().Me(late.Access).Want(http.StatusOK, "")
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, b, "the late commit", late.Access)
		(<-second).Want(http.StatusOK, "")
		wantRefused(t, b, "the one behind it", other.Access)
	})
	t.Run("after a restore of the database", func(t *testing.T) {
		in := a.Client().Login(a.NewAccount())
		b.Client().Me(in.Access).Want(http.StatusOK, "")
		record.Exec("UPDATE sessions SET ended_at = now() WHERE id = ?", in.Session) // no change is told
		record.Exec("UPDATE meta SET value = 'restored' WHERE key = 'feed_epoch'")
		wantRefused(t, b, "a new epoch", in.Access)
		wantRefused(t, a, "a new epoch", in.Access)
	})
	t.Run("when the numbers fell", func(t *testing.T) {
		in := a.Client().Login(a.NewAccount())
		b.Client().Me(in.Access).Want(http.StatusOK, "")
		record.Exec("UPDATE sessions SET ended_at = now() WHERE id = ?", in.Session)
		record.Exec("DELETE FROM changes")
		wantRefused(t, b, "a fallen number", in.Access)
	})
	t.Run("after more than an hour of silence", func(t *testing.T) {
		in := a.Client().Login(a.NewAccount())
		b.Client().Me(in.Access).Want(http.StatusOK, "")
		record.Exec("UPDATE sessions SET ended_at = now() WHERE id = ?", in.Session)
		a.Clock.Move(61 * time.Minute)
		a.CaughtUp()
		b.CaughtUp()
		if got := b.Client().Refresh(in.Refresh).Outcome(); got != "401 token_invalid" {
			t.Errorf("refresh: %s", got)
		}
	})
}

func TestKeysOfReplicas(t *testing.T) {
	a := testkit.Start(t, testkit.Options{Backends: testkit.Production})
	b := a.Replica(nil)
	account := a.NewAccount()

	t.Run("are the same", func(t *testing.T) {
		if diff := cmp.Diff(published(a.Client()), published(b.Client())); diff != "" {
			t.Errorf("kids (-a +b):\n%s", diff)
		}
		in := a.Client().Login(account)
		b.Client().Me(in.Access).Want(http.StatusOK, "")
		next := b.Client().Refresh(in.Refresh).Want(http.StatusOK, "")
		a.Client().Me(next.Text("access_token")).Want(http.StatusOK, "")
	})
	t.Run("made by one verify at the others at once", func(t *testing.T) {
		c := a.Replica(map[string]string{"JWT_ALG": "EdDSA"})
		in := c.Client().Login(account)
		b.Client().Me(in.Access).Want(http.StatusOK, "")
		if diff := cmp.Diff(published(c.Client()), published(b.Client())); diff != "" {
			t.Errorf("kids (-c +b):\n%s", diff)
		}
	})
	t.Run("revoked at the record are refused by all", func(t *testing.T) {
		in := a.Client().Login(account)
		for _, s := range []*testkit.Server{a, b} {
			s.Client().Me(in.Access).Want(http.StatusOK, "")
		}
		record := a.Record()
		kid := record.Text("SELECT kid FROM signing_keys WHERE state = 'active' AND algorithm = 'ES256'")
		record.Exec("UPDATE signing_keys SET state = 'revoked' WHERE kid = ?", kid)
		record.Exec("UPDATE signing_keys SET state = 'active' WHERE state = 'next' AND algorithm = 'ES256'")
		record.Changed(domain.ChangeSigningKey, kid)
		wantRefused(t, a, "a revoked key", in.Access)
		wantRefused(t, b, "a revoked key", in.Access)
		next := a.Client().Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token")
		b.Client().Me(next).Want(http.StatusOK, "")
	})
}

func TestFirstStartsAtOnce(t *testing.T) {
	first := testkit.Prepare(t, testkit.Options{Backends: testkit.Production, Env: map[string]string{
		"BOOTSTRAP_ADMIN_EMAIL": "root@example.com", "BOOTSTRAP_ADMIN_PASSWORD": testkit.Password,
	}})
	servers := []*testkit.Server{first, first.PrepareReplica(nil), first.PrepareReplica(nil), first.PrepareReplica(nil)}
	for i, err := range race.Together(len(servers), func(i int) error { return servers[i].TryStart() }) {
		if err != nil {
			t.Fatalf("server %d: %v\n%s", i, err, servers[i].Log)
		}
	}
	record := first.Record()
	if n := record.Count("SELECT count(*) FROM signing_keys"); n != 2 {
		t.Errorf("%d keys, want one that signs and the next", n)
	}
	if n := record.Count("SELECT count(*) FROM users"); n != 1 {
		t.Errorf("%d first administrators", n)
	}
	admin := testkit.Account{Email: "root@example.com", Password: testkit.Password}
	issuer := record.Text("SELECT value FROM meta WHERE key = 'issuer'")
	for i, s := range servers {
		in := s.Client().Login(admin)
		if _, claims := testkit.ReadToken(t, in.Access); claims["iss"] != issuer {
			t.Errorf("server %d issues as %v, stored is %s", i, claims["iss"], issuer)
		}
		for _, other := range servers {
			other.Client().Me(in.Access).Want(http.StatusOK, "")
		}
	}
}
