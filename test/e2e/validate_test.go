package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

const wantValidate = `{
  "acr": "aal1",
  "audience": "auth_service",
  "auth_time": NUMBER,
  "cs": NUMBER,
  "permissions": [],
  "session_id": "ID",
  "success": true,
  "user": {
    "created_at": "TIME",
    "email": "ADDRESS",
    "first_name": "",
    "id": "ID",
    "is_active": true,
    "is_email_verified": true,
    "last_login": "TIME",
    "last_login_at": "TIME",
    "last_name": "",
    "metadata": {},
    "updated_at": "TIME"
  },
  "user_id": "ID"
}`

func validate(access string) testkit.Request { return get("/api/auth/validate-jwt", access) }

func TestValidateJWT(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, record := s.Client(), s.Record()
		account := s.NewAccount()

		t.Run("answers user, session, audience and permissions", func(t *testing.T) {
			in := c.Login(account)
			answer := c.Do(validate(in.Access)).Want(http.StatusOK, "")
			if diff := cmp.Diff(wantValidate, normalized(t, answer.Body)); diff != "" {
				t.Errorf("validate-jwt (-want +got):\n%s", diff)
			}
			if answer.Text("user_id") != account.ID || answer.Text("user.id") != account.ID || answer.Text("session_id") != in.Session {
				t.Errorf("%s", answer.Body)
			}
		})
		t.Run("answers what is held now, whatever the token says", func(t *testing.T) {
			id := givenService(t, record, "billing", "Billing")
			token := c.Do(login(with(credentials(account), body{"service": "billing"}))).Want(http.StatusOK, "").Text("access_token")
			before := c.Do(validate(token)).Want(http.StatusOK, "").JSON()
			if diff := cmp.Diff(body{"audience": "billing", "permissions": []any{}}, body{"audience": before["audience"], "permissions": before["permissions"]}); diff != "" {
				t.Fatalf("before (-want +got):\n%s", diff)
			}
			givenRole(t, record, account.ID, id, "clerk", "invoice:*")
			var now any
			s.Eventually(time.Second, func() bool {
				now = c.Do(validate(token)).Want(http.StatusOK, "").JSON()["permissions"]
				return cmp.Equal(now, []any{"invoice:read", "invoice:write"})
			})
			c.Me(token).Want(http.StatusOK, "")
		})
		t.Run("refuses a token of a service that is inactive now", func(t *testing.T) {
			id := givenService(t, record, "kiosk", "Kiosk")
			token := c.Do(login(with(credentials(account), body{"service": "kiosk"}))).Want(http.StatusOK, "").Text("access_token")
			c.Do(validate(token)).Want(http.StatusOK, "")
			record.Exec("UPDATE services SET state = 'inactive' WHERE id = ?", id)
			record.Changed(domain.ChangeService, id)
			s.Eventually(time.Second, func() bool { return c.Do(validate(token)).Outcome() == "401 token_invalid" })
		})
		t.Run("an assignment that ends takes its permissions and the token's life with it", func(t *testing.T) {
			id := givenService(t, record, "lab", "Lab")
			one := s.NewAccount()
			givenRole(t, record, one.ID, id, "guest", "invoice:read")
			record.Exec("UPDATE assignments SET expires_at = ? WHERE principal_id = ? AND role_id IN (SELECT id FROM roles WHERE service_id = ?)",
				s.Clock.Now().Add(5*time.Minute), one.ID, id)
			in := c.Do(login(with(credentials(one), body{"service": "lab"}))).Want(http.StatusOK, "")
			if left := in.JSON()["expires_in"].(float64); left > 300 {
				t.Errorf("expires_in %v", left)
			}
			c.Do(validate(in.Text("access_token"))).Want(http.StatusOK, "")
			s.Move(5*time.Minute + time.Second)
			c.Do(validate(in.Text("access_token"))).Want(http.StatusUnauthorized, "token_invalid")
			next := c.Do(refresh(body{"refresh_token": in.Text("refresh_token"), "service": "lab"})).Want(http.StatusOK, "")
			if got := c.Do(validate(next.Text("access_token"))).Want(http.StatusOK, "").JSON()["permissions"]; !cmp.Equal(got, []any{}) {
				t.Errorf("permissions %v", got)
			}
		})
	})
}
