// Package signetecho protects handlers of Echo with access tokens of Signet.
//
//	e.GET("/invoices", invoices, signetecho.Require(v, "invoice:read")) // in it: signet.From(c.Request().Context())
package signetecho

import (
	"context"
	"errors"

	"github.com/labstack/echo/v4"

	signet "github.com/signet-auth/signet/sdk/go"
)

// Require lets requests through whose token is valid and has all of the permissions; without any, every valid token will do. It panics for a
// malformed permission.
func Require(v *signet.Verifier, permissions ...string) echo.MiddlewareFunc {
	return middleware(v, v.Admitter(permissions...), false)
}

// Optional lets requests without a token through, too. A bad token is refused.
func Optional(v *signet.Verifier) echo.MiddlewareFunc { return middleware(v, v.Admitter(), true) }

func middleware(v *signet.Verifier, admit func(context.Context, []string) (*signet.Principal, error), optional bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			p, err := admit(r.Context(), r.Header["Authorization"])
			switch {
			case err == nil:
				c.SetRequest(r.WithContext(signet.With(r.Context(), p)))
			case !optional || !errors.Is(err, signet.ErrMissing):
				v.Refuse(c.Response(), r, err)
				return nil
			}
			return next(c)
		}
	}
}
