package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
)

// absent, as the value of a member, leaves it out.
type absent struct{}

// registering is the request that registers an address; members are added to its body, or replaced.
func registering(email string, members ...testkit.Object) testkit.Request {
	body := testkit.Object{"email": email, "password": testkit.Password}
	for _, more := range members {
		for name, value := range more {
			if body[name] = value; value == (absent{}) {
				delete(body, name)
			}
		}
	}
	return testkit.Request{Path: "/api/auth/register", Body: body}
}

// loggingIn is the request that logs in.
func loggingIn(email, password string) testkit.Request {
	return testkit.Request{Path: "/api/auth/login", Body: testkit.Object{"email": email, "password": password}}
}

// applicant registers a fresh address and returns it with the mail that proves it.
func applicant(t *testing.T, s *testkit.Server) (string, testkit.Mail) {
	t.Helper()
	email := testkit.NewAddress()
	s.Client().Do(registering(email)).Want(http.StatusCreated, "")
	return email, s.Mail(email, 1)
}

func TestStrictRegistrationOfATakenAddress(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		owner := s.NewAccount()
		s.Settled()
		before := record.Rows()

		const guess = "the password of a stranger"
		free := c.Do(registering(testkit.NewAddress())).Want(http.StatusCreated, "")
		taken := c.Do(registering(owner.Email, testkit.Object{"password": guess, "first_name": "Mallory"})).Want(http.StatusCreated, "")

		if diff := cmp.Diff(normalised(free), normalised(taken)); diff != "" {
			t.Errorf("the answers tell a free address from a taken one (-free +taken):\n%s", diff)
		}
		if id := taken.Text("user_id"); id == owner.ID || id == free.Text("user_id") {
			t.Errorf("the id %s is not a fresh one", id)
		}
		again := c.Do(registering(owner.Email)).Want(http.StatusCreated, "")
		if again.Text("user_id") == taken.Text("user_id") {
			t.Error("a taken address gets the same id each time, which a free one does not")
		}

		s.Settled()
		mails := s.Mails(owner.Email)
		if len(mails) != 3 {
			t.Fatalf("the owner has %d mails, want the verification and two notes", len(mails))
		}
		note := mails[0]
		if !strings.Contains(note.Subject, "already has an account") || note.Code != "" || len(note.Links) > 0 || strings.Contains(note.Text, "Mallory") {
			t.Errorf("the note to the owner is %q with code %q, links %q\n%s", note.Subject, note.Code, note.Links, note.Text)
		}
		after := record.Rows()
		for _, table := range []string{"users", "principals", "assignments"} {
			if after[table] != before[table] {
				t.Errorf("%s has %d rows, had %d", table, after[table], before[table])
			}
		}
		if n := record.Count("SELECT count(*) FROM registrations WHERE email_canonical = ?", owner.Email); n != 0 {
			t.Errorf("%d registrations of the taken address stay", n)
		}
		c.Do(loggingIn(owner.Email, guess)).Want(http.StatusUnauthorized, "invalid_credentials")
		c.Do(loggingIn(owner.Email, owner.Password)).Want(http.StatusOK, "")
	})
}

func TestOneAddressIsOneAccountHoweverItIsSpelt(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"REGISTRATION_MODE": "friendly"}})
		c := s.Client()
		s.Register("Grace.Hopper@XN--bcher-kva.Example")
		for _, spelling := range []string{
			"grace.hopper@bücher.example", "GRACE.HOPPER@BÜCHER.EXAMPLE", "grace.hopper@bu\u0308cher.example",
			"grace.hopper@ｂücher.example", "grace.hopper@bücher。example",
		} {
			c.Do(registering(spelling)).Want(http.StatusConflict, "email_taken")
			c.Do(loggingIn(spelling, testkit.Password)).Want(http.StatusOK, "")
		}
		for _, lookAlike := range []string{"grace.hopper@bucher.example", "grace.hopper@bücheг.example", "grace.h0pper@bücher.example"} {
			c.Do(registering(lookAlike)).Want(http.StatusCreated, "")
		}
	})
}

func TestFriendlyRegistration(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{"REGISTRATION_MODE": "friendly"}})
	c := s.Client()
	owner := s.NewAccount()

	refused := c.Do(registering(owner.Email)).Want(http.StatusConflict, "email_taken")
	if !strings.Contains(refused.Text("message"), "already registered") {
		t.Errorf("the message is %q", refused.Text("message"))
	}
	waiting, _ := applicant(t, s)
	c.Do(registering(waiting)).Want(http.StatusCreated, "") // pending is not taken: anybody could keep anybody out
	s.Settled()
	if n := len(s.Mails(owner.Email)); n != 1 {
		t.Errorf("the owner has %d mails, want none beyond the verification", n)
	}
}

func TestClosedRegistration(t *testing.T) {
	t.Parallel()
	for _, door := range []string{"off", "invite"} {
		t.Run(door, func(t *testing.T) {
			t.Parallel()
			s := testkit.Start(t, testkit.Options{Env: map[string]string{"REGISTRATION": door}})
			before := s.Record().Rows()
			s.Client().Do(registering(testkit.NewAddress())).Want(http.StatusForbidden, "forbidden")
			s.Settled()
			if diff := cmp.Diff(before, s.Record().Rows()); diff != "" {
				t.Errorf("rows (-before +after):\n%s", diff)
			}
		})
	}
}

func TestOptionalVerification(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Env: map[string]string{
		"EMAIL_VERIFICATION": "optional", "REGISTRATION_MODE": "friendly",
	}})
	c := s.Client()
	account := testkit.Account{Email: testkit.NewAddress(), Password: testkit.Password}
	account.ID = c.Do(registering(account.Email)).Want(http.StatusCreated, "").Text("user_id")

	in := c.Login(account)
	if claims := s.VerifyToken(in.Access); claims["email_verified"] != false || claims["sub"] != account.ID {
		t.Errorf("the token says email_verified %v, sub %v", claims["email_verified"], claims["sub"])
	}
	if me := c.Me(in.Access).Want(http.StatusOK, ""); me.JSON()["user"].(testkit.Object)["is_email_verified"] != false {
		t.Errorf("me answers %s", me.Body)
	}
	c.Do(registering(account.Email)).Want(http.StatusConflict, "email_taken")

	first := s.Mail(account.Email, 1)
	c.Do(resending(account.Email)).Want(http.StatusAccepted, "")
	second := s.Mail(account.Email, 2)
	c.Do(proving(first.Token())).Want(http.StatusBadRequest, "invalid_token")
	c.Do(proving(second.Token())).Want(http.StatusOK, "")
	c.Do(proving(second.Token())).Want(http.StatusBadRequest, "invalid_token")

	if me := c.Me(in.Access).Want(http.StatusOK, ""); me.JSON()["user"].(testkit.Object)["is_email_verified"] != true {
		t.Errorf("me answers %s after the proof", me.Body)
	}
	fresh := c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("access_token")
	if claims := s.VerifyToken(fresh); claims["email_verified"] != true {
		t.Errorf("the token says email_verified %v after the proof", claims["email_verified"])
	}
	c.Do(resending(account.Email)).Want(http.StatusAccepted, "")
	s.Settled()
	if n := len(s.Mails(account.Email)); n != 2 {
		t.Errorf("%d mails, want none after the proof", n)
	}
}

func TestPendingRegistrationsOfOneAddress(t *testing.T) {
	t.Parallel()
	t.Run("a sixth drops the oldest", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{})
		c, email := s.Client(), testkit.NewAddress()
		var links []string
		for i := range 6 {
			c.Do(registering(email)).Want(http.StatusCreated, "")
			links = append(links, s.Mail(email, i+1).Token())
		}
		if n := s.Record().Count("SELECT count(*) FROM registrations"); n != 5 {
			t.Errorf("%d registrations are alive, want 5", n)
		}
		c.Do(proving(links[0])).Want(http.StatusBadRequest, "invalid_token")
		c.Do(proving(links[1])).Want(http.StatusOK, "")
	})

	t.Run("the one that is proved counts and the others are gone", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{})
		c, email := s.Client(), testkit.NewAddress()
		var mails []testkit.Mail
		var ids []string
		for i, password := range []string{"the first of three", "the second of three", "the third of three"} {
			answer := c.Do(registering(email, testkit.Object{"password": password})).Want(http.StatusCreated, "")
			ids = append(ids, answer.Text("user_id"))
			mails = append(mails, s.Mail(email, i+1))
		}
		c.Do(proving(mails[1].Token())).Want(http.StatusOK, "")
		for _, i := range []int{0, 2} {
			c.Do(proving(mails[i].Token())).Want(http.StatusBadRequest, "invalid_token")
			c.Do(provingByCode(email, mails[i].Code)).Want(http.StatusBadRequest, "invalid_token")
		}
		c.Do(loggingIn(email, "the first of three")).Want(http.StatusUnauthorized, "invalid_credentials")
		c.Do(loggingIn(email, "the third of three")).Want(http.StatusUnauthorized, "invalid_credentials")
		if in := c.Do(loggingIn(email, "the second of three")).Want(http.StatusOK, ""); in.Text("user.id") != ids[1] {
			t.Errorf("the user is %s, want the id that the second registration answered, %s", in.Text("user.id"), ids[1])
		}
		if n := s.Record().Count("SELECT (SELECT count(*) FROM registrations) + (SELECT count(*) FROM flows WHERE consumed_at IS NULL)"); n != 0 {
			t.Errorf("%d registrations and open flows stay", n)
		}
	})

	t.Run("it is gone after seven days", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{"VERIFY_TTL": "30d"}})
		c := s.Client()
		late, lateMail := applicant(t, s)
		s.Move(7*24*time.Hour - time.Minute)
		c.Do(loggingIn(late, testkit.Password)).Want(http.StatusForbidden, "email_not_verified")
		intime, intimeMail := applicant(t, s)
		s.Move(time.Minute)
		c.Do(loggingIn(late, testkit.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
		c.Do(proving(lateMail.Token())).Want(http.StatusBadRequest, "invalid_token")
		c.Do(resending(late)).Want(http.StatusAccepted, "")
		s.Settled()
		if n := len(s.Mails(late)); n != 1 {
			t.Errorf("an expired registration got %d mails, want the first only", n)
		}
		c.Do(proving(intimeMail.Token())).Want(http.StatusOK, "")
		c.Do(loggingIn(intime, testkit.Password)).Want(http.StatusOK, "")
	})
}

func TestRegistrationMailLimits(t *testing.T) {
	t.Parallel()
	t.Run("three an hour for an address, then the same answer and nothing sent", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on", "LIMIT_MAIL": "3/1h", "LIMIT_MAIL_BLOCK": "20/1h"}})
		c, email := s.Client(), testkit.NewAddress()
		first := c.Do(registering(email)).Want(http.StatusCreated, "")
		c.Do(registering(email)).Want(http.StatusCreated, "")
		c.Do(resending(email)).Want(http.StatusAccepted, "") // one budget for every mail that a stranger can cause
		s.Settled()
		registrations := s.Record().Rows()["registrations"]

		over := c.Do(registering(email, testkit.Object{"password": "one registration too many"})).Want(http.StatusCreated, "")
		c.Do(resending(email)).Want(http.StatusAccepted, "")
		if diff := cmp.Diff(normalised(first), normalised(over)); diff != "" {
			t.Errorf("the answer tells that the limit was hit (-first +over):\n%s", diff)
		}
		s.Settled()
		if n := len(s.Mails(email)); n != 3 {
			t.Errorf("%d mails, want 3", n)
		}
		if n := s.Record().Rows()["registrations"]; n != registrations+1 {
			t.Errorf("%d registrations, want %d: the owner's own may be the one over the limit, and waits for a later mail", n, registrations+1)
		}
		s.Move(20 * time.Minute)
		c.Do(resending(email)).Want(http.StatusAccepted, "")
		c.Do(proving(s.Mail(email, 4).Token())).Want(http.StatusOK, "")
		c.Do(loggingIn(email, "one registration too many")).Want(http.StatusOK, "")
	})

	t.Run("twenty an hour for an address block", func(t *testing.T) {
		s := testkit.Start(t, testkit.Options{Env: map[string]string{"RATE_LIMITS": "on", "LIMIT_MAIL": "3/1h", "LIMIT_MAIL_BLOCK": "20/1h"}})
		c := s.Client()
		emails := make([]string, 22)
		for i := range emails {
			emails[i] = testkit.NewAddress()
			c.Do(registering(emails[i])).Want(http.StatusCreated, "")
		}
		s.Settled()
		var mailed []bool
		for _, email := range emails {
			mailed = append(mailed, len(s.Mails(email)) == 1)
		}
		if want := append(slices.Repeat([]bool{true}, 20), false, false); !slices.Equal(mailed, want) {
			t.Errorf("mailed %v", mailed)
		}
	})
}
