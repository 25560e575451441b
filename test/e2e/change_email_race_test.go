package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

func TestFiftyProofsOfOneChangeOfAddressAreOneSuccess(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		account, to := s.NewAccount(), testkit.NewAddress()
		token := asked(t, s, c.Login(account).Access, to, account.Password)
		tally := persistent(t, c, 50, func(i int) testkit.Request {
			if i%2 == 0 {
				return movingIn(token)
			}
			return testkit.Request{Method: http.MethodPost, Path: "/api/auth/change-email/" + token}
		})
		if diff := cmp.Diff(map[string]int{"200": 1, notAToken: 49}, tally); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		s.Settled()
		if n := len(s.Mails(account.Email)); n != 3 { // registration, asked, changed
			t.Errorf("%d mails to the old address", n)
		}
		c.Do(loggingIn(to, account.Password)).Want(http.StatusOK, "")
	})
}

func TestManyAccountsThatWantOneAddressAreOneWinner(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record, to := s.Client(), s.Record(), testkit.NewAddress()
		tokens := make([]string, 8)
		for i := range tokens {
			account := s.NewAccount()
			tokens[i] = asked(t, s, c.Login(account).Access, to, account.Password)
		}
		c.Do(registering(to)).Want(http.StatusCreated, "") // and somebody who registers it
		s.Eventually(15*time.Second, func() bool { return len(links(s, to)) == len(tokens)+1 })
		registration := links(s, to)[0]
		tally := persistent(t, c, 2*len(tokens)+2, func(i int) testkit.Request {
			if i >= 2*len(tokens) {
				return proving(registration)
			}
			return movingIn(tokens[i/2])
		})
		if diff := cmp.Diff(map[string]int{"200": 1, notAToken: 2*len(tokens) + 1}, tally); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		if n := record.Count("SELECT count(*) FROM users WHERE email_canonical = ?", to); n != 1 {
			t.Errorf("%d users have the address", n)
		}
	})
}

func TestAProofAndNewerRequestsAtOnceLeaveOneWinner(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		account, to := s.NewAccount(), testkit.NewAddress()
		in := c.Login(account)
		token := asked(t, s, in.Access, to, account.Password)
		next := make([]string, 5)
		for i := range next {
			next[i] = testkit.NewAddress()
		}
		tally := persistent(t, c, 10, func(i int) testkit.Request {
			if i%2 == 0 {
				return movingIn(token)
			}
			return moving(in.Access, next[i/2], account.Password)
		})
		// A request during whose hash the address changed is refused: it was made with credentials that are no more.
		if tally["200"] > 1 || tally["200"]+tally[notAToken] != 5 || tally["202"]+tally["401 invalid_credentials"] != 5 {
			t.Errorf("answers %v", tally)
		}
		s.Settled()
		if open := record.Count("SELECT count(*) FROM flows WHERE subject = ? AND purpose = 'change_email' AND consumed_at IS NULL", account.ID); open > 1 {
			t.Errorf("%d requests are open", open)
		}
		won := 0
		for _, address := range next {
			for _, mail := range s.Mails(address) {
				if mail.Token() != "" && c.Do(movingIn(mail.Token())).Status == http.StatusOK {
					won++
				}
			}
		}
		if won > 1 {
			t.Errorf("%d of the newer requests were proved", won)
		}
	})
}

// Not parallel: it is about time.
func TestAChangeOfAddressIsSeenByEveryReplicaWithinASecond(t *testing.T) {
	a := testkit.Start(t, testkit.Options{Backends: testkit.Production})
	b := a.Replica(nil)
	settled(a, b)
	account, to := a.NewAccount(), testkit.NewAddress()
	in := a.Client().Login(account)
	b.Client().Me(in.Access).Want(http.StatusOK, "") // remembered there
	a.Client().Do(moving(in.Access, to, account.Password)).Want(http.StatusAccepted, "")
	a.Client().Do(movingIn(a.Mail(to, 1).Token())).Want(http.StatusOK, "")
	b.Eventually(promise, func() bool { return b.Client().Me(in.Access).Text("user.email") == to })
}
