// Package browser_test opens the pages that Signet shows people in a real browser. SIGNET_TEST_SCREENSHOTS names a folder for
// pictures of them.
package browser_test

import (
	"net/http"
	"os"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func TestMain(m *testing.M) { os.Exit(backend.Main(m)) }

// applicant registers a fresh address and returns it with the mail that proves it.
func applicant(t *testing.T, s *testkit.Server) (string, testkit.Mail) {
	t.Helper()
	email := testkit.NewAddress()
	s.Client().Do(testkit.Request{Path: "/api/auth/register", Body: testkit.Object{"email": email, "password": testkit.Password}}).Want(http.StatusCreated, "")
	return email, s.Mail(email, 1)
}

func loggingIn(email, password string) testkit.Request {
	return testkit.Request{Path: "/api/auth/login", Body: testkit.Object{"email": email, "password": password}}
}
