package e2e_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/race"
)

// persistent sends n requests at the same moment, each again as long as it is answered 503: what a client does whose request
// was shed, because fifty at one lock are more than a busy machine serves in time. It counts the final answers.
func persistent(t *testing.T, c *testkit.Client, n int, request func(i int) testkit.Request) map[string]int {
	t.Helper()
	type outcome struct {
		text string
		err  error
	}
	counts := map[string]int{}
	for _, o := range race.Together(n, func(i int) outcome {
		for {
			answer, err := c.Try(request(i))
			if err != nil || answer.Status != http.StatusServiceUnavailable {
				return outcome{answer.Outcome(), err}
			}
		}
	}) {
		if o.err != nil {
			t.Fatal(o.err)
		}
		counts[o.text]++
	}
	return counts
}

func TestFiftyRegistrationsOfOneAddressMakeOneUser(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record, email := s.Client(), s.Record(), testkit.NewAddress()
		tally := persistent(t, c, 50, func(int) testkit.Request { return registering(email) })
		if diff := cmp.Diff(map[string]int{"201": 50}, tally); diff != "" {
			t.Fatalf("answers (-want +got):\n%s", diff)
		}
		s.Settled()
		if n := record.Count("SELECT count(*) FROM registrations"); n != 5 {
			t.Errorf("%d registrations are alive, want 5", n)
		}
		mails := s.Mails(email)
		if len(mails) < 5 {
			t.Fatalf("%d mails, want one for each that is alive at least", len(mails))
		}
		answers := persistent(t, c, len(mails), func(i int) testkit.Request { return proving(mails[i].Token()) })
		if diff := cmp.Diff(map[string]int{proved: 1, notAToken: len(mails) - 1}, answers); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if users := record.Count("SELECT count(*) FROM users WHERE email_canonical = ?", email); users != 1 {
			t.Errorf("%d users", users)
		}
		if n := record.Rows()["registrations"]; n != 0 {
			t.Errorf("%d registrations stay", n)
		}
		c.Do(loggingIn(email, testkit.Password)).Want(http.StatusOK, "")
	})
}

func TestFiftyUsesOfOneSecretAreOneSuccess(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		for name, request := range map[string]func(email string, m testkit.Mail, i int) testkit.Request{
			"link": func(_ string, m testkit.Mail, _ int) testkit.Request { return proving(m.Token()) },
			"code": func(email string, m testkit.Mail, _ int) testkit.Request { return provingByCode(email, m.Code) },
			"link and code in turn": func(email string, m testkit.Mail, i int) testkit.Request {
				if i%2 == 0 {
					return following(http.MethodPost, m.Token(), "")
				}
				return provingByCode(email, m.Code)
			},
		} {
			t.Run(name, func(t *testing.T) {
				email, mail := applicant(t, s)
				tally := persistent(t, s.Client().In(t), 50, func(i int) testkit.Request { return request(email, mail, i) })
				if diff := cmp.Diff(map[string]int{proved: 1, notAToken: 49}, tally); diff != "" {
					t.Errorf("answers (-want +got):\n%s", diff)
				}
				if users := s.Record().Count("SELECT count(*) FROM users WHERE email_canonical = ?", email); users != 1 {
					t.Errorf("%d users", users)
				}
			})
		}
	})
}

func TestAProofAndAResendAtOnceLeaveNothingOpen(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		email, mail := applicant(t, s)
		tally := persistent(t, s.Client(), 20, func(i int) testkit.Request {
			if i%2 == 0 {
				return resending(email)
			}
			return proving(mail.Token())
		})
		if tally["202"] != 10 || tally[proved] > 1 || tally[proved]+tally[notAToken] != 10 {
			t.Errorf("answers %v", tally)
		}
		s.Settled()
		if tally[proved] == 0 { // a resend was faster: of its mails, which may arrive in any order, one has the link that counts
			mails := s.Mails(email)
			tally = persistent(t, s.Client(), len(mails), func(i int) testkit.Request { return proving(mails[i].Token()) })
			if tally[proved] != 1 {
				t.Errorf("the links of all mails answer %v", tally)
			}
		}
		open := s.Record().Count("SELECT count(*) FROM flows WHERE address = ? AND consumed_at IS NULL", email)
		if users := s.Record().Count("SELECT count(*) FROM users WHERE email_canonical = ?", email); users != 1 || open != 0 {
			t.Errorf("%d users and %d open flows", users, open)
		}
	})
}
