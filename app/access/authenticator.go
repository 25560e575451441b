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
	// Claims remembers what verified tokens say. Claims never change, so only the loss of a key drops them.
	Claims cache.Cache[domain.TokenHash, domain.Claims]
}

// Authenticate answers whose a token is: genuine, in time, and of a principal that may act. Its form decides how it is judged. All
// refusals are domain.ErrTokenInvalid; those of tokens that Signet never made have the cause domain.ErrForged.
func (a *Authenticator) Authenticate(ctx context.Context, token domain.Secret) (domain.Actor, error) {
	if domain.IsAppToken(token) { // none have been issued yet
		return domain.Actor{}, domain.ErrTokenInvalid.Because(domain.ErrForged)
	}
	return a.byAccessToken(ctx, token)
}

// byAccessToken judges a JWT: by its key, signature and times, and then by what can change after it was signed.
func (a *Authenticator) byAccessToken(ctx context.Context, token domain.Secret) (domain.Actor, error) {
	now := a.System.Now()
	if err := a.Directory.Feed.Fresh(ctx); err != nil {
		return domain.Actor{}, err
	}
	if err := a.Ring.Recognize(ctx, token, now); err != nil {
		return domain.Actor{}, err // here, so that a flood of forgeries has neither loads nor the lock of the memory to fight for
	}
	claims, err := a.Claims.Get(ctx, domain.HashToken(token), func(ctx context.Context) (domain.Claims, error) {
		return a.Ring.Verify(ctx, token, a.Issuer, now)
	})
	if errors.Is(err, secure.ErrExpired) || err == nil && !now.Before(claims.ExpiresAt) {
		return domain.Actor{}, domain.ErrTokenInvalid
	}
	if err != nil {
		return domain.Actor{}, err
	}
	principal, err := a.live(ctx, claims, now)
	if err != nil {
		return domain.Actor{}, err
	}
	return actor(claims, principal), nil
}

// live asks what can change after a token was signed: whether its session is open, and whether its principal may act. Roles and
// permissions in the token are never asked: they are looked up.
func (a *Authenticator) live(ctx context.Context, c domain.Claims, now time.Time) (domain.Principal, error) {
	session, err := a.Directory.Session(ctx, c.SessionID)
	if isNotFound(err) || err == nil && (!session.EndedAt.IsZero() || session.UserID.Principal() != c.Subject) {
		return domain.Principal{}, domain.ErrTokenInvalid
	}
	if err != nil {
		return domain.Principal{}, err
	}
	user, err := a.Directory.User(ctx, domain.UserID(c.Subject))
	principal := user.Principal
	if isNotFound(err) || err == nil && !principal.IsActive(now) {
		return domain.Principal{}, domain.ErrTokenInvalid
	}
	return principal, err
}

// Genuine reads a token that Signet made, whether or not its time or its session is over: enough to log out with.
func (a *Authenticator) Genuine(ctx context.Context, token domain.Secret) (domain.Claims, error) {
	claims, err := a.Ring.Verify(ctx, token, a.Issuer, a.System.Now())
	if errors.Is(err, secure.ErrExpired) {
		err = nil
	}
	return claims, err
}

// Changed forgets all tokens when a key changed: one that was revoked takes its tokens with it.
func (a *Authenticator) Changed(kind domain.ChangeKind, _ string) {
	if kind == domain.ChangeSigningKey {
		a.Claims.Flush()
	}
}

// Flush forgets all tokens.
func (a *Authenticator) Flush() { a.Claims.Flush() }

func actor(c domain.Claims, p domain.Principal) domain.Actor {
	return domain.Actor{
		Kind: domain.ActorKindOf(p.Kind), ID: p.ID, SessionID: c.SessionID, Audience: c.Audience, ClientID: c.ClientID,
		TokenID: c.TokenID, AuthTime: c.AuthTime, ExpiresAt: c.ExpiresAt,
	}
}

func isNotFound(err error) bool  { return errors.Is(err, domain.ErrNotFound) }
func isForbidden(err error) bool { return errors.Is(err, domain.ErrForbidden) }
