package e2e_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

func TestReadiness(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c := s.Client()
		t.Run("is a bare status in public", func(t *testing.T) {
			for _, path := range []string{"/livez", "/readyz"} {
				if answer := c.Do(get(path, "")).Want(http.StatusOK, ""); len(answer.Body) != 0 {
					t.Errorf("%s says %s", path, answer.Body)
				}
			}
		})
		t.Run("has details on the admin listener", func(t *testing.T) {
			settled(s)
			s.Eventually(5*time.Second, func() bool {
				status, details := readiness(t, s)
				redis := "not used"
				if s.Env["REDIS_URL"] != "" {
					redis = "ok"
				}
				return status == http.StatusOK && details["database"] == "ok" && details["redis"] == redis && details["feed"] != ""
			})
		})
	})
}

// readiness is what the admin listener says; 0 when it says nothing any more.
func readiness(t *testing.T, s *testkit.Server) (status int, details map[string]string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.AdminURL+"/readyz", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil
	}
	defer func() { _ = answer.Body.Close() }()
	var content struct{ Details map[string]string }
	if err := json.NewDecoder(answer.Body).Decode(&content); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, content.Details
}

// TestGracefulStop: first the load balancer is told, then requests under way finish, then it is over.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"HASH_WORKERS": "1", "HASH_WAIT": "20s", "SHUTDOWN_DELAY": "1s"}})
		account := s.NewAccount()
		in := s.Client().Login(account)
		s.Stop()
		s.Env["BCRYPT_COST"] = "9" // a login takes long enough to be caught under way
		s.Restart()
		c := s.Client()
		c.Me(in.Access).Want(http.StatusOK, "")

		logins := make(chan []testkit.Response, 1)
		go func() {
			logins <- testkit.Together(3, func(int) testkit.Response {
				answer, err := c.Try(login(credentials(account)))
				if err != nil {
					t.Error(err)
				}
				return answer
			})
		}()
		s.Eventually(20*time.Second, func() bool { return s.Metric("signet_hash_queue_waiting") >= 2 })
		stopped := make(chan struct{})
		go func() { defer close(stopped); s.Stop() }()

		s.Eventually(10*time.Second, func() bool {
			ready, err := c.Try(get("/readyz", ""))
			return err == nil && ready.Status == http.StatusServiceUnavailable
		})
		c.Do(get("/livez", "")).Want(http.StatusOK, "") // still serving, so that nobody is turned away who was sent here
		if status, details := readiness(t, s); status != http.StatusServiceUnavailable || details["process"] != "stopping" {
			t.Errorf("the admin listener says %d %v", status, details)
		}
		for _, answer := range <-logins {
			if answer.Outcome() != "200" {
				t.Errorf("a login under way: %s", answer.Outcome())
			}
		}
		<-stopped
		if _, err := c.Try(get("/livez", "")); err == nil {
			t.Error("it serves after its end")
		}
	})
}
