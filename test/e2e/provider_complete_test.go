package e2e_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/idp/idp"
	"github.com/signet-auth/signet/test/testkit"
)

// completing goes on with a continuation.
func completing(continuation, bearer string, more body) testkit.Request {
	return testkit.Request{
		Path: "/api/oauth/complete", Bearer: bearer, Body: with(body{"continuation": continuation, "code_verifier": newApplication().verifier}, more),
	}
}

// TestALoginThatNeedsAnotherProofGoesOn is federation.md §7: what an application does with a continuation.
func TestALoginThatNeedsAnotherProofGoesOn(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := startFederated(t, b, nil, "google", "discord", "facebook")
		record := f.Record()
		confirm := body{"confirm": true}
		linkRequired := func(t *testing.T, account testkit.Account, subject string) string {
			t.Helper()
			home := f.outcome(t, "discord", idp.Person{Subject: subject, Email: account.Email, Verified: true, GivenName: "Ada"})
			if home.Get("error") != "link_required" {
				t.Fatalf("%v", home)
			}
			return home.Get("continuation")
		}
		emailRequired := func(t *testing.T, subject string) string {
			t.Helper()
			home := f.outcome(t, "facebook", idp.Person{Subject: subject, GivenName: "Grace"})
			if home.Get("error") != "email_required" {
				t.Fatalf("%v", home)
			}
			return home.Get("continuation")
		}

		t.Run("link_required: the person logs in and confirms", func(t *testing.T) {
			account, stranger := f.NewAccount(), f.NewAccount()
			continuation := linkRequired(t, account, "100")
			offer := f.api.In(t).Do(completing(continuation, "", nil)).Want(http.StatusOK, "")
			if offer.Text("reason") != "link_required" || offer.Text("email") != account.Email || offer.Text("display_name") != "Discord" || len(offer.JSON()["actions"].([]any)) != 1 {
				t.Errorf("%s", offer.Body)
			}
			f.api.In(t).Do(completing(continuation, "", confirm)).Want(http.StatusUnauthorized, "token_missing")
			f.api.In(t).Do(completing(continuation, f.api.Login(stranger).Access, confirm)).Want(http.StatusConflict, "link_required")
			f.api.In(t).Do(completing(continuation, "", body{"email": testkit.NewAddress()})).Want(http.StatusConflict, "link_required")
			wrong := completing(continuation, f.api.Login(account).Access, confirm)
			wrong.Body.(body)["code_verifier"] = strings.Repeat("w", 43)
			f.api.In(t).Do(wrong).Want(http.StatusBadRequest, "invalid_token")
			old := f.api.Login(account).Access
			f.Move(10*time.Minute + time.Second)
			f.api.In(t).Do(completing(continuation, old, confirm)).Want(http.StatusForbidden, "reauth_required")
			in := f.api.Login(account).Access
			for range 2 { // again is no change
				linked := f.api.In(t).Do(completing(continuation, in, confirm)).Want(http.StatusOK, "")
				if linked.Text("identity.provider") != "discord" {
					t.Errorf("%s", linked.Body)
				}
			}
			f.Mail(account.Email, 2)
			if got := f.exchanged(t, f.outcome(t, "discord", idp.Person{Subject: "100"})).Text("user.id"); got != account.ID {
				t.Errorf("the next login is %s", got)
			}
			if events := record.Events(domain.EventIdentityLinked, account.ID); len(events) != 1 || events[0].Details["how"] != "confirmed" || events[0].Details["provider"] != "discord" {
				t.Errorf("%+v", events)
			}
		})
		t.Run("a continuation lives half an hour, and a newer one of the identity ends it", func(t *testing.T) {
			account := f.NewAccount()
			first := linkRequired(t, account, "101")
			second := linkRequired(t, account, "101")
			f.api.In(t).Do(completing(first, "", nil)).Want(http.StatusBadRequest, "invalid_token")
			f.Move(29 * time.Minute)
			f.api.In(t).Do(completing(second, "", nil)).Want(http.StatusOK, "")
			f.Move(time.Minute)
			f.api.In(t).Do(completing(second, "", nil)).Want(http.StatusBadRequest, "invalid_token")
			f.api.In(t).Do(completing("sgco_"+strings.Repeat("0", 43), "", nil)).Want(http.StatusBadRequest, "invalid_token")
			f.api.In(t).Do(completing(second, "", body{"confirm": true, "email": "a@example.com"})).Want(http.StatusBadRequest, "invalid_request")
		})
		t.Run("an identity that somebody else has links to nobody", func(t *testing.T) {
			account, other := f.NewAccount(), f.NewAccount()
			continuation := emailRequired(t, "102")
			f.api.In(t).Do(completing(continuation, f.api.Login(other).Access, confirm)).Want(http.StatusOK, "")
			f.api.In(t).Do(completing(continuation, f.api.Login(account).Access, confirm)).Want(http.StatusConflict, "identity_taken")
		})
		t.Run("email_required: a mailed code makes the account", func(t *testing.T) {
			address := testkit.NewAddress()
			continuation := emailRequired(t, "103")
			f.api.In(t).Do(completing(continuation, "", body{"code": "123456"})).Want(http.StatusBadRequest, "invalid_token")
			f.api.In(t).Do(completing(continuation, "", body{"email": "nonsense"})).Want(http.StatusBadRequest, "invalid_request")
			f.api.In(t).Do(completing(continuation, "", body{"email": address})).Want(http.StatusAccepted, "")
			mail := f.Mail(address, 1)
			if mail.Code == "" || len(mail.Links) > 0 { // a link would tie a stranger's identity to its reader (Keycloak CVE-2026-9087)
				t.Fatalf("%+v", mail)
			}
			other := emailRequired(t, "104")
			f.api.In(t).Do(completing(other, "", body{"code": mail.Code})).Want(http.StatusBadRequest, "invalid_token")
			continuationless := completing("", "", body{"code": mail.Code})
			f.api.In(t).Do(continuationless).Want(http.StatusBadRequest, "invalid_request")
			in := f.api.In(t).Do(completing(continuation, "", body{"code": mail.Code})).Want(http.StatusOK, "")
			if in.Text("user.email") != address || in.JSON()["created"] != true || in.Text("user.first_name") != "Grace" {
				t.Errorf("%s", in.Body)
			}
			f.api.In(t).Do(completing(continuation, "", body{"code": mail.Code})).Want(http.StatusBadRequest, "invalid_token")
			if got := f.exchanged(t, f.outcome(t, "facebook", idp.Person{Subject: "103"})).Text("user.id"); got != in.Text("user.id") {
				t.Errorf("the next login is %s", got)
			}
		})
		t.Run("of a code five guesses are judged, over all its mails", func(t *testing.T) {
			address := testkit.NewAddress()
			continuation := emailRequired(t, "105")
			ask := completing(continuation, "", body{"email": address})
			f.api.In(t).Do(ask).Want(http.StatusAccepted, "")
			f.Mail(address, 1)
			for range 3 {
				f.api.In(t).Do(completing(continuation, "", body{"code": wrongCode(f.Mails(address)...)})).Want(http.StatusBadRequest, "invalid_token")
			}
			f.api.In(t).Do(ask).Want(http.StatusAccepted, "")
			f.Mail(address, 2)
			for range 2 {
				f.api.In(t).Do(completing(continuation, "", body{"code": wrongCode(f.Mails(address)...)})).Want(http.StatusBadRequest, "invalid_token")
			}
			for _, mail := range f.Mails(address) {
				f.api.In(t).Do(completing(continuation, "", body{"code": mail.Code})).Want(http.StatusBadRequest, "invalid_token")
			}
			for range 3 { // and three mails are all there are
				f.api.In(t).Do(ask).Want(http.StatusAccepted, "")
			}
			f.Settled()
			if n := len(f.Mails(address)); n != 3 {
				t.Errorf("%d mails", n)
			}
		})
		t.Run("the answer for an address that has an account is the same, and its owner gets a word", func(t *testing.T) {
			account, free := f.NewAccount(), testkit.NewAddress()
			f.Settled()
			continuation := emailRequired(t, "106")
			known := f.api.In(t).Do(completing(continuation, "", body{"email": account.Email})).Want(http.StatusAccepted, "")
			unknown := f.api.In(t).Do(completing(continuation, "", body{"email": free})).Want(http.StatusAccepted, "")
			if string(known.Body) != string(unknown.Body) {
				t.Errorf("%s\n%s", known.Body, unknown.Body)
			}
			if mail := f.Mail(account.Email, 2); mail.Code != "" || !strings.Contains(mail.Subject, "already has an account") {
				t.Errorf("%+v", mail)
			}
			f.Mail(free, 1)
		})
		t.Run("five guesses are all there are also when the first code has lapsed", func(t *testing.T) {
			address := testkit.NewAddress()
			continuation := emailRequired(t, "112")
			ask := completing(continuation, "", body{"email": address})
			f.api.In(t).Do(ask).Want(http.StatusAccepted, "")
			f.Mail(address, 1)
			for range 5 {
				f.api.In(t).Do(completing(continuation, "", body{"code": wrongCode(f.Mails(address)...)})).Want(http.StatusBadRequest, "invalid_token")
			}
			f.Move(15 * time.Minute)
			f.api.In(t).Do(ask).Want(http.StatusAccepted, "")
			f.api.In(t).Do(completing(continuation, "", body{"code": f.Mail(address, 2).Code})).Want(http.StatusBadRequest, "invalid_token")
		})
		t.Run("the account has the address as it was typed: mail goes there", func(t *testing.T) {
			typed := "Ada." + testkit.NewAddress()
			continuation := emailRequired(t, "113")
			f.api.In(t).Do(completing(continuation, "", body{"email": typed})).Want(http.StatusAccepted, "")
			in := f.api.In(t).Do(completing(continuation, "", body{"code": f.Mail(typed, 1).Code})).Want(http.StatusOK, "")
			if kept := record.Text("SELECT email FROM users WHERE id = ?", in.Text("user.id")); kept != typed {
				t.Errorf("kept as %s", kept)
			}
		})
		t.Run("an address that has become an account's meanwhile is that account's", func(t *testing.T) {
			address := testkit.NewAddress()
			continuation := emailRequired(t, "107")
			f.api.In(t).Do(completing(continuation, "", body{"email": address})).Want(http.StatusAccepted, "")
			code := f.Mail(address, 1).Code
			f.exchanged(t, f.outcome(t, "discord", idp.Person{Subject: "108", Email: address, Verified: true}))
			f.api.In(t).Do(completing(continuation, "", body{"code": code})).Want(http.StatusConflict, "link_required")
		})
		t.Run("without an application it goes on where the login began with a challenge", func(t *testing.T) {
			f.idp.Facebook.Login(idp.Person{Subject: "109"})
			app := newApplication()
			answer := f.visitor(t).logIn("facebook", url.Values{"code_challenge": {app.challenge}}).Want(http.StatusForbidden, "email_required")
			f.api.In(t).Do(completing(answer.Text("continuation"), "", nil)).Want(http.StatusOK, "")
			if bare := f.visitor(t).logIn("facebook", url.Values{}).Want(http.StatusForbidden, "email_required"); bare.JSON()["continuation"] != nil {
				t.Errorf("%s", bare.Body)
			}
		})
	})
}

// TestGuessesAtACodeTellNothingOfTheAddress: who asks for a code to an address must not learn by its wrong ones whether it has an account
// (ASVS 6.3.8).
func TestGuessesAtACodeTellNothingOfTheAddress(t *testing.T) {
	t.Parallel()
	f := startFederated(t, testkit.Embedded, map[string]string{"RATE_LIMITS": "on"}, "facebook")
	guesses := func(subject, address string) (outcomes []string) {
		home := f.outcome(t, "facebook", idp.Person{Subject: subject})
		f.api.Do(completing(home.Get("continuation"), "", body{"email": address})).Want(http.StatusAccepted, "")
		f.Settled()
		for i := range 12 {
			outcomes = append(outcomes, f.api.Do(completing(home.Get("continuation"), "", body{"code": strconv.Itoa(100000 + i)})).Outcome())
		}
		return outcomes
	}
	known, free := guesses("1", f.NewAccount().Email), guesses("2", testkit.NewAddress())
	if !slices.Equal(known, free) || known[0] != "400 invalid_token" || known[11] != "429 rate_limited" {
		t.Errorf("known %v\nfree  %v", known, free)
	}
}
