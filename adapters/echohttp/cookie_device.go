package echohttp

import (
	"net/http"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
)

// device makes the cookie of a remembered device. It goes to logins through providers, too, which lie beside /api/auth.
func (c *cookies) device(token domain.Secret, until time.Time) *http.Cookie {
	cookie := c.refresh(token, until) //nolint:gosec // as there
	cookie.Name, cookie.Path = c.deviceName, strings.TrimSuffix(c.path, "/auth")
	return cookie
}

// DeviceToken is the token of a remembered device that a login came with: in its body, else in a cookie; zero when there is none. The cookie
// counts for pages that may begin a session by cookie, and for navigations, which come without an Origin. Of two cookies of the name none
// counts: another host of the same site has set one of them. What does not count is no error, since a login without it goes on.
func (c Caller) DeviceToken(body string) domain.Secret {
	if body != "" {
		return domain.NewSecret(body)
	}
	sent := c.request.CookiesNamed(c.cookies.deviceName)
	if len(sent) != 1 || c.CheckCookieOrigin() != nil {
		return domain.Secret{}
	}
	return domain.NewSecret(sent[0].Value)
}

// DeliverDeviceToken gives the token of a device to the client as it gets the refresh token of the session in which it was remembered.
func (c Caller) DeliverDeviceToken(s domain.Session, token domain.Secret, until time.Time) (body string, set []*http.Cookie) {
	if s.Cookie && !token.IsZero() {
		return "", []*http.Cookie{c.cookies.device(token, until)}
	}
	return token.Reveal(), nil
}

// ClearDeviceCookie makes the cookie that deletes the one of a remembered device.
func (c Caller) ClearDeviceCookie() []*http.Cookie {
	cookie := c.cookies.device(domain.Secret{}, time.Time{}) //nolint:gosec // as there
	cookie.MaxAge = -1
	return []*http.Cookie{cookie}
}
