package access

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/sys"
)

// Token is a signed access token and its life.
type Token struct {
	Token     domain.Secret
	ExpiresIn time.Duration
}

// Signer signs claims with the active key.
type Signer interface {
	Sign(ctx context.Context, c domain.Claims) (domain.Secret, error)
}

// Minter makes access tokens: the counterpart of the Authenticator. Safe for concurrent use.
type Minter struct {
	Ring      Signer
	Directory *Directory
	System    sys.System
	Issuer    string
	TTL       time.Duration
}

// Subject is what a token says beyond the grants of its principal at its audience.
type Subject struct {
	Principal domain.Principal
	Client    domain.Client
	// Until is when whatever the token rests on is over, a session say: no token outlives it.
	Until time.Time

	SessionID     domain.SessionID
	AMR           []string
	AuthTime      time.Time
	EmailVerified bool
}

// Mint makes a token for one audience. It outlives neither what it rests on nor the grants it speaks of, which is why a remembered
// session needs no look at the clock.
func (m *Minter) Mint(ctx context.Context, s Subject, audience domain.Service, now time.Time) (Token, error) {
	grants, err := m.Directory.Grants(ctx, s.Principal, audience)
	if err != nil {
		return Token{}, err
	}
	pv, err := m.Directory.PV(ctx, s.Principal, audience)
	if err != nil {
		return Token{}, err
	}
	issued := now.Truncate(time.Second) // NumericDate is in seconds here
	claims := domain.Claims{
		Issuer: m.Issuer, Subject: s.Principal.ID, Audience: audience.Key,
		IssuedAt: issued, ExpiresAt: earlier(issued.Add(m.TTL), s.Until),
		TokenID: m.System.NewID(), SessionID: s.SessionID, ClientID: s.Client.Key,
		EmailVerified: s.EmailVerified, PV: pv, AMR: s.AMR, AuthTime: s.AuthTime, Type: audience.TokenType,
	}.WithGrants(grants.LastingUntil(now.Add(domain.ShortestGrant)))
	claims.ExpiresAt = claims.ExpiresAt.Truncate(time.Second)
	token, err := m.Ring.Sign(ctx, claims)
	return Token{Token: token, ExpiresIn: claims.ExpiresAt.Sub(issued)}, err
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
