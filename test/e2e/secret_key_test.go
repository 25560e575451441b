package e2e_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// oldSecretKey is replaced by newSecretKey.
const (
	oldSecretKey = "Old7Xc8Vb2Nm6Lp4Js0HgFd3Zk9wQ7rT1yUe5"
	newSecretKey = "New4Js0HgFd3Zk9wQ7rT1yUe5Xc8Vb2Nm6Lp"
)

// TestSecretKeyIsReplaced: a restart with a new SECRET_KEY and the old one beside it, then one without the old one. Nobody is logged
// out, and what was promised is kept.
func TestSecretKeyIsReplaced(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"SECRET_KEY": oldSecretKey}})
	record, account, mover := s.Record(), s.NewAccount(), s.NewAccount()
	in := s.Client().Login(account)
	to, pending := testkit.NewAddress(), testkit.NewAddress()
	link := asked(t, s, s.Client().Login(mover).Access, to, mover.Password)
	kids := published(s.Client())
	s.Env["MAIL_SERVER"], s.Env["MAIL_PORT"] = "127.0.0.1", "1" // nobody is there
	s.Restart()
	s.Client().Do(register(pending)).Want(http.StatusCreated, "")
	s.Eventually(10*time.Second, func() bool {
		return record.Count("SELECT count(*) FROM outbox WHERE topic LIKE 'mail.%' AND delivered_at IS NULL AND last_error <> ''") == 1
	})
	s.Stop()

	s.Env["SECRET_KEY"], s.Env["SECRET_KEY_PREVIOUS"] = newSecretKey, oldSecretKey
	s.Restart()
	s.Client().Me(in.Access).Want(http.StatusOK, "")
	s.Stop()
	for _, name := range []string{"SECRET_KEY_PREVIOUS", "MAIL_SERVER", "MAIL_PORT"} {
		delete(s.Env, name)
	}
	s.Restart()
	c := s.Client()
	if now := published(c); !slices.Equal(now, kids) {
		t.Errorf("the keys were %v and are %v", kids, now)
	}
	c.Me(in.Access).Want(http.StatusOK, "")
	c.Me(c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token")).Want(http.StatusOK, "")
	c.Login(account)
	c.Do(movingIn(link)).Want(http.StatusOK, "")
	s.Move(16 * time.Minute) // longer than a mail waits before it is tried again
	c.Do(proving(s.Mail(pending, 1).Token())).Want(http.StatusOK, "")
	if n := record.Count("SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL"); n != 0 {
		t.Errorf("%d messages were given up", n)
	}
}
