// Package e2e tests the server as a black box, through HTTP: each call, and what depends on SQL, races, outages or replicas, on every pair
// of backends, the rest on the embedded one.
//
// One file a call (register, verify, login, refresh, me, logout) with all its errors, then what crosses calls: races,
// replicas, outages, secrets. Every answer is checked against the server's own OpenAPI document.
package e2e_test

import (
	"os"
	"testing"

	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(program())
	}
	os.Exit(backend.Main(m))
}
