package e2e_test

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// wrongCode is a well-formed code that none of the mails carries.
func wrongCode(mails ...testkit.Mail) string {
	for n := 0; ; n++ {
		code := fmt.Sprintf("%06d", n)
		used := false
		for _, m := range mails {
			used = used || m.Code == code
		}
		if !used {
			return code
		}
	}
}

func TestACodeProvesTheMailbox(t *testing.T) {
	t.Parallel()
	for name, typed := range map[string]func(code string) string{
		"as mailed":        func(c string) string { return c },
		"with a space":     func(c string) string { return c[:3] + " " + c[3:] },
		"with a dash":      func(c string) string { return c[:3] + "-" + c[3:] },
		"with spaces":      func(c string) string { return "  " + c[:2] + " " + c[2:4] + " " + c[4:] + " " },
		"with the address": nil,
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Each(t, func(t *testing.T, b testkit.Backends) {
				s := testkit.Shared(t, b)
				email, mail := applicant(t, s)
				if typed == nil { // any spelling of the address will do
					s.Client().Do(provingByCode("U"+email[1:len(email)-3]+"COM", mail.Code)).Want(http.StatusOK, "")
					return
				}
				s.Client().Do(provingByCode(email, typed(mail.Code))).Want(http.StatusOK, "")
				answer := s.Client().Do(provingByCode(email, typed(mail.Code))).Want(http.StatusBadRequest, "invalid_token")
				if answer.Text("message") != "Invalid verification token" {
					t.Errorf("the message is %q", answer.Text("message"))
				}
			})
		})
	}
}

func TestIncompleteProofs(t *testing.T) {
	t.Parallel()
	s := testkit.Shared(t, testkit.Embedded)
	for name, row := range map[string]struct {
		body    testkit.Object
		outcome string
		message string
	}{
		"nothing":             {testkit.Object{}, notAnAddr, "token is required, or email and code"},
		"empty members":       {testkit.Object{"token": "", "email": "", "code": ""}, notAnAddr, "token is required, or email and code"},
		"an address alone":    {testkit.Object{"email": "a@example.com"}, notAnAddr, "code is required"},
		"a code alone":        {testkit.Object{"code": "123456"}, notAnAddr, "email is required"},
		"a long code":         {testkit.Object{"email": "a@example.com", "code": "12345678901234567"}, notAnAddr, "code must have at most 16 characters"},
		"an address too long": {testkit.Object{"email": fmt.Sprintf("a@%0250d.com", 1), "code": "12345678901234567"}, incomplete, "email must have at most 254 characters; code must have at most 16 characters"},
		"letters for a code":  {testkit.Object{"email": "a@example.com", "code": "abcdef"}, notAToken, "Invalid verification token"},
		"five digits":         {testkit.Object{"email": "a@example.com", "code": "12345"}, notAToken, "Invalid verification token"},
		"digits of others":    {testkit.Object{"email": "a@example.com", "code": "١٢٣٤٥٦"}, notAToken, "Invalid verification token"},
		"an unknown address":  {testkit.Object{"email": "nobody@example.com", "code": "123456"}, notAToken, "Invalid verification token"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := s.Client().In(t).Do(testkit.Request{Path: "/api/auth/verify-email", Body: row.body})
			if answer.Outcome() != row.outcome || answer.Text("message") != row.message {
				t.Errorf("answer %s %q, want %s %q", answer.Outcome(), answer.Text("message"), row.outcome, row.message)
			}
		})
	}
}

func TestWrongCodes(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()

		t.Run("four are forgiven", func(t *testing.T) {
			c := c.In(t)
			email, mail := applicant(t, s)
			for range 4 {
				c.Do(provingByCode(email, wrongCode(mail))).Want(http.StatusBadRequest, "invalid_token")
			}
			c.Do(provingByCode(email, mail.Code)).Want(http.StatusOK, "")
		})

		t.Run("five end every code of the address, and no link", func(t *testing.T) {
			c := c.In(t)
			email, first := applicant(t, s)
			c.Do(registering(email, testkit.Object{"password": "of the second one"})).Want(http.StatusCreated, "")
			second := s.Mail(email, 2)
			for range 5 {
				c.Do(provingByCode(email, wrongCode(first, second))).Want(http.StatusBadRequest, "invalid_token")
			}
			c.Do(provingByCode(email, first.Code)).Want(http.StatusBadRequest, "invalid_token")
			c.Do(provingByCode(email, second.Code)).Want(http.StatusBadRequest, "invalid_token")
			c.Do(proving(second.Token())).Want(http.StatusOK, "")
			c.Do(loggingIn(email, "of the second one")).Want(http.StatusOK, "")
		})

		t.Run("they are counted for their address alone", func(t *testing.T) {
			c := c.In(t)
			email, mail := applicant(t, s)
			other, otherMail := applicant(t, s)
			for range 6 {
				c.Do(provingByCode(email, wrongCode(mail, otherMail))).Want(http.StatusBadRequest, "invalid_token")
			}
			c.Do(provingByCode(other, mail.Code)).Want(http.StatusBadRequest, "invalid_token")
			c.Do(provingByCode(other, otherMail.Code)).Want(http.StatusOK, "")
		})

		t.Run("what is no code is not counted", func(t *testing.T) {
			c := c.In(t)
			email, mail := applicant(t, s)
			for range 6 {
				c.Do(provingByCode(email, "abc")).Want(http.StatusBadRequest, "invalid_token")
			}
			c.Do(provingByCode(email, mail.Code)).Want(http.StatusOK, "")
		})

		t.Run("parallel ones get no more than five tries", func(t *testing.T) {
			c := c.In(t)
			email, mail := applicant(t, s)
			n, err := strconv.Atoi(mail.Code)
			if err != nil {
				t.Fatal(err)
			}
			tally := persistent(t, c, 40, func(i int) testkit.Request {
				return provingByCode(email, fmt.Sprintf("%06d", (n+1+i)%1_000_000))
			})
			if diff := cmp.Diff(map[string]int{notAToken: 40}, tally); diff != "" {
				t.Errorf("answers (-want +got):\n%s", diff)
			}
			if tries := s.Record().Count("SELECT tries FROM flows WHERE address = ?", email); tries != 5 {
				t.Errorf("%d tries were counted", tries)
			}
			c.Do(provingByCode(email, mail.Code)).Want(http.StatusBadRequest, "invalid_token")
		})
	})
}

func TestACodeWorksForTenMinutes(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	c := s.Client()
	late, lateMail := applicant(t, s)
	s.Move(time.Minute)
	intime, intimeMail := applicant(t, s)
	s.Move(9 * time.Minute)
	c.Do(provingByCode(late, lateMail.Code)).Want(http.StatusBadRequest, "invalid_token")
	c.Do(provingByCode(intime, intimeMail.Code)).Want(http.StatusOK, "")
	c.Do(proving(lateMail.Token())).Want(http.StatusOK, "")
}

func TestGuessingCodesIsLimitedLikeGuessingPasswords(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on"}})
	c := s.Client()
	email, mail := applicant(t, s)
	for range 5 {
		c.Do(provingByCode(email, wrongCode(mail))).Want(http.StatusBadRequest, "invalid_token")
		c.Do(loggingIn(email, "not the password at all")).Want(http.StatusUnauthorized, "invalid_credentials")
	}
	answer := c.Do(provingByCode(email, mail.Code)).Want(http.StatusTooManyRequests, "rate_limited")
	if answer.Header.Get("Retry-After") == "" || answer.Header.Get("RateLimit-Limit") != "10" {
		t.Errorf("Retry-After %q, RateLimit-Limit %q", answer.Header.Get("Retry-After"), answer.Header.Get("RateLimit-Limit"))
	}
	c.Do(proving(mail.Token())).Want(http.StatusOK, "") // the owner has the link
}
