package e2e_test

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// TestTheDatabaseIsLostDuringARotation takes Postgres away while a rotation is under way: it waits for the lock that another replica
// holds. Tokens are good all the while, nothing half-made is seen by anybody, and the rotation happens once afterwards.
func TestTheDatabaseIsLostDuringARotation(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(l testkit.Links){
		"cut off":         func(l testkit.Links) { l.Postgres.Cut() },
		"in a black hole": func(l testkit.Links) { l.Postgres.Blackhole() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			links := testkit.NewLinks(t)
			s := testkit.Start(t, testkit.Options{Backends: links.Backends, Env: map[string]string{"CLEANUP_EVERY": "50ms", "DATABASE_TIMEOUT": "1500ms"}})
			c, record, account := s.Client(), testkit.RecordAt(t, links.DatabaseURI), s.NewAccount()
			first, known := activeKey(record), published(c)
			next := record.Text("SELECT kid FROM signing_keys WHERE state = 'next'")
			keys := func() []string { return record.Texts("SELECT kid || ' ' || state FROM signing_keys ORDER BY kid") }
			before := keys()

			lock := fnv.New64a()
			_, _ = lock.Write([]byte("key ring\x00"))
			other := record.Begin()
			defer func() { _ = other.Rollback() }()
			if _, err := other.NewRaw(fmt.Sprintf("SELECT pg_advisory_xact_lock(%d)", int64(lock.Sum64()))).Exec(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.Move(month + time.Minute)
			s.Eventually(10*time.Second, func() bool {
				return record.Count(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
					AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`) > 0
			})
			in := c.Login(account) // nobody waits for a rotation
			if kid := signedBy(t, in.Access); kid != first {
				t.Errorf("%s signs", kid)
			}
			c.Me(in.Access).Want(http.StatusOK, "")

			lose(links)
			if err := other.Rollback(); err != nil {
				t.Fatal(err)
			}
			s.Clock.Move(20 * time.Second)
			for range 3 {
				s.VerifyToken(in.Access)
				c.Me(in.Access).Want(http.StatusOK, "")
				if diff := cmp.Diff(known, published(c)); diff != "" {
					t.Errorf("published during the outage (-before +during):\n%s", diff)
				}
			}
			wantUnavailable(t, "login", c.Do(login(credentials(account))))
			if diff := cmp.Diff(before, keys()); diff != "" {
				t.Errorf("stored during the outage (-before +during):\n%s", diff)
			}

			links.Postgres.Restore()
			s.Eventually(20*time.Second, func() bool { return activeKey(record) == next })
			s.Eventually(10*time.Second, func() bool { return c.Me(in.Access).Status == http.StatusOK && len(published(c)) == 3 })
			for _, kid := range known {
				if !slices.Contains(published(c), kid) {
					t.Errorf("%s is not published any more", kid)
				}
			}
			s.VerifyToken(in.Access)
			if kid := signedBy(t, c.Login(account).Access); kid != next {
				t.Errorf("%s signs", kid)
			}
			if n := record.Count("SELECT count(*) FROM audit_events WHERE type = 'key.activated'"); n != 2 {
				t.Errorf("%d activations", n)
			}
			if now := keys(); len(now) != 3 || !slices.Contains(now, first+" retired") {
				t.Errorf("stored: %v", now)
			}
		})
	}
}
