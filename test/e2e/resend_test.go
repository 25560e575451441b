package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// resending is the request for another verification mail.
func resending(email string) testkit.Request {
	return testkit.Request{Path: "/api/auth/verify-email/resend", Body: testkit.Object{"email": email}}
}

func TestResendAnswersTheSameForEveryAddress(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		waiting, _ := applicant(t, s)
		verified, unknown := s.NewAccount().Email, testkit.NewAddress()
		s.Settled()

		first := c.Do(resending(waiting)).Want(http.StatusAccepted, "")
		for kind, email := range map[string]string{"a verified": verified, "an unknown": unknown} {
			if diff := cmp.Diff(normalised(first), normalised(c.Do(resending(email)))); diff != "" {
				t.Errorf("the answer tells %s address from a waiting one (-waiting +other):\n%s", kind, diff)
			}
		}
		s.Settled()
		if got := []int{len(s.Mails(waiting)), len(s.Mails(verified)), len(s.Mails(unknown))}; !cmp.Equal(got, []int{2, 1, 0}) {
			t.Errorf("mails to waiting, verified, unknown: %v, want one more to waiting only", got)
		}
	})
}

func TestResendRenewsTheNewest(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, email := s.Client(), testkit.NewAddress()
	c.Do(registering(email, testkit.Object{"password": "the older password"})).Want(http.StatusCreated, "")
	s.Mail(email, 1)
	c.Do(registering(email, testkit.Object{"password": "the newer password"})).Want(http.StatusCreated, "")
	before := s.Mail(email, 2)

	s.Move(6 * 24 * time.Hour)
	c.Do(resending(email)).Want(http.StatusAccepted, "")
	after := s.Mail(email, 3)
	c.Do(proving(before.Token())).Want(http.StatusBadRequest, "invalid_token")
	c.Do(provingByCode(email, before.Code)).Want(http.StatusBadRequest, "invalid_token")

	// Two days later the seven days since the registration are over, and those since the resend are not.
	s.Move(2 * 24 * time.Hour)
	c.Do(loggingIn(email, "the newer password")).Want(http.StatusForbidden, "email_not_verified")
	c.Do(loggingIn(email, "the older password")).Want(http.StatusUnauthorized, "invalid_credentials")
	c.Do(proving(after.Token())).Want(http.StatusBadRequest, "invalid_token") // the link itself has had its day
	c.Do(resending(email)).Want(http.StatusAccepted, "")
	c.Do(provingByCode(email, s.Mail(email, 4).Code)).Want(http.StatusOK, "")
	c.Do(loggingIn(email, "the newer password")).Want(http.StatusOK, "")
}

func TestResendSupersedes(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		email, old := applicant(t, s)
		c.Do(resending(email)).Want(http.StatusAccepted, "")
		fresh := s.Mail(email, 2)
		if fresh.Token() == old.Token() || fresh.Token() == "" {
			t.Errorf("the links are %q and %q", old.Token(), fresh.Token())
		}
		c.Do(proving(old.Token())).Want(http.StatusBadRequest, "invalid_token")
		if old.Code != fresh.Code { // once in a million they are equal
			c.Do(provingByCode(email, old.Code)).Want(http.StatusBadRequest, "invalid_token")
		}
		c.Do(provingByCode(email, fresh.Code)).Want(http.StatusOK, "")
		c.Do(proving(fresh.Token())).Want(http.StatusBadRequest, "invalid_token")
	})
}

func TestResendSaysWhenItWasAskedForAndGreetsByName(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c, email := s.Client(), testkit.NewAddress()
	c.Do(registering(email, testkit.Object{"first_name": "Ada"})).Want(http.StatusCreated, "")
	s.Mail(email, 1)
	s.Move(48 * time.Hour)
	asked := s.Clock.Now()
	c.Do(resending(email)).Want(http.StatusAccepted, "")
	mail := s.Mail(email, 2)
	for _, part := range []string{mail.Text, mail.HTML} {
		if !strings.Contains(part, "Ada") || !strings.Contains(part, asked.Format("2 January 2006")) || !strings.Contains(part, "forgot") {
			t.Errorf("the mail lacks the name, the time or the advice:\n%s", part)
		}
	}
}
