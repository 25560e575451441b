package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// swept waits for a whole sweep of the janitor by the clock of now.
func swept(s *testkit.Server) {
	for range 2 { // the sweep that is under way does not count
		s.Move(2 * time.Second)
		since := float64(s.Clock.Now().Unix())
		s.Eventually(10*time.Second, func() bool { return s.Metric("signet_janitor_last_run_timestamp_seconds") >= since })
	}
}

// keysOf counts the stored keys by algorithm and state.
func keysOf(record *testkit.Record) []string {
	return record.Texts("SELECT algorithm || ' ' || state FROM signing_keys ORDER BY 1")
}

// TestAFormerAlgorithmRetires follows JWT_ALG through a change: the former algorithm's keys stay for a day, its last tokens are good
// until they expire, and then its key goes, five minutes after the last that it can have signed.
func TestAFormerAlgorithmRetires(t *testing.T) {
	t.Parallel()
	const life = 36 * time.Hour
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"JWT_ACCESS_TOKEN_EXPIRES": "36h", "CLEANUP_EVERY": "50ms"}})
	record, account := s.Record(), s.NewAccount()
	first := activeKey(record)
	begun, in := s.Clock.Now(), s.Client().Login(account)
	s.Stop()
	s.Env["JWT_ALG"] = "EdDSA"
	s.Restart()
	changed, c := s.Clock.Now(), s.Client()
	at := func(when time.Time) { s.Move(when.Sub(s.Clock.Now())) }

	both := []string{"ES256 active", "ES256 next", "EdDSA active", "EdDSA next"}
	if diff := cmp.Diff(both, keysOf(record)); diff != "" || len(published(c)) != 4 {
		t.Errorf("published %v; stored (-want +got):\n%s", published(c), diff)
	}
	if header, _ := testkit.ReadToken(t, c.Login(account).Access); header["alg"] != "EdDSA" {
		t.Errorf("it signs with %v", header["alg"])
	}
	at(changed.Add(24*time.Hour - time.Minute))
	swept(s)
	if diff := cmp.Diff(both, keysOf(record)); diff != "" {
		t.Errorf("within a day (-want +got):\n%s", diff)
	}
	s.VerifyToken(in.Access)

	at(changed.Add(24*time.Hour + time.Minute))
	retired := []string{"ES256 retired", "EdDSA active", "EdDSA next"}
	s.Eventually(10*time.Second, func() bool { return slices.Equal(retired, keysOf(record)) })
	end := s.Clock.Now()
	s.Eventually(10*time.Second, func() bool { return len(published(c)) == 3 })
	at(begun.Add(life - time.Minute))
	s.VerifyToken(in.Access)
	c.Me(in.Access).Want(http.StatusOK, "")
	at(begun.Add(life + time.Minute))
	c.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid")

	at(end.Add(life + 4*time.Minute))
	swept(s)
	if !slices.Contains(published(c), first) {
		t.Error("it went with tokens about")
	}
	at(end.Add(life + 6*time.Minute))
	s.Eventually(10*time.Second, func() bool { return !slices.Contains(published(c), first) })
	if diff := cmp.Diff(retired[1:], keysOf(record)); diff != "" {
		t.Errorf("after its last token (-want +got):\n%s", diff)
	}
	c.Me(c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token")).Want(http.StatusOK, "")
}

// TestAReplicaThatKeepsTheFormerAlgorithm is one whose JWT_ALG was not changed within the day: the next sweep of its own makes it a
// new key, which the others know at once.
func TestAReplicaThatKeepsTheFormerAlgorithm(t *testing.T) {
	t.Parallel()
	late := testkit.Start(t, testkit.Options{Backends: testkit.Production, Env: map[string]string{"CLEANUP_EVERY": "50ms"}})
	account, record := late.NewAccount(), late.Record()
	first := activeKey(record)
	s := late.Replica(map[string]string{"JWT_ALG": "EdDSA"})
	late.Move(24*time.Hour + time.Minute)
	s.CaughtUp()
	s.Eventually(10*time.Second, func() bool {
		return record.Count("SELECT count(*) FROM signing_keys WHERE kid = ? AND state = 'retired'", first) == 1 &&
			record.Count("SELECT count(*) FROM signing_keys WHERE algorithm = 'ES256' AND state = 'active'") == 1
	})
	var in testkit.Response
	late.Eventually(5*time.Second, func() bool {
		in = late.Client().Do(login(credentials(account)))
		return in.Status == http.StatusOK
	})
	if header, _ := testkit.ReadToken(t, in.Text("access_token")); header["alg"] != "ES256" || header["kid"] == first {
		t.Errorf("header %v", header)
	}
	s.Client().Me(in.Text("access_token")).Want(http.StatusOK, "")
	next := s.Client().Refresh(in.Text("refresh_token")).Want(http.StatusOK, "").Text("access_token")
	if header, _ := testkit.ReadToken(t, next); header["alg"] != "EdDSA" {
		t.Errorf("header %v", header)
	}
	late.Client().Me(next).Want(http.StatusOK, "")
}
