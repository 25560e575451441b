package access

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// ErrPersonOnly is the refusal of a service's token where a person's is needed.
var ErrPersonOnly = domain.ErrForbidden.Saying("This needs the token of a person")

var errRawToken = domain.ErrForbidden.Saying("An application token does not open this: exchange it at /oauth2/token for an access token")

// RequireUser is the first line of use cases that any logged-in user may call, whatever service their token was issued for.
func RequireUser(a domain.Actor) error {
	switch a.Kind {
	case domain.ActorUser:
		return nil
	case domain.ActorService:
		if a.Raw {
			return errRawToken
		}
		return ErrPersonOnly
	case domain.ActorAnonymous, domain.ActorSystem:
	}
	return domain.ErrTokenMissing
}

// RequireAccessToken is the first line of use cases that take any access token, a service's too.
func RequireAccessToken(a domain.Actor) error {
	if a.Kind == domain.ActorService {
		if a.Raw {
			return errRawToken
		}
		return nil
	}
	return RequireUser(a)
}

// RequirePlatformUser wants a person, with a token that was issued for Signet itself: one that a service received must not open Signet's
// own API (RFC 9700 §2.3).
func RequirePlatformUser(a domain.Actor) error {
	if err := RequireUser(a); err != nil {
		return err
	}
	return requirePlatform(a)
}

// RequirePlatform is the same for persons and services. A service exchanges its application token first, so that what it does here ends
// with a token of minutes.
func RequirePlatform(a domain.Actor) error {
	switch {
	case a.Kind == domain.ActorSystem:
		return nil
	case a.Kind != domain.ActorUser && a.Kind != domain.ActorService:
		return domain.ErrTokenMissing
	case a.Raw:
		return errRawToken
	}
	return requirePlatform(a)
}

func requirePlatform(a domain.Actor) error {
	if a.Audience != domain.PlatformKey {
		return domain.ErrWrongAudience
	}
	return nil
}

// RequireLogin wants a login that meets a demand, for actions that a stolen token must not allow. The token counts, not its session: a
// refresh makes no login younger, and a step-up makes only the tokens stronger that it gives.
func RequireLogin(a domain.Actor, d domain.Demand, now time.Time) error {
	if !d.IsMetBy(a.Level, a.AuthTime, now) {
		return domain.ErrReauthRequired.Demanding(d)
	}
	return nil
}

// Require wants a platform permission. What the principal holds now decides, not the token.
func (d *Directory) Require(ctx context.Context, a domain.Actor, permission string) error {
	if a.Kind == domain.ActorSystem {
		return nil
	}
	if err := RequirePlatform(a); err != nil {
		return err
	}
	platform, err := d.Service(ctx, "")
	if err != nil {
		return err
	}
	grants, err := d.GrantsOf(ctx, a, platform)
	if err != nil {
		return err
	}
	return d.orLevel(ctx, a, platform, grants, domain.ErrForbidden, func(g domain.Grants) bool { return g.Allows(permission) })
}

// orLevel is nil where grants are enough, and otherwise the refusal, or domain.ErrReauthRequired where only the actor's level is too low:
// else an administrator would look for a lost role.
func (d *Directory) orLevel(ctx context.Context, a domain.Actor, s domain.Service, grants domain.Grants, refusal error, enough func(domain.Grants) bool) error {
	if enough(grants) {
		return nil
	}
	if grants.NextLevel == 0 {
		return refusal
	}
	principal, err := d.PrincipalOf(ctx, a)
	if err != nil {
		return err
	}
	level, err := d.LevelFor(ctx, principal, s, grants, enough)
	if err != nil {
		return err
	}
	return needsLevel(refusal, level)
}

// needsLevel is the error for a right that is missing, or would be there at a level.
func needsLevel(refusal error, level domain.Level) error {
	if level == 0 {
		return refusal
	}
	return domain.ErrReauthRequired.Saying("Your role asks for a stronger login than this one").Demanding(domain.Demand{Level: level})
}

// IsRefusal tells whether an error says that the actor has no right to something, be it for their level alone.
func IsRefusal(err error) bool {
	return errors.Is(err, domain.ErrForbidden) || errors.Is(err, domain.ErrNotFound) || levelOf(err) != 0
}

// levelOf is the level that an error of a missing right asks for; zero: none would do.
func levelOf(err error) domain.Level {
	var e *domain.Error
	if errors.Is(err, domain.ErrReauthRequired) && errors.As(err, &e) && e.Demand != nil {
		return e.Demand.Level
	}
	return 0
}

// Easier is, of two errors of missing rights, the second one unless the first asks for a lower level, or alone for one.
func Easier(a, b error) error {
	if one, other := levelOf(a), levelOf(b); b == nil || one != 0 && (other == 0 || one < other) {
		return a
	}
	return b
}

// RequireLoginProxy wants a back end that may state the origin of the people it logs in: it must send the application token itself, of an
// account that holds the permission at its own service. An attacker who could state an origin would have a new budget of guesses for each
// invented address.
func (d *Directory) RequireLoginProxy(ctx context.Context, a domain.Actor) error {
	if a.Kind != domain.ActorService || !a.Raw {
		return domain.ErrTokenInvalid
	}
	service, err := d.ServiceByID(ctx, domain.ServiceID(a.ID))
	if isNotFound(err) {
		return domain.ErrTokenInvalid
	}
	if err != nil {
		return err
	}
	grants, err := d.GrantsOf(ctx, a, service)
	if err == nil && !grants.Allows(domain.LoginProxy) {
		err = domain.ErrForbidden.Saying("The service's account must hold " + domain.LoginProxy + " at its own service to act for others")
	}
	return err
}

// GrantsOf is what an actor may do at a service with the credential of this request.
func (d *Directory) GrantsOf(ctx context.Context, a domain.Actor, s domain.Service) (domain.Grants, error) {
	principal, err := d.PrincipalOf(ctx, a)
	if err != nil {
		return domain.Grants{}, err
	}
	return d.Narrowed(ctx, principal, s, a.Scopes, a.RoleLevel())
}

// PrincipalOf is the principal of an actor. A user's principal is cached with the user, so that authenticating and showing a user is one
// look-up. domain.ErrTokenInvalid when it was deleted since the token was accepted.
func (d *Directory) PrincipalOf(ctx context.Context, a domain.Actor) (domain.Principal, error) {
	if a.Kind == domain.ActorUser {
		user, err := d.User(ctx, domain.UserID(a.ID))
		return user.Principal, TokenInvalidWhenGone(err)
	}
	principal, err := d.Principal(ctx, a.ID)
	return principal, TokenInvalidWhenGone(err)
}

// TokenInvalidWhenGone turns "not found" for a token's own subject into an invalid token: the subject has been deleted since the token was
// accepted.
func TokenInvalidWhenGone(err error) error {
	if isNotFound(err) {
		return domain.ErrTokenInvalid
	}
	return err
}

// TokenInvalidWhenUnknown turns "unknown service" for a token's own audience into an invalid token: the client did not name the service in
// this request, so the error must not say that it did.
func TokenInvalidWhenUnknown(err error) error {
	if errors.Is(err, domain.ErrUnknownService) {
		return domain.ErrTokenInvalid
	}
	return err
}
