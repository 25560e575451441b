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
	// Permissions are those in the token, by their short names; ByRef tells that they were too many for the token.
	Permissions []string
	ByRef       bool
	// NeedsLevel is the lowest level above the token's at which its subject would have more roles at its audience; zero: none.
	NeedsLevel domain.Level
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

// Subject is the content of a token beyond the grants of its principal at its audience.
type Subject struct {
	Principal domain.Principal
	Client    domain.Client
	// AsOf is what Directory.Applied was before all of this was read.
	AsOf int64
	// Until is the end of what the token depends on, such as a session: no token outlives it.
	Until time.Time

	// For a user's login.
	SessionID     domain.SessionID
	AMR           []string
	Level         domain.Level
	AuthTime      time.Time
	EmailVerified bool

	// For a service: the application token that it authenticated with, the scopes of that token, and the requested permissions by their short
	// names; nil: all.
	AppToken domain.AppTokenID
	Scopes   domain.Scopes
	Asked    []string
}

// roleLevel is the level that counts for the subject's roles.
func (s Subject) roleLevel() domain.Level {
	if s.Principal.Kind == domain.KindServiceAccount {
		return domain.NoLevel
	}
	return s.Level.OrLowest()
}

// Mint makes a token for one audience. It outlives neither what it depends on nor its grants, so a cached session need not be checked
// against the clock.
func (m *Minter) Mint(ctx context.Context, s Subject, audience domain.Service, now time.Time) (Token, error) {
	grants, err := m.Grants(ctx, s, audience, now)
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
		IssuedAt: issued, ExpiresAt: domain.EarlierEnd(issued.Add(m.TTL), s.Until),
		TokenID: m.System.NewID(), SessionID: s.SessionID, ClientID: s.Client.Key,
		EmailVerified: s.EmailVerified, PV: pv, AsOf: s.AsOf, AMR: s.AMR, Level: s.Level, AuthTime: s.AuthTime, Type: audience.TokenType,
	}.WithGrants(grants)
	if s.Principal.Kind == domain.KindServiceAccount {
		claims.Kind, claims.AppToken, claims.Scope = s.Principal.Kind, s.AppToken, s.Asked
	}
	claims.ExpiresAt = claims.ExpiresAt.Truncate(time.Second)
	token, err := m.Ring.Sign(ctx, claims)
	return Token{
		Token: token, ExpiresIn: claims.ExpiresAt.Sub(issued), Permissions: grants.Permissions(), ByRef: claims.PermRef,
		NeedsLevel: grants.NextLevel,
	}, err
}

// Grants is what a token of the subject would contain: what its principal holds long enough, narrowed by the credential's scopes and the
// request.
func (m *Minter) Grants(ctx context.Context, s Subject, audience domain.Service, now time.Time) (domain.Grants, error) {
	grants, err := m.Directory.Narrowed(ctx, s.Principal, audience, s.Scopes, s.roleLevel())
	if err != nil {
		return domain.Grants{}, err
	}
	grants = grants.LastingUntil(now.Add(domain.ShortestGrant))
	if s.Asked == nil {
		return grants, nil
	}
	names := make([]domain.Pattern, len(s.Asked))
	for i, name := range s.Asked {
		names[i] = domain.Pattern(name)
	}
	return grants.Narrow(names), nil
}
