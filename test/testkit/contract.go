package testkit

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/signet-auth/signet/test/testkit/contract"
)

// served is the document that the first server of the process serves. It is the same for all of them, which a test makes sure
// of, and reflecting and compiling it for each would take longer than what most tests are about.
var served struct {
	sync.Mutex
	contract *contract.Contract
}

func contractOf(tb testing.TB, base string) *contract.Contract {
	tb.Helper()
	served.Lock()
	defer served.Unlock()
	if served.contract == nil {
		served.contract = read(tb, base)
	}
	return served.contract
}

func read(tb testing.TB, base string) *contract.Contract {
	tb.Helper()
	answer, err := http.Get(base + "/openapi.json")
	if err != nil {
		tb.Fatalf("openapi.json: %v", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		tb.Fatalf("openapi.json: %d %v", answer.StatusCode, err)
	}
	c, err := contract.Read(text)
	if err != nil {
		tb.Fatalf("openapi.json: %v", err)
	}
	return c
}
