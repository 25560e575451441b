package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func TestAnAdministratorResetsFactors(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		f := openOffice(t, testkit.Options{Backends: b})
		c, account := f.client, f.NewAccount()
		_, in := f.Enrol(c.Login(account))
		waiting, reset := c.Challenge(account), body{"reason": " the phone  was stolen "}
		seen := f.on(t, f.admin, http.MethodGet, account.ID, "/factors", nil).Want(http.StatusOK, "")
		if text := string(seen.Body); !strings.Contains(text, `"kind":"totp"`) || !strings.Contains(text, `"recovery_codes":{"left":10}`) {
			t.Errorf("it answers %s", text)
		}

		t.Run("with a right, a reason and a recent login, and never their own", func(t *testing.T) {
			f.on(t, f.admin, http.MethodPost, account.ID, "/factors/reset", body{}).Want(http.StatusBadRequest, "invalid_request")
			f.on(t, f.admin, http.MethodPost, account.ID, "/factors/reset", body{"reason": strings.Repeat("a", 201)}).Want(http.StatusBadRequest, "invalid_request")
			f.on(t, f.admin, http.MethodPost, f.root.ID, "/factors/reset", reset).Want(http.StatusForbidden, "forbidden")
			f.on(t, f.admin, http.MethodPost, newID(), "/factors/reset", reset).Want(http.StatusNotFound, "not_found")
			_, manager := f.clerk(t, domain.RoleServiceManager)
			f.on(t, manager, http.MethodPost, f.root.ID, "/factors/reset", reset).Want(http.StatusForbidden, "forbidden")
			_, keeper := f.clerk(t, domain.RoleUserManager)
			f.on(t, keeper, http.MethodPost, f.root.ID, "/factors/reset", reset).Want(http.StatusForbidden, "target_outranks")
			shop := c.Do(post("/api/roles/services", f.admin, body{"name": "Shop"})).Want(http.StatusCreated, "").Text("service_id")
			f.give(t, shop, domain.RoleUserManager, domain.PlatformID)
			secret := tokenIn(c.Do(post("/api/tokens", f.admin, body{"service_id": shop, "name": "CI"})).Want(http.StatusCreated, ""))
			machine := c.Do(asking("shop", secret.text)).Want(http.StatusOK, "").Text("access_token")
			f.on(t, machine, http.MethodGet, account.ID, "", nil).Want(http.StatusOK, "")
			f.on(t, machine, http.MethodPost, account.ID, "/factors/reset", reset).Want(http.StatusForbidden, "forbidden") // which proves nothing just now
			f.Move(11 * time.Minute)
			f.on(t, f.admin, http.MethodPost, account.ID, "/factors/reset", reset).Want(http.StatusForbidden, "reauth_required")
			f.admin = c.Login(f.root).Access
		})
		t.Run("which ends what was begun with them", func(t *testing.T) {
			if got := f.on(t, f.admin, http.MethodPost, account.ID, "/factors/reset", reset).Want(http.StatusOK, ""); got.JSON()["removed"] != 1.0 {
				t.Errorf("it answers %s", got.Body)
			}
			c.Me(in.Access).Want(http.StatusUnauthorized, "token_invalid")
			c.Verify(waiting, "000000").Want(http.StatusBadRequest, "invalid_token")
			c.Login(account)
			events := f.record.Events(domain.EventFactorsReset, account.ID)
			if len(events) != 1 || events[0].Details["reason"] != "the phone was stolen" || string(events[0].ActorID) != f.root.ID {
				t.Errorf("events: %+v", events)
			}
			f.Mail(account.Email, 2) // of the factor
			if mail := f.Mail(account.Email, 3); !strings.Contains(mail.Text, "recovery codes") {
				t.Errorf("the mail says %s", mail.Text)
			}
			if got := f.on(t, f.admin, http.MethodPost, account.ID, "/factors/reset", reset).Want(http.StatusOK, ""); got.JSON()["removed"] != 0.0 {
				t.Errorf("again it answers %s", got.Body)
			}
		})
		t.Run("and their rows go with the account", func(t *testing.T) {
			app, _ := f.Enrol(c.Login(account))
			c.Verify(c.Challenge(account), "000000").Want(http.StatusBadRequest, "invalid_code") // a run of failures
			export := c.Do(get("/api/auth/export", c.Verify(c.Challenge(account), app.Code()).Text("access_token"))).Want(http.StatusOK, "")
			if text := string(export.Body); !strings.Contains(text, `"kind":"totp"`) || !strings.Contains(text, `"left":10`) {
				t.Errorf("the export has no factors: %s", text)
			}
			c.Verify(c.Challenge(account), "000000").Want(http.StatusBadRequest, "invalid_code")
			f.on(t, f.admin, http.MethodDelete, account.ID, "", nil).Want(http.StatusOK, "")
			for _, table := range []string{"factors", "recovery_codes", "login_failures"} {
				if n := f.record.Count("SELECT count(*) FROM " + table); n != 0 {
					t.Errorf("%d rows of %s are left", n, table)
				}
			}
		})
	})
}
