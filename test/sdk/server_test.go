package sdk_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestMain(m *testing.M) { os.Exit(backend.Main(m)) }

func TestPackagesWithARealServer(t *testing.T) {
	if os.Getenv("SIGNET_TEST_SDK") != "on" {
		t.Skip("tools/sdk.sh servers runs it")
	}
	// Quick hashes, and time for a busy machine, as other tests have: what is tried is what the packages hear, and when.
	embedded := func(testing.TB) []string { return []string{"BCRYPT_COST=4", "DATABASE_URI=", "REDIS_URL="} }
	production := func(t testing.TB) []string {
		return []string{
			"BCRYPT_COST=4", "DATABASE_URI=" + backend.Postgres(t), "DATABASE_TIMEOUT=10s", "REDIS_URL=" + backend.Redis(t), "REDIS_TIMEOUT=10s",
			"SECRET_KEY=dGhlIHBhY2thZ2VzIHdpdGggYSByZWFsIHNlcnZlcg-test-only",
		}
	}
	for _, row := range []struct {
		language, on string
		settings     func(testing.TB) []string
	}{
		{"go", "Postgres and Redis", production}, // on SQLite it was, with the others of its modules
		{"ts", "Postgres and Redis", production},
		{"python", "Postgres and Redis", production},
		{"ts", "SQLite", embedded},
		{"python", "SQLite", embedded},
	} {
		t.Run(row.language+" on "+row.on, func(t *testing.T) {
			t.Parallel()
			tests := exec.CommandContext(t.Context(), "../../tools/sdk.sh", "real", row.language)
			tests.Env = append(os.Environ(), row.settings(t)...)
			if said, err := tests.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, said)
			}
		})
	}
}
