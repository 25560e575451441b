package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/idp/idp"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/race"
)

// outcome is how a login through a provider ends at its application: the query that the browser brings home.
func (f *federated) outcome(t testing.TB, provider string, who idp.Person) url.Values {
	t.Helper()
	for _, p := range f.idp.Providers() {
		if p.Name == provider {
			p.Login(who)
		}
	}
	return sentHome(t, f.visitor(t).logIn(provider, newApplication().query()))
}

func (f *federated) exchanged(t testing.TB, home url.Values) testkit.Response {
	t.Helper()
	return f.api.In(t).Do(newApplication().exchange(home.Get("code"))).Want(http.StatusOK, "")
}

// TestWhatBecomesOfAnAnswer is the table of federation.md §6 from outside (OA-6: Logto CVE-2026-15611, casdoor CVE-2026-9092, Grafana
// CVE-2022-31107 linked accounts by an address that nobody had to prove).
func TestWhatBecomesOfAnAnswer(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := startFederated(t, b, nil, "google", "discord", "github", "facebook")
		gmail := func() string { return strings.Replace(testkit.NewAddress(), "@example.com", "@gmail.com", 1) }

		t.Run("an old proof of a verified account's address links nothing", func(t *testing.T) {
			account := f.NewAccount()
			home := f.outcome(t, "discord", idp.Person{Email: account.Email, Verified: true})
			if home.Get("error") != "link_required" || !strings.HasPrefix(home.Get("continuation"), "sgco_") || home.Has("code") {
				t.Errorf("%v", home)
			}
			if n := f.Record().Count("SELECT count(*) FROM identities WHERE user_id = ?", account.ID); n != 0 {
				t.Errorf("%d identities", n)
			}
		})
		t.Run("the word of the one that runs the mailbox links, with a mail", func(t *testing.T) {
			account := f.Register(gmail())
			in := f.exchanged(t, f.outcome(t, "google", idp.Person{Email: strings.ToUpper(account.Email[:1]) + account.Email[1:], Verified: true}))
			if in.Text("user.id") != account.ID || in.JSON()["created"] != false {
				t.Errorf("%s", in.Body)
			}
			if mail := f.Mail(account.Email, 2); !strings.Contains(mail.Subject, "new way to sign in") {
				t.Errorf("mail %q", mail.Subject)
			}
			f.api.Login(account) // the password is still one
			home := f.outcome(t, "google", idp.Person{Subject: "999", Email: account.Email, Verified: true})
			if home.Get("error") != "link_required" { // the provider gave the address to somebody else
				t.Errorf("another subject: %v", home)
			}
		})
		t.Run("an address that is not proved is none", func(t *testing.T) {
			account := f.NewAccount()
			for provider, who := range map[string]idp.Person{
				"discord": {Email: account.Email}, "google": {Email: account.Email}, "facebook": {Email: account.Email}, "github": {PublicEmail: account.Email, Email: "12+x@users.noreply.github.com", Verified: true},
			} {
				if home := f.outcome(t, provider, who); home.Get("error") != "email_required" || home.Get("continuation") == "" {
					t.Errorf("%s: %v", provider, home)
				}
			}
		})
		t.Run("what a provider says later changes nothing but what is shown of it", func(t *testing.T) {
			address := testkit.NewAddress()
			in := f.exchanged(t, f.outcome(t, "discord", idp.Person{Subject: "4711", Email: address, Verified: true, GivenName: "Ada"}))
			other := f.NewAccount()
			f.api.Me(in.Text("access_token")).Want(http.StatusOK, "")
			again := f.exchanged(t, f.outcome(t, "discord", idp.Person{Subject: "4711", Email: other.Email, Verified: true, GivenName: "Mallory"}))
			if again.Text("user.id") != in.Text("user.id") || again.Text("user.email") != address || again.Text("user.first_name") != in.Text("user.first_name") {
				t.Errorf("%s", again.Body)
			}
			if shown := f.Record().Text("SELECT email FROM identities WHERE subject = '4711'"); shown != other.Email {
				t.Errorf("shown: %s", shown)
			}
			if me := f.api.Me(in.Text("access_token")).Want(http.StatusOK, ""); !strings.Contains(string(me.Body), other.Email) {
				t.Errorf("me: %s", me.Body)
			}
		})
		t.Run("one who is disabled stays out by every door (OA-8: authentik CVE-2025-53942)", func(t *testing.T) {
			address := gmail()
			in := f.exchanged(t, f.outcome(t, "google", idp.Person{Email: address, Verified: true}))
			code := f.outcome(t, "google", idp.Person{Email: address, Verified: true})
			id := in.Text("user.id")
			f.Record().Exec("UPDATE principals SET state = 'disabled', disabled_reason = 'left' WHERE id = ?", id)
			f.Record().Changed(domain.ChangePrincipal, id)
			f.api.In(t).Do(newApplication().exchange(code.Get("code"))).Want(http.StatusForbidden, "account_disabled")
			if home := f.outcome(t, "google", idp.Person{Email: address, Verified: true}); home.Get("error") != "account_disabled" || home.Has("continuation") {
				t.Errorf("the identity: %v", home)
			}
			if home := f.outcome(t, "discord", idp.Person{Email: address, Verified: true}); home.Get("error") != "link_required" {
				t.Errorf("an old proof of the address tells more: %v", home)
			}
		})
		t.Run("a login passes the lock of guesses, and ends it", func(t *testing.T) {
			account := f.Register(gmail())
			for range 3 {
				f.api.In(t).Do(loggingIn(account.Email, "wrong")).Want(http.StatusUnauthorized, "invalid_credentials")
			}
			f.Record().Exec("UPDATE login_failures SET locked_until = ?", f.Clock.Now().Add(time.Hour))
			f.api.In(t).Do(loggingIn(account.Email, account.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
			f.exchanged(t, f.outcome(t, "google", idp.Person{Email: account.Email, Verified: true}))
			f.api.Login(account)
		})
		t.Run("two providers' subjects of one number are two people", func(t *testing.T) {
			one := f.exchanged(t, f.outcome(t, "github", idp.Person{Subject: "1", Email: testkit.NewAddress(), Verified: true}))
			two := f.exchanged(t, f.outcome(t, "discord", idp.Person{Subject: "1", Email: testkit.NewAddress(), Verified: true}))
			if one.Text("user.id") == two.Text("user.id") {
				t.Error("one account")
			}
		})
	})
}

// TestRegistrationThatIsClosedStaysClosed is OA-8 for strangers.
func TestRegistrationThatIsClosedStaysClosed(t *testing.T) {
	t.Parallel()
	f := startFederated(t, testkit.Embedded, map[string]string{"REGISTRATION_DOMAINS": "corp.example,gmail.com", "DISCORD_SIGNUP": "off"}, "google", "discord", "github")
	for name, row := range map[string]struct {
		provider string
		who      idp.Person
		want     string
	}{
		"another domain":                         {"github", idp.Person{Email: "ada@elsewhere.example", Verified: true}, "registration_closed"},
		"a domain that lets in, by an old proof": {"github", idp.Person{Email: "ada@corp.example", Verified: true}, "email_required"},
		"a provider that signs nobody up":        {"discord", idp.Person{Email: "ada@corp.example", Verified: true}, "registration_closed"},
		"the same without address":               {"discord", idp.Person{}, "registration_closed"},
		"one that runs the mailbox":              {"google", idp.Person{Email: "ada@gmail.com", Verified: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if home := f.outcome(t, row.provider, row.who); home.Get("error") != row.want || (row.want == "") != home.Has("code") {
				t.Errorf("%v", home)
			}
		})
	}
	f.api.Do(registering("ada@elsewhere.example")).Want(http.StatusForbidden, "registration_closed")
	f.api.Do(registering("grace@corp.example")).Want(http.StatusCreated, "")
}

// TestPreHijackedAccountsGoToTheOwnerOfTheMailbox is RG-9: the five patterns of "Pre-hijacked accounts" (USENIX Security 2022), each prepared by
// an attacker for an address that is not theirs, and what is left of it once the owner logs in through a provider.
func TestPreHijackedAccountsGoToTheOwnerOfTheMailbox(t *testing.T) {
	t.Parallel()
	f := startFederated(t, testkit.Embedded, map[string]string{"EMAIL_VERIFICATION": "optional", "REGISTRATION_MODE": "friendly"}, "discord", "google")
	record := f.Record()
	attackers := func(t *testing.T, address string) (testkit.Account, testkit.Tokens) {
		t.Helper()
		id := f.api.In(t).Do(registering(address, testkit.Object{"first_name": "Mallory"})).Want(http.StatusCreated, "").Text("user_id")
		account := testkit.Account{ID: id, Email: address, Password: testkit.Password}
		return account, f.api.Login(account)
	}
	owner := func(t *testing.T, account testkit.Account) testkit.Response {
		t.Helper()
		in := f.exchanged(t, f.outcome(t, "discord", idp.Person{Email: account.Email, Verified: true, GivenName: "Ada"}))
		if in.Text("user.id") != account.ID || in.JSON()["created"] != false || in.JSON()["user"].(map[string]any)["is_email_verified"] != true {
			t.Errorf("%s", in.Body)
		}
		return in
	}

	t.Run("classic-federated merge: the attacker's password opens nothing, and their name is gone", func(t *testing.T) {
		account, in := attackers(t, testkit.NewAddress())
		f.api.In(t).Do(patching(in.Access, `{"metadata":{"planted":true}}`)).Want(http.StatusOK, "")
		owners := owner(t, account)
		f.api.In(t).Do(loggingIn(account.Email, account.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
		if devices := exported(t, f.api.In(t), owners.Text("access_token")).Devices; len(devices) != 1 {
			t.Errorf("the attacker's device is among the owner's: %v", devices)
		}
		if strings.Contains(string(owners.Body), "Mallory") || strings.Contains(string(owners.Body), "planted") {
			t.Errorf("%s", owners.Body)
		}
	})
	t.Run("unexpired session: the attacker's session ends", func(t *testing.T) {
		account, in := attackers(t, testkit.NewAddress())
		owner(t, account)
		f.api.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid")
		f.api.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
	})
	t.Run("trojan identifier: the identity that the attacker linked is gone", func(t *testing.T) {
		account, _ := attackers(t, testkit.NewAddress())
		record.Exec(`INSERT INTO identities (id, user_id, issuer, provider, subject, created_at) VALUES (?, ?, 'https://discord.com', 'discord', 'mallory', ?)`,
			newID(), account.ID, f.Clock.Now())
		in := f.exchanged(t, f.outcome(t, "google", idp.Person{Email: "ignored@gmail.com", Verified: true})) // somebody else
		if in.Text("user.id") == account.ID {
			t.Fatal("the wrong account")
		}
		owner(t, account)
		home := f.outcome(t, "discord", idp.Person{Subject: "mallory", Email: testkit.NewAddress(), Verified: true})
		if got := f.exchanged(t, home).Text("user.id"); got == account.ID {
			t.Error("the attacker's identity still opens the account")
		}
	})
	t.Run("unexpired change of address: the link that the attacker asked for opens nothing", func(t *testing.T) {
		account, in := attackers(t, testkit.NewAddress())
		to := testkit.NewAddress()
		f.api.In(t).Do(moving(in.Access, to, account.Password)).Want(http.StatusAccepted, "")
		f.Eventually(15*time.Second, func() bool { return len(links(f.Server, to)) > 0 })
		owner(t, account)
		f.api.In(t).Do(movingIn(links(f.Server, to)[0])).Want(http.StatusBadRequest, "invalid_token")
	})
	t.Run("non-verifying provider: an address that a provider did not prove takes nothing over", func(t *testing.T) {
		account, in := attackers(t, testkit.NewAddress())
		if home := f.outcome(t, "discord", idp.Person{Email: account.Email}); home.Get("error") != "email_required" {
			t.Errorf("%v", home)
		}
		f.api.Me(in.Access).Want(http.StatusOK, "")
	})
	t.Run("an account with roles is not given away by an old proof", func(t *testing.T) {
		account, _ := attackers(t, testkit.NewAddress())
		f.Record().Exec(`INSERT INTO assignments (id, principal_id, role_id, service_id, created_at) SELECT ?, ?, id, service_id, ? FROM roles WHERE id = ?`,
			newID(), account.ID, f.Clock.Now(), domain.RoleUserManager)
		if home := f.outcome(t, "discord", idp.Person{Email: account.Email, Verified: true}); home.Get("error") != "email_required" {
			t.Errorf("%v", home)
		}
	})
	t.Run("pending registrations of the address are void", func(t *testing.T) {
		strict := startFederated(t, testkit.Embedded, nil, "discord")
		address := testkit.NewAddress()
		strict.api.Do(registering(address)).Want(http.StatusCreated, "")
		token := strict.Mail(address, 1).Token()
		strict.exchanged(t, strict.outcome(t, "discord", idp.Person{Email: address, Verified: true}))
		strict.api.Do(proving(token)).Want(http.StatusBadRequest, "invalid_token")
		strict.api.Do(loggingIn(address, testkit.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
	})
}

// TestAnswersOfProvidersThatAreRefused takes what adapters/gothoauth finds all the way home: one of each sort, with its code.
func TestAnswersOfProvidersThatAreRefused(t *testing.T) {
	t.Parallel()
	f := startFederated(t, testkit.Embedded, map[string]string{"OAUTH_TIMEOUT": "4s"}, "google", "github")
	for fault, want := range map[string]string{
		"denied": "access_denied", "unavailable": "provider_unavailable", "no_code": "invalid_request",
		"alg_none": "provider_failed", "hs256": "provider_failed", "unknown_kid": "provider_failed", "wrong_nonce": "provider_failed", "no_nonce": "provider_failed",
		"wrong_iss": "provider_failed", "wrong_aud": "provider_failed", "several_aud": "provider_failed", "expired": "provider_failed", "exp_text": "provider_failed",
		"null_subject": "provider_failed", "wrong_secret": "provider_failed", "token_down": "provider_unavailable", "token_slow": "provider_unavailable",
		"token_huge": "provider_failed", "token_redirect": "provider_failed", "token_html": "provider_failed",
	} {
		t.Run(fault, func(t *testing.T) {
			f.idp.Google.Reset()
			f.idp.Google.Login(gmailAda)
			f.idp.Google.Misbehave(fault)
			f.Move(15 * time.Second) // past the breaker
			home := sentHome(t, f.visitor(t).logIn("google", newApplication().query()))
			if home.Get("error") != want || home.Has("code") || home.Has("error_description") || home.Get("provider") != "google" {
				t.Errorf("%v, want %s", home, want)
			}
		})
	}
	if n := f.Record().Count("SELECT count(*) FROM users") + f.Record().Count("SELECT count(*) FROM flows"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	f.Eventually(10*time.Second, func() bool {
		events := f.Record().Events(domain.EventLoginFailed, "")
		return len(events) > 4 && events[0].Details["provider"] == "google" && events[0].Details["code"] != ""
	})
	if !strings.Contains(f.Log.String(), "GOOGLE_CLIENT_SECRET") {
		t.Error("the log does not tell the operator of the secret")
	}
}

// TestALoginBesideARegistrationOfItsAddress: a registration without proof makes its account at once and holds no address. Whichever is first,
// the owner of the mailbox gets in, and the other's password does not.
func TestALoginBesideARegistrationOfItsAddress(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := startFederated(t, b, map[string]string{"EMAIL_VERIFICATION": "optional", "REGISTRATION_MODE": "friendly"}, "discord")
		for range 12 {
			address := testkit.NewAddress()
			f.idp.Discord.Login(idp.Person{Email: address, Verified: true})
			v := f.visitor(t)
			back := idp.Visit(t, v.begin("discord", newApplication().query()))
			answers := race.Together(5, func(i int) testkit.Response {
				if i == 0 {
					return v.come(back)
				}
				answer, err := f.api.Try(registering(address))
				if err != nil {
					t.Error(err)
				}
				return answer
			})
			in := f.exchanged(t, sentHome(t, answers[0]))
			if in.Text("user.email") != address {
				t.Errorf("%s", in.Body)
			}
			f.api.In(t).Do(loggingIn(address, testkit.Password)).Want(http.StatusUnauthorized, "invalid_credentials")
		}
	})
}
