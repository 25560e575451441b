package signetecho_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	signet "github.com/signet-auth/signet/sdk/go"
	signetecho "github.com/signet-auth/signet/sdk/go/echo"
	"github.com/signet-auth/signet/sdk/go/signettest"
)

func TestEcho(t *testing.T) {
	i := signettest.New(t)
	v := i.Verifier("billing")
	e := echo.New()
	subject := func(c echo.Context) error {
		p, ok := signet.From(c.Request().Context())
		if !ok {
			return c.String(http.StatusOK, "nobody")
		}
		return c.String(http.StatusOK, p.Subject)
	}
	e.GET("/invoices", subject, signetecho.Require(v, "invoice:read"))
	e.DELETE("/invoices", subject, signetecho.Require(v, "invoice:void"))
	e.GET("/", subject, signetecho.Optional(v))
	token := "Bearer " + i.Token(signettest.User("u-1", "invoice:read"))
	for _, c := range []struct {
		method, path, authorization string
		status                      int
		body                        string
	}{
		{http.MethodGet, "/invoices", token, 200, "u-1"},
		{http.MethodGet, "/invoices", "", 401, ""},
		{http.MethodDelete, "/invoices", token, 403, ""},
		{http.MethodGet, "/", "", 200, "nobody"},
		{http.MethodGet, "/", token, 200, "u-1"},
		{http.MethodGet, "/", "Bearer x", 401, ""},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(c.method, c.path, nil)
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		e.ServeHTTP(w, r)
		if w.Code != c.status || c.body != "" && w.Body.String() != c.body || c.status != 200 && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%+v: %d %s %v", c, w.Code, w.Body, w.Header())
		}
	}
}
