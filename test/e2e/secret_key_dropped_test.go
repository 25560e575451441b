package e2e_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// TestSecretKeyPreviousIsDroppedTooEarly: a start that would lose something says what, does nothing, and says what to do. With the
// former secret put back everything is as it was.
func TestSecretKeyPreviousIsDroppedTooEarly(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"SECRET_KEY": oldSecretKey}})
	record, account, mover := s.Record(), s.NewAccount(), s.NewAccount()
	in, to, pending := s.Client().Login(account), testkit.NewAddress(), testkit.NewAddress()
	link, kids := asked(t, s, s.Client().Login(mover).Access, to, mover.Password), published(s.Client())
	s.Settled()
	s.Env["MAIL_SERVER"], s.Env["MAIL_PORT"] = "127.0.0.1", "1" // nobody is there
	s.Restart()
	s.Client().Do(register(pending)).Want(http.StatusCreated, "")
	waiting := "topic LIKE 'mail.%' AND delivered_at IS NULL AND parked_at IS NULL AND payload IS NOT NULL"
	s.Eventually(10*time.Second, func() bool {
		return record.Count("SELECT count(*) FROM outbox WHERE last_error <> '' AND "+waiting) == 1
	})
	s.Stop()
	record.Exec("CREATE TABLE kept AS SELECT id, payload FROM outbox WHERE " + waiting)
	stored := func() (all [][]string) {
		for _, query := range []string{
			"SELECT private FROM signing_keys ORDER BY kid", "SELECT kid FROM signing_keys ORDER BY kid", "SELECT payload FROM flows ORDER BY id",
			"SELECT payload FROM outbox WHERE " + waiting, "SELECT value FROM meta ORDER BY key",
		} {
			all = append(all, record.Texts(query))
		}
		return all
	}
	// refused is a start that says all of the words, and changes nothing.
	refused := func(t *testing.T, words ...string) string {
		t.Helper()
		before := stored()
		err := s.TryStart()
		if err == nil {
			t.Fatal("it started")
		}
		for _, word := range append(words, "neither SECRET_KEY nor in SECRET_KEY_PREVIOUS", "None of it was changed", "SECRET_KEY_FORCE=on") {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("%q is not in: %v", word, err)
			}
		}
		if strings.Contains(err.Error(), oldSecretKey) || strings.Contains(err.Error(), newSecretKey) {
			t.Error("it repeats a secret")
		}
		if diff := cmp.Diff(before, stored()); diff != "" {
			t.Errorf("it changed something: %s", diff)
		}
		return err.Error()
	}
	give := func(settings map[string]string) {
		for _, name := range []string{"SECRET_KEY_PREVIOUS", "SECRET_KEY_FORCE", "CLEANUP_EVERY"} {
			delete(s.Env, name)
		}
		maps.Copy(s.Env, settings)
	}

	t.Run("for all that it seals, and a command is refused likewise", func(t *testing.T) {
		give(map[string]string{"SECRET_KEY": newSecretKey})
		all := []string{"2 signing keys, 1 message of the outbox, 1 change of address", "signet keys revoke -- ", kids[0], kids[1]}
		refused(t, all...)
		give(map[string]string{"SECRET_KEY_FORCE": "true"})
		refused(t, all...) // keys are not given up by a switch
		signet(t, cheaply(s.Env), "", "users", "list").want(t, 1, "SECRET_KEY does not open the signing keys")
	})
	t.Run("and nothing is lost once it is back", func(t *testing.T) {
		give(map[string]string{"SECRET_KEY_PREVIOUS": oldSecretKey})
		// A command that is ahead of the servers would seal what they can't open.
		signet(t, cheaply(s.Env), "", "users", "list").want(t, 1, "SECRET_KEY has sealed no signing key")
		s.Restart()
		signet(t, cheaply(s.Env), "", "users", "list").want(t, 0)
		c := s.Client()
		c.Me(in.Access).Want(http.StatusOK, "")
		in.Refresh = c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("refresh_token")
		if now := published(c); !slices.Equal(now, kids) {
			t.Errorf("the keys were %v and are %v", kids, now)
		}
		s.Stop()
	})
	t.Run("for one message, which a replica sealed that was late; the message waits where it is given up", func(t *testing.T) {
		record.Exec("UPDATE outbox SET payload = (SELECT kept.payload FROM kept WHERE kept.id = outbox.id) WHERE id IN (SELECT id FROM kept)")
		give(nil)
		if said := refused(t, "1 message of the outbox"); strings.Contains(said, "signing key") {
			t.Errorf("the keys were sealed again: %s", said)
		}
		give(map[string]string{"SECRET_KEY_FORCE": "true", "SECRET_KEY_PREVIOUS": testkit.SecretKey, "CLEANUP_EVERY": "50ms"})
		s.Restart()
		s.Move(16 * time.Minute) // longer than a mail waits before it is tried again
		s.Eventually(10*time.Second, func() bool {
			return record.Count("SELECT count(*) FROM outbox WHERE last_error LIKE '%SECRET_KEY%' AND "+waiting) == 1
		})
		in.Refresh = s.Client().Refresh(in.Refresh).Want(http.StatusOK, "").Text("refresh_token")
		swept(s)
		if n := strings.Count(s.Log.String(), "sealed values can't be opened"); n != 1 {
			t.Errorf("the log tells of it %d times after several sweeps", n)
		}
		s.Stop()
		give(nil)
		refused(t, "1 message of the outbox")
	})
	t.Run("and it is delivered once its secret is back", func(t *testing.T) {
		give(map[string]string{"SECRET_KEY_PREVIOUS": oldSecretKey})
		delete(s.Env, "MAIL_SERVER")
		delete(s.Env, "MAIL_PORT")
		s.Restart()
		s.Move(16 * time.Minute)
		s.Client().Do(proving(s.Mail(pending, 1).Token())).Want(http.StatusOK, "")
		s.Client().Do(movingIn(link)).Want(http.StatusOK, "")
		s.Client().Refresh(in.Refresh).Want(http.StatusOK, "")
		s.Stop()
		give(nil)
		s.Restart()
		s.Client().Login(account)
	})
}

// TestSecretKeyIsLost does what the refusal of a start says, to the letter: access tokens end, and nobody is logged out.
func TestSecretKeyIsLost(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"SECRET_KEY": oldSecretKey}})
	account, kids := s.NewAccount(), published(s.Client())
	in := s.Client().Login(account)
	s.Settled()
	s.Stop()
	s.Env["SECRET_KEY"] = newSecretKey
	err := s.TryStart()
	if err == nil {
		t.Fatal("it started")
	}
	quoted := strings.Split(err.Error(), "`")
	if len(quoted) != 3 {
		t.Fatalf("it names no command: %v", err)
	}
	command := strings.Fields(quoted[1])
	signet(t, cheaply(s.Env), "", command[1:]...).want(t, 0, kids[0]+" is revoked", kids[1]+" is revoked", "signs now")
	s.Restart()
	c := s.Client()
	for _, kid := range published(c) {
		if slices.Contains(kids, kid) {
			t.Errorf("%s is published", kid)
		}
	}
	c.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid")
	c.Me(c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token")).Want(http.StatusOK, "")
	c.Login(account)
}
