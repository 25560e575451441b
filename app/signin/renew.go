package signin

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
)

// AccessToken makes a token of a live session for one audience. asOf is what access.Directory.Applied was before user and session were read.
func (s *Service) AccessToken(ctx context.Context, user domain.User, session domain.Session, audience domain.Service, asOf int64, now time.Time) (access.Token, error) {
	return s.minter.Mint(ctx, access.Subject{
		Principal: user.Principal, Client: domain.FirstParty(), AsOf: asOf, Until: session.IdleExpiresAt(s.settings.Sessions),
		SessionID: session.ID, AMR: session.AMR, Level: session.Level, AuthTime: session.AuthTime, EmailVerified: user.IsEmailVerified(),
	}, audience, now)
}

// Renew makes a new family and tokens for a session whose credentials change. The caller replaces the session's families in the transaction
// of that change. The tokens are made before it, because a change whose answer then fails would log its owner out.
func (s *Service) Renew(ctx context.Context, user domain.User, id domain.SessionID, asOf int64, now time.Time) (Tokens, domain.Family, error) {
	session, err := s.directory.Session(ctx, id)
	if err != nil {
		return Tokens{}, domain.Family{}, access.TokenInvalidWhenGone(err)
	}
	platform, err := s.directory.Service(ctx, "")
	if err != nil {
		return Tokens{}, domain.Family{}, err
	}
	return s.RenewAs(ctx, user, session, platform, asOf, now)
}

// RenewAs is Renew for a session in which more or less is proved than before, as it will be.
func (s *Service) RenewAs(ctx context.Context, user domain.User, session domain.Session, audience domain.Service, asOf int64, now time.Time) (Tokens, domain.Family, error) {
	session.LastSeenAt = now
	token, err := s.AccessToken(ctx, user, session, audience, asOf, now)
	if err != nil {
		return Tokens{}, domain.Family{}, err
	}
	family, refresh, err := domain.NewFamily(domain.FamilyID(s.System.NewID()), session.ID, domain.FirstPartyClient, s.keys, s.System.Entropy, now)
	return Tokens{User: user, Session: session, Access: token, RefreshToken: refresh.Text(), IdleUntil: session.IdleExpiresAt(s.settings.Sessions)}, family, err
}
