package access

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/cache"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/sys"
)

// Verifier checks a token's key, signature and times.
type Verifier interface {
	Recognize(ctx context.Context, token domain.Secret, now time.Time) error
	Verify(ctx context.Context, token domain.Secret, issuer string, now time.Time) (domain.Claims, error)
}

// Authenticator turns tokens into actors. It is a feed.Listener. Safe for concurrent use.
type Authenticator struct {
	Ring      Verifier
	Directory *Directory
	System    sys.System
	Issuer    string
	// Claims caches the claims of verified tokens. Claims never change, so only a revoked key drops them.
	Claims cache.Cache[domain.TokenHash, domain.Claims]
	// RequireFactor wants a second factor of everybody.
	RequireFactor bool
}

// Authenticate finds the actor of a token that is genuine, not expired, and of a principal that may act. The token's form decides how it is
// checked. All refusals are domain.ErrTokenInvalid; those of tokens that Signet never made have the cause domain.ErrForged.
func (a *Authenticator) Authenticate(ctx context.Context, token domain.Secret) (domain.Actor, error) {
	if domain.IsAppToken(token) {
		actor, _, err := a.AppToken(ctx, token)
		return actor, err
	}
	actor, _, err := a.AccessToken(ctx, token)
	return actor, err
}

// AccessToken is Authenticate for a JWT, and also returns its claims. It checks key, signature and times, and then everything that can
// change after the token was signed.
func (a *Authenticator) AccessToken(ctx context.Context, token domain.Secret) (domain.Actor, domain.Claims, error) {
	now := a.System.Now()
	claims, err := a.verified(ctx, token, now)
	if err != nil {
		return domain.Actor{}, domain.Claims{}, err
	}
	var actor domain.Actor
	switch claims.Kind {
	case "":
		actor, err = a.user(ctx, claims, now)
	case domain.KindServiceAccount:
		actor, err = a.service(ctx, claims, now)
	default:
		err = domain.ErrTokenInvalid // from a later release; this one can't judge it
	}
	if err == nil {
		err = a.checkAudience(ctx, claims)
	}
	if err != nil {
		return domain.Actor{}, domain.Claims{}, err
	}
	return actor, claims, nil
}

func (a *Authenticator) verified(ctx context.Context, token domain.Secret, now time.Time) (domain.Claims, error) {
	if err := a.Directory.Feed.Fresh(ctx); err != nil {
		return domain.Claims{}, err
	}
	if err := a.Ring.Recognize(ctx, token, now); err != nil {
		return domain.Claims{}, err // here, so that a flood of forgeries causes no loads and does not contend for the lock of the cache
	}
	claims, err := a.Claims.Get(ctx, domain.HashToken(token), func(ctx context.Context) (domain.Claims, error) {
		return a.Ring.Verify(ctx, token, a.Issuer, now)
	})
	if errors.Is(err, secure.ErrExpired) || err == nil && !now.Before(claims.ExpiresAt) {
		err = domain.ErrTokenInvalid
	}
	return claims, err
}

// user checks what can change after a user's token was signed: whether its session is open, and whether its principal may act. Roles and
// permissions in the token are never used: they are looked up.
func (a *Authenticator) user(ctx context.Context, c domain.Claims, now time.Time) (domain.Actor, error) {
	session, err := a.session(ctx, c)
	if isNotFound(err) || err == nil && (!session.EndedAt.IsZero() || session.UserID.Principal() != c.Subject) {
		return domain.Actor{}, domain.ErrTokenInvalid
	}
	if err != nil {
		return domain.Actor{}, err
	}
	user, err := a.Directory.User(ctx, domain.UserID(c.Subject))
	if isNotFound(err) || err == nil && !user.IsActive(now) {
		return domain.Actor{}, domain.ErrTokenInvalid
	}
	return domain.Actor{
		Kind: domain.ActorUser, ID: user.Principal.ID, SessionID: c.SessionID, Audience: c.Audience, ClientID: c.ClientID,
		TokenID: c.TokenID, Level: c.Level.OrLowest(), AuthTime: c.AuthTime, ExpiresAt: c.ExpiresAt,
		MustEnrol: a.RequireFactor && !user.HasFactors,
	}, err
}

// session is the session of a token. A session whose level or time of proof lies below the token's has risen since it was cached, and is
// read once; where the database says so too, the token claims what its session does not have.
func (a *Authenticator) session(ctx context.Context, c domain.Claims) (domain.Session, error) {
	session, err := a.Directory.Session(ctx, c.SessionID)
	if err != nil || !session.IsBelow(c) {
		return session, err
	}
	session, err = a.Directory.SessionAgain(ctx, c.SessionID)
	if err == nil && session.IsBelow(c) {
		err = domain.ErrTokenInvalid
	}
	return session, err
}

// service checks the same for a service's token, which lives as long as its service, the account and the application token that was
// exchanged for it. The current scopes of that application token narrow what it may do.
func (a *Authenticator) service(ctx context.Context, c domain.Claims, now time.Time) (domain.Actor, error) {
	if c.SessionID != "" {
		return domain.Actor{}, domain.ErrTokenInvalid
	}
	token, err := a.Directory.AppToken(ctx, c.AppToken)
	if isNotFound(err) || err == nil && (!token.IsLive(now) || token.ServiceID.Principal() != c.Subject) {
		return domain.Actor{}, domain.ErrTokenInvalid
	}
	if err != nil {
		return domain.Actor{}, err
	}
	service, err := a.account(ctx, token.ServiceID, now)
	if err == nil && isFromBefore(service, c.IssuedAt) {
		err = domain.ErrTokenInvalid
	}
	return domain.Actor{
		Kind: domain.ActorService, ID: c.Subject, Audience: c.Audience, ClientID: c.ClientID, TokenID: c.TokenID, ExpiresAt: c.ExpiresAt,
		AppToken: token.ID, Scopes: token.Scopes.Asked(c.Audience, c.Scope),
	}, err
}

// AppToken is Authenticate for an application token itself, and also returns that token. It does not count as a use.
func (a *Authenticator) AppToken(ctx context.Context, text domain.Secret) (domain.Actor, domain.AppToken, error) {
	forged := domain.ErrTokenInvalid.Because(domain.ErrForged)
	presented, ok := domain.ParseAppToken(text)
	if !ok {
		return domain.Actor{}, domain.AppToken{}, forged
	}
	now := a.System.Now()
	token, err := a.Directory.AppTokenOf(ctx, presented.Secret)
	if isNotFound(err) {
		err = forged
	}
	if err == nil {
		err = token.Judge(presented, now)
	}
	var service domain.Service
	if err == nil {
		service, err = a.account(ctx, token.ServiceID, now)
	}
	if err != nil {
		return domain.Actor{}, domain.AppToken{}, err
	}
	return domain.Actor{
		Kind: domain.ActorService, ID: service.ID.Principal(), ClientID: service.Key, ExpiresAt: token.EndOf(presented),
		AppToken: token.ID, Raw: true, Secret: presented.Secret, Scopes: token.Scopes,
	}, token, nil
}

// Recheck judges a service's actor again, whose credential was good when its call began: a call may last. It returns domain.ErrTokenInvalid
// once the credential has ended, or a failure of its own.
func (a *Authenticator) Recheck(ctx context.Context, actor domain.Actor) error {
	now := a.System.Now()
	if actor.Kind != domain.ActorService || !actor.Raw && !now.Before(actor.ExpiresAt) {
		return domain.ErrTokenInvalid
	}
	token, err := a.Directory.AppToken(ctx, actor.AppToken)
	if isNotFound(err) || err == nil && (!token.IsLive(now) || actor.Raw && !token.HasLive(actor.Secret, now)) {
		return domain.ErrTokenInvalid
	}
	if err != nil {
		return err
	}
	_, err = a.account(ctx, token.ServiceID, now)
	return err
}

// account returns a service that may act: it and its account are active.
func (a *Authenticator) account(ctx context.Context, id domain.ServiceID, now time.Time) (domain.Service, error) {
	service, err := a.Directory.ServiceByID(ctx, id)
	if isNotFound(err) || err == nil && !service.IsActive() {
		return domain.Service{}, domain.ErrTokenInvalid
	}
	if err != nil {
		return domain.Service{}, err
	}
	principal, err := a.Directory.Principal(ctx, id.Principal())
	if isNotFound(err) || err == nil && !principal.IsActive(now) {
		return domain.Service{}, domain.ErrTokenInvalid
	}
	return service, err
}

// checkAudience refuses tokens for a service that is off or gone, or from before it was off.
func (a *Authenticator) checkAudience(ctx context.Context, c domain.Claims) error {
	if c.Audience == domain.PlatformKey {
		return nil // which is never off
	}
	service, err := a.Directory.Service(ctx, c.Audience)
	if err != nil {
		return TokenInvalidWhenUnknown(err)
	}
	if service.Key != c.Audience || isFromBefore(service, c.IssuedAt) { // another service may have a deleted one's key as its name
		return domain.ErrTokenInvalid
	}
	return nil
}

// isFromBefore tells whether a token was issued before its service was switched on again. Tokens say when in whole seconds.
func isFromBefore(s domain.Service, issued time.Time) bool {
	return issued.Before(s.ActivatedAt.Truncate(time.Second))
}

// Genuine reads a token that Signet made, even if it has expired or its session has ended: that is enough to log out.
func (a *Authenticator) Genuine(ctx context.Context, token domain.Secret) (domain.Claims, error) {
	claims, err := a.Ring.Verify(ctx, token, a.Issuer, a.System.Now())
	if errors.Is(err, secure.ErrExpired) {
		err = nil
	}
	return claims, err
}

// Changed forgets all tokens when a key changed, because a revoked key invalidates its tokens.
func (a *Authenticator) Changed(change domain.Change) {
	if change.Kind == domain.ChangeSigningKey {
		a.Claims.Flush()
	}
}

// Flush forgets all tokens.
func (a *Authenticator) Flush(domain.FeedPlace) { a.Claims.Flush() }

func isNotFound(err error) bool { return errors.Is(err, domain.ErrNotFound) }
