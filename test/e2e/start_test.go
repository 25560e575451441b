package e2e_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestDevelopmentOnPostgresKeepsItsKeyInTheDataFolder(t *testing.T) {
	t.Parallel()
	env := testkit.Production.Ready(t)
	env["SECRET_KEY"], env["DATA_DIR"] = "", filepath.Join(t.TempDir(), "data")
	s := testkit.Start(t, testkit.Options{Backends: testkit.Backends{Env: func(testing.TB) map[string]string { return env }}})
	account := s.NewAccount()
	in := s.Replica(nil).Client().Login(account) // replicas share the folder, and nobody locks it
	s.Restart()
	s.Client().Refresh(in.Refresh).Want(http.StatusOK, "")
	if key, err := os.Stat(filepath.Join(env["DATA_DIR"], "secret_key")); err != nil || key.Mode().Perm() != 0o600 {
		t.Errorf("the key: %v, %v", key, err)
	}
}

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
