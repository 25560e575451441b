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

func linking(provider, bearer string, more body) testkit.Request {
	app := newApplication()
	return testkit.Request{
		Path: "/api/oauth/" + provider + "/link", Bearer: bearer, Body: with(body{"redirect_to": home, "code_challenge": app.challenge, "state": app.state}, more),
	}
}

func unlinking(id, bearer string) testkit.Request {
	return testkit.Request{Method: http.MethodDelete, Path: "/api/oauth/identities/" + id, Bearer: bearer}
}

// identities are the ids of somebody's ways in.
func (f *federated) identities(t testing.TB, bearer string) (ids []string) {
	t.Helper()
	for _, one := range f.api.In(t).Do(get("/api/oauth/identities", bearer)).Want(http.StatusOK, "").JSON()["identities"].([]any) {
		ids = append(ids, one.(map[string]any)["id"].(string))
	}
	return ids
}

// TestLinkingAProvider is OA-7 (authentik CVE-2026-49448): explicit, by the one who is logged in, and bound to their browser and session.
func TestLinkingAProvider(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := startFederated(t, b, nil, "discord", "google")
		record := f.Record()
		// arrive goes from a ticket to the continuation that the application gets.
		arrive := func(t *testing.T, ticket string, who idp.Person) url.Values {
			t.Helper()
			f.idp.Discord.Login(who)
			v := f.visitor(t)
			authorize := v.open(http.MethodGet, ticket, nil).Want(http.StatusSeeOther, "").Header.Get("Location")
			return sentHome(t, v.come(idp.Visit(t, authorize)))
		}

		t.Run("a ticket, a continuation, a confirmation", func(t *testing.T) {
			account := f.NewAccount()
			in := f.api.Login(account)
			ticket := f.api.In(t).Do(linking("discord", in.Access, nil)).Want(http.StatusOK, "").Text("authorize_url")
			home := arrive(t, ticket, idp.Person{Subject: "200", Email: "other@example.com", Verified: true})
			if home.Get("state") != newApplication().state || home.Has("code") || home.Has("error") {
				t.Fatalf("%v", home)
			}
			continuation := home.Get("continuation")
			if len(f.identities(t, in.Access)) != 0 {
				t.Error("it is linked before it was confirmed")
			}
			offer := f.api.In(t).Do(completing(continuation, "", nil)).Want(http.StatusOK, "")
			if offer.Text("reason") != "link" {
				t.Errorf("%s", offer.Body)
			}
			f.api.In(t).Do(completing(continuation, "", body{"email": testkit.NewAddress()})).Want(http.StatusBadRequest, "invalid_request")
			f.api.In(t).Do(completing(continuation, f.api.Login(f.NewAccount()).Access, body{"confirm": true})).Want(http.StatusForbidden, "forbidden")
			f.api.In(t).Do(completing(continuation, f.api.Login(account).Access, body{"confirm": true})).Want(http.StatusForbidden, "forbidden")
			f.api.In(t).Do(completing(continuation, in.Access, body{"confirm": true})).Want(http.StatusOK, "")
			if len(f.identities(t, in.Access)) != 1 {
				t.Error("it is not linked")
			}
			me := f.api.Me(in.Access).Want(http.StatusOK, "").JSON()["user"].(map[string]any)["identities"].([]any)
			if len(me) != 1 || me[0].(map[string]any)["email"] != "other@example.com" {
				t.Errorf("me: %v", me)
			}
		})
		t.Run("a ticket works once, for two minutes, and at its provider", func(t *testing.T) {
			in := f.api.Login(f.NewAccount())
			ticket := func() string {
				return f.api.In(t).Do(linking("discord", in.Access, nil)).Want(http.StatusOK, "").Text("authorize_url")
			}
			used := ticket()
			f.visitor(t).open(http.MethodGet, used+"&prompt=none", nil).Want(http.StatusBadRequest, "invalid_request")
			f.visitor(t).open(http.MethodGet, used+"&login_hint=%00", nil).Want(http.StatusBadRequest, "invalid_request")
			f.visitor(t).open(http.MethodGet, used, nil).Want(http.StatusSeeOther, "")
			f.visitor(t).open(http.MethodGet, used, nil).Want(http.StatusBadRequest, "")
			f.visitor(t).open(http.MethodGet, strings.Replace(ticket(), "/discord?", "/google?", 1), nil).Want(http.StatusBadRequest, "")
			late := ticket()
			f.Move(2 * time.Minute)
			f.visitor(t).open(http.MethodGet, late, nil).Want(http.StatusBadRequest, "")
			var all []string
			for range 6 {
				all = append(all, ticket())
			}
			f.visitor(t).open(http.MethodGet, all[0], nil).Want(http.StatusBadRequest, "") // five are alive
			f.visitor(t).open(http.MethodGet, all[1], nil).Want(http.StatusSeeOther, "")
		})
		t.Run("needs a recent login and a redirect of the list", func(t *testing.T) {
			in := f.api.Login(f.NewAccount())
			f.api.In(t).Do(linking("nobody", in.Access, nil)).Want(http.StatusNotFound, "not_found")
			f.api.In(t).Do(linking("discord", in.Access, body{"redirect_to": "https://evil.example"})).Want(http.StatusBadRequest, "invalid_request")
			f.Move(10*time.Minute + time.Second)
			f.api.In(t).Do(linking("discord", in.Access, nil)).Want(http.StatusForbidden, "reauth_required")
		})
		t.Run("ten are the most", func(t *testing.T) {
			account := f.NewAccount()
			in := f.api.Login(account)
			for range domain.MaxIdentities {
				record.Exec("INSERT INTO identities (id, user_id, issuer, provider, subject, created_at) VALUES (?, ?, 'https://issuer.example', 'acme', ?, ?)",
					newID(), account.ID, newID(), f.Clock.Now())
			}
			ticket := f.api.In(t).Do(linking("discord", in.Access, nil)).Want(http.StatusOK, "").Text("authorize_url")
			home := arrive(t, ticket, idp.Person{Subject: "201"})
			f.api.In(t).Do(completing(home.Get("continuation"), in.Access, body{"confirm": true})).Want(http.StatusConflict, "limit_reached")
		})
		t.Run("unlinking ends other sessions and the way in, with a mail", func(t *testing.T) {
			account := f.NewAccount()
			in, other := f.api.Login(account), f.api.Login(account)
			ticket := f.api.In(t).Do(linking("discord", in.Access, nil)).Want(http.StatusOK, "").Text("authorize_url")
			who := idp.Person{Subject: "202", Email: testkit.NewAddress(), Verified: true}
			f.api.In(t).Do(completing(arrive(t, ticket, who).Get("continuation"), in.Access, body{"confirm": true})).Want(http.StatusOK, "")
			f.Mail(account.Email, 2) // says that it was linked
			id := f.identities(t, in.Access)[0]
			f.api.In(t).Do(unlinking(id, f.api.Login(f.NewAccount()).Access)).Want(http.StatusNotFound, "not_found")
			f.api.In(t).Do(unlinking(id, in.Access)).Want(http.StatusOK, "")
			f.api.In(t).Do(unlinking(id, in.Access)).Want(http.StatusNotFound, "not_found")
			f.api.Me(other.Access).Want(http.StatusUnauthorized, "token_invalid")
			f.api.Me(in.Access).Want(http.StatusOK, "")
			if mail := f.Mail(account.Email, 3); !strings.Contains(mail.Subject, "removed") {
				t.Errorf("%q", mail.Subject)
			}
			if got := f.exchanged(t, f.outcome(t, "discord", who)); got.Text("user.id") == account.ID {
				t.Error("it still opens the account")
			}
		})
		t.Run("never the last way in, not even by two at once", func(t *testing.T) {
			address := testkit.NewAddress()
			in := f.exchanged(t, f.outcome(t, "discord", idp.Person{Subject: "203", Email: address, Verified: true})).Text("access_token")
			only := f.identities(t, in)[0]
			f.api.In(t).Do(unlinking(only, in)).Want(http.StatusConflict, "last_identity")
			user := record.Text("SELECT user_id FROM identities WHERE id = ?", only)
			gone := newID() // of a provider that is not configured: it opens nothing
			record.Exec("INSERT INTO identities (id, user_id, issuer, provider, subject, created_at) VALUES (?, ?, 'https://issuer.example', 'acme', 's', ?)", gone, user, f.Clock.Now())
			f.api.In(t).Do(unlinking(only, in)).Want(http.StatusConflict, "last_identity")
			second := newID()
			record.Exec("INSERT INTO identities (id, user_id, issuer, provider, subject, created_at) VALUES (?, ?, 'https://accounts.google.com', 'google', '203', ?)", second, user, f.Clock.Now())
			outcomes := map[string]int{}
			for _, answer := range race.Together(2, func(i int) testkit.Response {
				answer, err := f.api.Try(unlinking([]string{only, second}[i], in))
				if err != nil {
					t.Error(err)
				}
				return answer
			}) {
				outcomes[answer.Outcome()]++
			}
			if outcomes["200"] != 1 || outcomes["409 last_identity"] != 1 {
				t.Errorf("%v", outcomes)
			}
		})
		t.Run("a passkey that works is a way in, too", func(t *testing.T) {
			c := f.api.In(t)
			begun := f.exchanged(t, f.outcome(t, "discord", idp.Person{Subject: "205", Email: testkit.NewAddress(), Verified: true}))
			key, in := f.EnrolKey(testkit.TokensOf(begun), "passkey")
			only := f.identities(t, in.Access)[0]
			record.Exec("UPDATE factors SET suspended_at = ? WHERE id = ?", f.Clock.Now(), key.ID)
			c.Do(unlinking(only, in.Access)).Want(http.StatusConflict, "last_identity")
			record.Exec("UPDATE factors SET suspended_at = NULL WHERE id = ?", key.ID)
			c.Do(unlinking(only, in.Access)).Want(http.StatusOK, "")
			c.Do(del("/api/auth/factors/"+key.ID, in.Access)).Want(http.StatusConflict, "last_way_in")
			c.Do(testkit.ByPasskey(key.Sign(c.AskForPasskey()))).Want(http.StatusOK, "")
		})
		t.Run("a first password comes by mail", func(t *testing.T) {
			address := testkit.NewAddress()
			f.exchanged(t, f.outcome(t, "discord", idp.Person{Subject: "204", Email: address, Verified: true}))
			f.api.In(t).Do(resetting(resetLink(f.Server, address), testkit.Password)).Want(http.StatusOK, "")
			in := f.api.In(t).Do(loggingIn(address, testkit.Password)).Want(http.StatusOK, "").Text("access_token")
			f.api.In(t).Do(unlinking(f.identities(t, in)[0], in)).Want(http.StatusOK, "")
		})
	})
}
