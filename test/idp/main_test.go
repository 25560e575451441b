package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/joho/godotenv"
)

// writes is a buffer for two goroutines.
type writes struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (w *writes) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}

func (w *writes) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

func TestItPrintsSettingsAndEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var out writes
	done := make(chan error, 1)
	go func() {
		done <- serve(ctx, []string{"-listen", "127.0.0.1:0", "-issuers", "one,two"}, &out, io.Discard)
	}()
	for !strings.Contains(out.String(), "# Then") {
		select {
		case err := <-done:
			t.Fatal("it ended by itself", err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	env, err := godotenv.Unmarshal(out.String())
	if err != nil {
		t.Fatal(err)
	}
	if env["OAUTH_TEST_PROVIDER"]+"/issuers/two" != env["OIDC_TWO_ISSUER"] || env["OIDC_TWO_CLIENT_SECRET"] != "two-secret:+/%=" ||
		!strings.HasSuffix(env["APPLE_PRIVATE_KEY"], `\n-----END PRIVATE KEY-----`) {
		t.Errorf("as .env it says %v", env)
	}
}

func TestItListensOnThisMachineAlone(t *testing.T) {
	for _, address := range []string{"0.0.0.0:9090", ":9090", "192.0.2.1:9090", "localhost:9090"} {
		if _, err := parse([]string{"-listen", address}, io.Discard); err == nil {
			t.Errorf("%s is taken", address)
		}
	}
}
