package oauth

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// IntrospectInput is a token that a client received, or owns.
type IntrospectInput struct {
	Client Client
	Token  domain.Secret
}

// IntrospectOutput describes a token. The zero value stands for a token of somebody else, an ended one or an invalid one; clients can't
// tell which (RFC 7662 §4).
type IntrospectOutput struct {
	Active bool
	Client domain.Service
	Issuer string

	// For an access token: its claims, and what its bearer holds at the client now.
	Claims domain.Claims
	Grants domain.Grants
	PV     int64
	User   domain.User // zero for a service's

	// For the client's own application token.
	AppToken  domain.AppToken
	ExpiresAt time.Time // zero: it has no end
}

// Introspect describes a token to a service: an access token for this service, or one of its own application tokens. Tokens of other
// services are unknown, like invented ones.
func (s *Service) Introspect(ctx context.Context, in IntrospectInput) (IntrospectOutput, error) {
	client, err := s.require(ctx, in.Client)
	if err != nil {
		return IntrospectOutput{}, err
	}
	var out IntrospectOutput
	if domain.IsAppToken(in.Token) {
		out, err = s.appToken(ctx, client, in.Token)
	} else {
		out, err = s.accessToken(ctx, client, in.Token)
	}
	if errors.Is(err, domain.ErrTokenInvalid) || err == nil && !out.Active {
		return IntrospectOutput{}, nil
	}
	out.Client, out.Issuer = client, s.minter.Issuer
	return out, err
}

func (s *Service) appToken(ctx context.Context, client domain.Service, text domain.Secret) (IntrospectOutput, error) {
	actor, token, err := s.authenticator.AppToken(ctx, text)
	if err != nil || token.ServiceID != client.ID {
		return IntrospectOutput{}, err
	}
	return IntrospectOutput{Active: true, AppToken: token, ExpiresAt: actor.ExpiresAt}, nil
}

func (s *Service) accessToken(ctx context.Context, client domain.Service, text domain.Secret) (IntrospectOutput, error) {
	actor, claims, err := s.authenticator.AccessToken(ctx, text)
	if err != nil || claims.Audience != client.Key {
		return IntrospectOutput{}, err
	}
	out := IntrospectOutput{Active: true, Claims: claims}
	principal, err := s.directory.PrincipalOf(ctx, actor)
	if err != nil {
		return IntrospectOutput{}, err
	}
	if actor.Kind == domain.ActorUser {
		if out.User, err = s.directory.User(ctx, domain.UserID(actor.ID)); err != nil {
			return IntrospectOutput{}, err
		}
	}
	if out.Grants, err = s.directory.Narrowed(ctx, principal, client, actor.Scopes, actor.RoleLevel()); err != nil {
		return IntrospectOutput{}, err
	}
	out.PV, err = s.directory.PV(ctx, principal, client)
	return out, err
}
