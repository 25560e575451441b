package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

func refreshByBearer(token string) testkit.Request {
	return testkit.Request{Method: http.MethodPost, Path: "/api/auth/refresh", Bearer: token}
}

// TestRefreshByClientsThatKeepTheirToken is about REFRESH_BEARER=static: clients of the Flask service send their refresh token
// as bearer and read nothing but the access token of the answer.
func TestRefreshByClientsThatKeepTheirToken(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b, Env: map[string]string{"REFRESH_BEARER": "static"}})
		c, record := s.Client(), s.Record()
		isStatic := func(in testkit.Tokens) bool {
			return record.Count("SELECT count(*) FROM refresh_families WHERE is_static AND session_id = ?", in.Session) == 1
		}
		keeps := func(t *testing.T, in testkit.Tokens) {
			t.Helper()
			answer := c.Do(refreshByBearer(in.Refresh)).Want(http.StatusOK, "")
			if answer.Text("refresh_token") != in.Refresh {
				t.Error("another refresh token")
			}
			c.Me(answer.Text("access_token")).Want(http.StatusOK, "")
		}

		t.Run("each refresh answers the same token, hours later too", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			for range 4 {
				keeps(t, in)
				s.Move(3 * time.Hour)
			}
			if !isStatic(in) {
				t.Error("the family is not static")
			}
			c.Refresh(in.Refresh).Want(http.StatusOK, "") // also in the body: the family keeps it, not the request
			keeps(t, in)
		})
		t.Run("50 first refreshes at once are 50 equal answers", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			for _, answer := range c.AtOnce(50, func(int) testkit.Request { return refreshByBearer(in.Refresh) }) {
				if answer.Want(http.StatusOK, "").Text("refresh_token") != in.Refresh {
					t.Error("another refresh token")
				}
			}
			keeps(t, in)
		})
		t.Run("the idle limit stays", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			s.Move(13 * 24 * time.Hour)
			keeps(t, in)
			s.Move(14*24*time.Hour + time.Second)
			c.Do(refreshByBearer(in.Refresh)).Want(http.StatusUnauthorized, "token_invalid")
		})
		t.Run("the absolute limit stays, however often it is used", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			for range 2 {
				s.Move(13 * 24 * time.Hour)
				keeps(t, in)
			}
			s.Move(4 * 24 * time.Hour)
			c.Do(refreshByBearer(in.Refresh)).Want(http.StatusUnauthorized, "token_invalid")
		})
		t.Run("a family that has rotated never becomes static", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			next := c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("refresh_token")
			again := c.Do(refreshByBearer(next)).Want(http.StatusOK, "").Text("refresh_token")
			if again == next || isStatic(in) {
				t.Error("the family became static")
			}
			s.Move(time.Hour)
			c.Do(refreshByBearer(next)).Want(http.StatusUnauthorized, "token_invalid") // reuse
			c.Refresh(again).Want(http.StatusUnauthorized, "token_invalid")
		})
		t.Run("a login whose client takes the new token rotates as ever", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			if c.Refresh(in.Refresh).Want(http.StatusOK, "").Text("refresh_token") == in.Refresh || isStatic(in) {
				t.Error("it did not rotate")
			}
		})
		t.Run("logout ends it", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			keeps(t, in)
			c.Do(logoutBy(in.Refresh)).Want(http.StatusOK, "")
			c.Do(refreshByBearer(in.Refresh)).Want(http.StatusUnauthorized, "token_invalid")
		})
		t.Run("what is static stays so under the other setting", func(t *testing.T) {
			in := c.Login(s.NewAccount())
			keeps(t, in)
			s.Stop()
			s.Env["REFRESH_BEARER"] = "rotate"
			s.Restart()
			c = s.Client()
			keeps(t, in)
			other := c.Login(s.NewAccount())
			if c.Do(refreshByBearer(other.Refresh)).Want(http.StatusOK, "").Text("refresh_token") == other.Refresh {
				t.Error("a new family became static")
			}
		})
	})
}
