package access

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/cache"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/sys"
)

// TokenHash is what a verified token is remembered by.
type TokenHash [sha256.Size]byte

// Verifier checks a token's key, signature and times.
type Verifier interface {
	Recognize(ctx context.Context, token domain.Secret, now time.Time) error
	Verify(ctx context.Context, token domain.Secret, issuer string, now time.Time) (domain.Claims, error)
}

// Authenticator turns access tokens into actors. It is a feed.Listener. Safe for concurrent use.
type Authenticator struct {
	Ring      Verifier
	Directory *Directory
	System    sys.System
	Issuer    string
	// Claims remembers what verified tokens say. Claims never change, so only the loss of a key drops them.
	Claims cache.Cache[TokenHash, domain.Claims]
}

// Authenticate answers who sends an access token: genuine, in time, of a live session and an active user. All refusals are
// domain.ErrTokenInvalid; those of tokens that Signet never made have the cause domain.ErrForged.
func (a *Authenticator) Authenticate(ctx context.Context, token domain.Secret) (domain.Actor, error) {
	now := a.System.Now()
	if err := a.Directory.Feed.Fresh(ctx); err != nil {
		return domain.Actor{}, err
	}
	if err := a.Ring.Recognize(ctx, token, now); err != nil {
		return domain.Actor{}, err // here, so that a flood of forgeries has neither loads nor the lock of the memory to fight for
	}
	claims, err := a.Claims.Get(ctx, sha256.Sum256([]byte(token.Reveal())), func(ctx context.Context) (domain.Claims, error) {
		return a.Ring.Verify(ctx, token, a.Issuer, now)
	})
	if errors.Is(err, secure.ErrExpired) || err == nil && !now.Before(claims.ExpiresAt) {
		return domain.Actor{}, domain.ErrTokenInvalid
	}
	if err != nil {
		return domain.Actor{}, err
	}
	if err := a.live(ctx, claims, now); err != nil {
		return domain.Actor{}, err
	}
	return actor(claims), nil
}

// live asks what can change after a token was signed. Roles and permissions in it are never asked: they are looked up.
func (a *Authenticator) live(ctx context.Context, c domain.Claims, now time.Time) error {
	session, err := a.Directory.Session(ctx, c.SessionID)
	if isNotFound(err) || err == nil && (!session.EndedAt.IsZero() || session.UserID.Principal() != c.Subject) {
		return domain.ErrTokenInvalid
	}
	if err != nil {
		return err
	}
	user, err := a.Directory.User(ctx, session.UserID)
	if isNotFound(err) || err == nil && !user.IsActive(now) {
		return domain.ErrTokenInvalid
	}
	return err
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

func actor(c domain.Claims) domain.Actor {
	return domain.Actor{
		Kind: domain.ActorUser, ID: c.Subject, SessionID: c.SessionID, Audience: c.Audience, ClientID: c.ClientID,
		TokenID: c.TokenID, AuthTime: c.AuthTime, ExpiresAt: c.ExpiresAt,
	}
}

func isNotFound(err error) bool { return errors.Is(err, domain.ErrNotFound) }

// ClaimsExpire is when a remembered token is over.
func ClaimsExpire(c domain.Claims) time.Time { return c.ExpiresAt }
