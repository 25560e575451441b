package session

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/sys"
)

// AccessToken is a signed token and its life.
type AccessToken struct {
	Token     domain.Secret
	ExpiresIn time.Duration
}

// Mint makes access tokens for live sessions.
type Mint struct {
	Ring      *keys.Ring
	Directory *access.Directory
	System    sys.System
	Issuer    string
	TTL       time.Duration
	Policy    domain.SessionPolicy
}

// Issue makes a token of the session for one audience. It never outlives the session, which is why a remembered session needs
// no look at the clock, nor the grants it speaks of.
func (m *Mint) Issue(ctx context.Context, u domain.User, s domain.Session, service domain.Service, now time.Time) (AccessToken, error) {
	grants, err := m.Directory.Grants(ctx, u, service)
	if err != nil {
		return AccessToken{}, err
	}
	pv, err := m.Directory.PV(ctx, u, service)
	if err != nil {
		return AccessToken{}, err
	}
	issued := now.Truncate(time.Second) // NumericDate is in seconds here
	claims := domain.Claims{
		Issuer: m.Issuer, Subject: u.ID.Principal(), Audience: service.Key,
		IssuedAt: issued, ExpiresAt: earlier(issued.Add(m.TTL), s.IdleExpiresAt(m.Policy)),
		TokenID: m.System.NewID(), SessionID: s.ID, ClientID: domain.FirstPartyClientKey,
		EmailVerified: u.IsEmailVerified(), PV: pv, AMR: s.AMR, AuthTime: s.AuthTime, Type: service.TokenType,
	}.WithGrants(grants)
	claims.ExpiresAt = claims.ExpiresAt.Truncate(time.Second)
	token, err := m.Ring.Sign(ctx, claims)
	return AccessToken{Token: token, ExpiresIn: claims.ExpiresAt.Sub(issued)}, err
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
