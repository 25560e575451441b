package rueidis_test

import (
	"bytes"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/adapters/rueidis"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestMain(m *testing.M) { os.Exit(backend.Main(m)) }

// patience bounds waiting for what happens by itself, on a busy machine.
const patience = 20 * time.Second

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not %s within %v", what, patience)
		}
	}
}

// open makes a client that has reached its Redis.
func open(t *testing.T, options rueidis.Options) *rueidis.Client {
	t.Helper()
	client, err := rueidis.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	eventually(t, "healthy", client.Healthy)
	return client
}

// patient gives a call as long as a busy machine may need: the contract is about counting, not about the budget.
func patient(url string) rueidis.Options {
	return rueidis.Options{URL: domain.NewSecret(url), Budget: patience}
}

func newFallback() *memory.Limiter { return memory.NewLimiter(time.Now) }

// journal is a log that may be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

func (j *journal) logger() *slog.Logger { return slog.New(slog.NewTextHandler(j, nil)) }
