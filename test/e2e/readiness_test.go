package e2e_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
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
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"SHUTDOWN_DELAY": "1s"}})
	account := s.NewAccount()
	in := s.Client().Login(account)
	s.Stop()
	s.Restart()
	c := s.Client()
	c.Me(in.Access).Want(http.StatusOK, "")

	finish := underWay(t, s, account)
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
	if status := finish(); status != http.StatusOK {
		t.Errorf("a login under way: %d", status)
	}
	<-stopped
	if _, err := c.Try(get("/livez", "")); err == nil {
		t.Error("it serves after its end")
	}
}

// underWay sends the head of a login and returns when the server has asked for the body (RFC 9110 §10.1.1): then it is in
// the middle of it. finish sends the body and waits for the status.
func underWay(t *testing.T, s *testkit.Server, account testkit.Account) (finish func() int) {
	t.Helper()
	asked := make(chan struct{})
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(asked) }})
	body, pour := io.Pipe()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/auth/login", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Expect", "100-continue")
	transport := &http.Transport{ExpectContinueTimeout: time.Minute} // a body that nobody asked for would prove nothing
	t.Cleanup(transport.CloseIdleConnections)
	status := make(chan int, 1)
	go func() {
		answer, err := transport.RoundTrip(request)
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		_ = answer.Body.Close()
		status <- answer.StatusCode
	}()
	select {
	case <-asked:
	case early := <-status:
		t.Fatalf("answered %d before it had read the login", early)
	}
	return func() int {
		if err := json.NewEncoder(pour).Encode(credentials(account)); err != nil {
			t.Error(err)
		}
		_ = pour.Close()
		return <-status
	}
}
