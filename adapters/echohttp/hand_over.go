package echohttp

import (
	"errors"
	"net/http"
	"time"

	"github.com/signet-auth/signet/domain"
)

// HandOver is the one way in which a refresh token gets to its client: in the body, or, in a session that began with
// transport "cookie", in the cookie and never in a body, however the request came. until is when the session lapses unless it
// is refreshed.
func (c Caller) HandOver(s domain.Session, token domain.Secret, until time.Time) (body string, set []*http.Cookie) {
	if s.Cookie {
		return "", []*http.Cookie{c.cookies.keep(token, until)}
	}
	return token.Reveal(), nil
}

// TakeBack makes the cookies of an answer after which the browser has nothing left: none where it sent none.
func (c Caller) TakeBack() []*http.Cookie {
	if len(c.request.CookiesNamed(c.cookies.name)) == 0 {
		return nil
	}
	return []*http.Cookie{c.cookies.drop()}
}

// deadCookieError is the refusal of what a cookie held.
type deadCookieError struct {
	error
	drop *http.Cookie
}

func (d *deadCookieError) Unwrap() error { return d.error }

// RefusedCookie makes the refusal of a cookie's token take the cookie with it, so that the browser does not send it again and
// again. Any other failure leaves it: it may still be good.
func (c Caller) RefusedCookie(err error) error {
	if !errors.Is(err, domain.ErrTokenInvalid) {
		return err
	}
	return &deadCookieError{err, c.cookies.drop()}
}
