package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestAStartWaitsForADatabaseThatComesUpLater(t *testing.T) {
	t.Parallel()
	database := backend.PostgresServer(t)
	env := map[string]string{"DATABASE_URI": database.URL, "SECRET_KEY": testkit.SecretKey, "SIGNET_ENV": "development"}
	database.Cut()
	time.AfterFunc(500*time.Millisecond, database.Restore) // containers come up in any order
	s := testkit.Start(t, testkit.Options{Backends: testkit.Backends{Env: func(testing.TB) map[string]string { return env }}})
	if got := s.Client().Do(testkit.Request{Path: "/readyz"}).Status; got != http.StatusOK {
		t.Errorf("readyz answers %d", got)
	}
	if !strings.Contains(s.Log.String(), "waiting for the database") {
		t.Error("it did not have to wait")
	}
}
