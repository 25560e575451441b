package e2e_test

import (
	"net/http"
	"testing"

	"github.com/signet-auth/signet/test/testkit"
)

func TestAPersonRegistersVerifiesLogsInRefreshesAndLogsOut(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Shared(t, b)
		c := s.Client()
		email := testkit.NewAddress()

		registered := c.Do(testkit.Request{Path: "/api/auth/register", Body: map[string]string{
			"email": email, "password": testkit.Password, "first_name": "Ada", "last_name": "Lovelace",
		}}).Want(http.StatusCreated, "")
		id := registered.Text("user_id")

		login := testkit.Request{Path: "/api/auth/login", Body: map[string]string{"email": email, "password": testkit.Password}}
		refused := c.Do(login).Want(http.StatusForbidden, "email_not_verified")
		if refused.JSON()["needs_verification"] != true {
			t.Errorf("needs_verification is missing: %s", refused.Body)
		}

		mail := s.Mail(email, 1)
		c.Do(testkit.Request{Path: "/api/auth/verify-email/" + mail.Token(), Header: http.Header{"Accept": {"application/json"}}}).Want(http.StatusOK, "")

		in := c.Do(login).Want(http.StatusOK, "")
		if in.Text("token_type") != "Bearer" || in.Text("user.id") != id || in.Text("session_id") != in.Text("session.id") {
			t.Errorf("login answers %s", in.Body)
		}
		me := c.Me(in.Text("access_token")).Want(http.StatusOK, "")
		if me.Text("user.email") != email || me.Text("user.first_name") != "Ada" || me.Text("user.id") != id {
			t.Errorf("me answers %s", me.Body)
		}

		refreshed := c.Refresh(in.Text("refresh_token")).Want(http.StatusOK, "")
		c.Me(refreshed.Text("access_token")).Want(http.StatusOK, "")

		c.Do(testkit.Request{Method: http.MethodPost, Path: "/api/auth/logout", Bearer: refreshed.Text("access_token")}).Want(http.StatusOK, "")
		c.Me(refreshed.Text("access_token")).Want(http.StatusUnauthorized, "token_invalid")
		c.Me(in.Text("access_token")).Want(http.StatusUnauthorized, "token_invalid")
		c.Refresh(refreshed.Text("refresh_token")).Want(http.StatusUnauthorized, "token_invalid")
	})
}
