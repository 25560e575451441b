package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
)

// An operator who moved accounts in a form that can't be read would see 401s and nothing else.
func TestOperatorsHearOfHashesThatCantBeRead(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	account := s.NewAccount()
	s.Record().Exec("UPDATE users SET password_hash = ? WHERE id = ?",
		"sha256$Wd8sKq2LmZ5xTn7B$9c2ca99cfad6c97dff5bc19f0464b0c5e53d427e35e47cbc0b6119e17ef0186b", account.ID)
	for range 2 {
		s.Client().Do(loggingIn(account.Email, "quiet maple 58 lanterns")).Want(http.StatusUnauthorized, "invalid_credentials")
	}
	s.Client().Do(loggingIn(testkit.NewAddress(), "quiet maple 58 lanterns")).Want(http.StatusUnauthorized, "invalid_credentials")
	if n := s.Metric(`signet_unreadable_hashes_total{kind="unknown"}`); n != 2 {
		t.Errorf("%v are counted", n)
	}
	if n := strings.Count(s.Log.String(), "a stored password hash that can't be read"); n != 1 {
		t.Errorf("%d lines say it", n)
	}
	signet(t, cheaply(s.Env), "", "users", "show", account.Email).want(t, 0, "its hash (unknown) can't be read")
}
