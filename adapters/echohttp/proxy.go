package echohttp

import (
	"context"
	"errors"
	"net/netip"
	"unicode/utf8"

	"github.com/signet-auth/signet/domain"
)

// ProxiedRequest is a request whose body may name the address and the user agent of the person that a back end acts for.
type ProxiedRequest interface {
	ProxiedFor() (ip, userAgent string)
}

const maxProxiedUserAgent = 512

// admitProxy judges the application token of a back end that acts for persons. Their requests must not share the budget of the back end's
// address, so its rights are checked before anything is counted.
func (a *API) admitProxy(ctx context.Context, caller *Caller) error {
	token, err := appTokenOf(caller.request.Header)
	if err != nil || token.IsZero() {
		return err
	}
	actor, err := a.authenticate(ctx, token)
	if err == nil {
		a.used(actor, caller.Origin)
		err = a.mayProxy(ctx, actor)
	}
	if err != nil {
		if over := a.throttle.takeAnonymous(ctx, caller.Origin); over != nil && !errors.Is(err, domain.ErrForged) {
			return over
		}
		return err
	}
	caller.proxies = true
	return nil
}

// proxy replaces the origin by that of the person, and counts the call against it. Without a token that may do this, the body's claim is
// ignored, since any client could make it.
func (a *API) proxy(ctx context.Context, caller *Caller, request any) error {
	if !caller.proxies {
		return nil
	}
	if r, ok := request.(ProxiedRequest); ok {
		ip, userAgent := r.ProxiedFor()
		if err := caller.actFor(ip, userAgent); err != nil {
			return err
		}
	}
	return a.throttle.takeAnonymous(ctx, caller.Origin)
}

func (c *Caller) actFor(ip, userAgent string) error {
	if ip != "" {
		addr, err := netip.ParseAddr(ip)
		if err != nil || addr.Zone() != "" {
			return domain.ErrInvalidFields(domain.FieldError{Field: "client_ip", Code: "invalid", Text: "client_ip must be an IPv4 or IPv6 address"})
		}
		c.Origin.IP = addr.Unmap().String()
	}
	if utf8.RuneCountInString(userAgent) > maxProxiedUserAgent {
		return domain.ErrInvalidFields(domain.FieldError{Field: "client_user_agent", Code: "too_long", Text: "client_user_agent must have at most 512 characters"})
	}
	if userAgent != "" {
		c.Origin.UserAgent = domain.Clip(userAgent, maxUserAgent)
	}
	return nil
}
