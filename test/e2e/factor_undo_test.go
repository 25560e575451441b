package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

const aboutFactor = "was added"

func undoing(token string) testkit.Request {
	return post("/api/auth/factors/undo", "", body{"token": token})
}

// TestAFirstFactorIsUndoneByItsMail: a thief of a password who adds a factor does not keep the owner out.
func TestAFirstFactorIsUndoneByItsMail(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, account := s.Client(), s.NewAccount()
		thief := c.Login(account)
		app, thief := s.Enrol(thief)
		token := mailAbout(s, account.Email, aboutFactor, 1).Token()
		s.Move(time.Second)
		_, thief = s.EnrolKey(thief, passkey) // and one more, which brings no link
		if mail := mailAbout(s, account.Email, aboutFactor, 2); len(mail.Links) > 0 {
			t.Errorf("another factor's mail has the links %v", mail.Links)
		}
		c.Do(send(http.MethodPost, "/api/auth/change-password", thief.Access, body{"current_password": account.Password, "new_password": newPassword})).Want(http.StatusOK, "")
		challenge := c.Do(login(body{"email": account.Email, "password": newPassword})).Want(http.StatusUnauthorized, "mfa_required").Text("challenge")

		c.Do(undoing(strings.Repeat("0", len(token)))).Want(http.StatusBadRequest, "invalid_token")
		c.Do(undoing(token)).Want(http.StatusOK, "")
		c.Do(undoing(token)).Want(http.StatusBadRequest, "invalid_token")
		c.Me(thief.Access).Want(http.StatusUnauthorized, "token_invalid")
		c.Verify(challenge, app.Code()).Want(http.StatusBadRequest, "invalid_token")
		mailAbout(s, account.Email, "were removed", 1)
		c.Do(resetting(mailAbout(s, account.Email, aboutReset, 1).Token(), "the owner's own passphrase 9")).Want(http.StatusOK, "")
		account.Password = "the owner's own passphrase 9"
		in := c.Login(account)
		list := c.Do(get("/api/auth/factors", in.Access)).Want(http.StatusOK, "")
		if got := list.JSON(); len(got["factors"].([]any)) != 0 || got["recovery_codes"].(body)["left"] != 0.0 {
			t.Errorf("it answers %s", list.Body)
		}
		if events := s.Record().Events(domain.EventFactorsReset, account.ID); len(events) != 1 {
			t.Errorf("events: %v", events)
		}
	})
}

func TestTheLinkThatUndoesAFactor(t *testing.T) {
	t.Parallel()
	f := newFleet(t, testkit.Embedded)
	c := f.c
	t.Run("is not there for those who hold rights of Signet, nor works for those who got some", func(t *testing.T) {
		holder, later := f.person(t, domain.RoleUserManager).Account, f.NewAccount()
		f.Enrol(c.Login(holder))
		if mail := mailAbout(f.Server, holder.Email, aboutFactor, 1); len(mail.Links) > 0 {
			t.Errorf("the links %v", mail.Links)
		}
		f.Enrol(c.Login(later))
		token := mailAbout(f.Server, later.Email, aboutFactor, 1).Token()
		f.assign(later.ID, string(domain.PlatformID), string(domain.RoleUserManager))
		c.In(t).Do(undoing(token)).Want(http.StatusBadRequest, "invalid_token")
	})
	t.Run("can be switched off", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{"FACTOR_UNDO": "0"}})
		account := s.NewAccount()
		s.Enrol(s.Client().Login(account))
		if mail := mailAbout(s, account.Email, aboutFactor, 1); len(mail.Links) > 0 {
			t.Errorf("the links %v", mail.Links)
		}
	})
	t.Run("has a page whose button posts", func(t *testing.T) {
		c, account := c.In(t), f.NewAccount()
		f.Enrol(c.Login(account))
		path := "/api/auth/factors/undo/" + mailAbout(f.Server, account.Email, aboutFactor, 1).Token()
		html := http.Header{"Accept": {"text/html"}}
		c.Do(get(path, "")).Want(http.StatusConflict, "confirmation_required")
		if page := c.Do(testkit.Request{Path: path, Header: html}); page.Status != http.StatusOK || !strings.Contains(string(page.Body), "<button") {
			t.Errorf("%d %s", page.Status, page.Body)
		}
		c.Challenge(account) // looking did nothing
		if page := c.Do(testkit.Request{Method: http.MethodPost, Path: path, Header: html}); page.Status != http.StatusOK || !strings.Contains(string(page.Body), "is removed") {
			t.Errorf("%d %s", page.Status, page.Body)
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if page := c.Do(testkit.Request{Method: method, Path: path, Header: html}); page.Status != http.StatusBadRequest || !strings.Contains(string(page.Body), "no longer works") {
				t.Errorf("%s: %d %s", method, page.Status, page.Body)
			}
		}
		c.Login(account)
	})
	t.Run("works for three days, once, of many at once", func(t *testing.T) {
		account, late := f.NewAccount(), f.NewAccount()
		f.Enrol(c.Login(account))
		f.Enrol(c.Login(late))
		token, old := mailAbout(f.Server, account.Email, aboutFactor, 1).Token(), mailAbout(f.Server, late.Email, aboutFactor, 1).Token()
		won := 0
		for _, answer := range atOnce(t, []*testkit.Client{c.In(t)}, 10, func(int) testkit.Request { return undoing(token) }) {
			if answer.Status == http.StatusOK {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d of one link counted", won)
		}
		f.Move(72*time.Hour + time.Second)
		c.In(t).Do(undoing(old)).Want(http.StatusBadRequest, "invalid_token")
		c.In(t).Challenge(late)
	})
}
