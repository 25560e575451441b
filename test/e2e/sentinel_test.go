package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/backend"
)

// TestRedisFailover: while Sentinels find another master the server stays up, and nobody is turned away.
func TestRedisFailover(t *testing.T) {
	t.Parallel()
	sentinels := backend.RedisSentinels(t)
	s := testkit.Start(t, testkit.Options{Backends: testkit.Production, Env: sentinels.Settings()})
	account, c := s.NewAccount(), s.Client()
	redis := func() string {
		status, details := readiness(t, s)
		if status != http.StatusOK {
			t.Errorf("it is not ready: %d, %v", status, details)
		}
		return details["redis"]
	}
	s.Eventually(20*time.Second, func() bool { return redis() == "ok" })

	sentinels.KillMaster()
	s.Eventually(20*time.Second, func() bool { return redis() != "ok" })
	in := c.Login(account)
	c.Refresh(in.Refresh).Want(http.StatusOK, "")
	s.Eventually(20*time.Second, func() bool { return redis() == "ok" })
	c.Me(c.Login(account).Access).Want(http.StatusOK, "")
}
