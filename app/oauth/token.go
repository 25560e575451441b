package oauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
)

const (
	grantClientCredentials = "client_credentials"
	// maxScopes and maxScopeBytes bound the requested scope.
	maxScopes     = 100
	maxScopeBytes = 4 << 10
	// urn begins the name of a service for clients that can send nothing but URIs (RFC 8707).
	urn = "urn:signet:service:"
)

// TokenInput asks for an access token. The audience may be named in three ways, for clients that know only one of them; each takes a key, an
// id, a name or a URN. Without any it is Signet itself.
type TokenInput struct {
	Client Client

	Grant     string
	Audiences []string
	Resources []string // RFC 8707; more than one is refused
	Scope     string
}

// TokenOutput is an access token, with its audience and scope.
type TokenOutput struct {
	Access   access.Token
	Audience domain.Service
}

// Token issues an access token for the service's account (RFC 6749 §4.4). It contains what the account holds at the audience within the
// scopes of the application token.
func (s *Service) Token(ctx context.Context, in TokenInput) (TokenOutput, error) {
	client, err := s.require(ctx, in.Client)
	if err != nil {
		return TokenOutput{}, err
	}
	if in.Grant != grantClientCredentials {
		return TokenOutput{}, domain.ErrUnsupportedGrant
	}
	now, asOf := s.System.Now(), s.directory.Applied()
	principal, err := s.directory.Principal(ctx, in.Client.Actor.ID)
	if err != nil {
		return TokenOutput{}, gone(err)
	}
	audience, err := s.audience(ctx, in, client, principal, now)
	if err != nil {
		return TokenOutput{}, err
	}
	token, err := s.directory.AppToken(ctx, in.Client.Actor.AppToken)
	if err != nil {
		return TokenOutput{}, gone(err)
	}
	subject := access.Subject{
		Principal: principal, Client: domain.Client{Key: client.Key}, AsOf: asOf, Until: token.ExpiresAt, AppToken: token.ID, Scopes: in.Client.Actor.Scopes,
	}
	if subject.Asked, err = s.asked(ctx, in.Scope, subject, audience, now); err != nil {
		return TokenOutput{}, err
	}
	out, err := s.minter.Mint(ctx, subject, audience, now)
	if err == nil && out.ExpiresIn < time.Second {
		err = domain.ErrInvalidClient // it ends within a second
	}
	return TokenOutput{Access: out, Audience: audience}, err
}

// audience is the one service that a token is for. A client without a role there gets no token, because many services only check a token's
// signature. The error does not say what is wrong with a name, otherwise clients could find out which services exist.
func (s *Service) audience(ctx context.Context, in TokenInput, client domain.Service, principal domain.Principal, now time.Time) (domain.Service, error) {
	if len(in.Resources) > 1 {
		return domain.Service{}, domain.ErrInvalidTarget
	}
	refs := slices.DeleteFunc(slices.Concat(in.Audiences, in.Resources), func(ref string) bool { return ref == "" })
	if len(refs) == 0 {
		return s.directory.Service(ctx, "")
	}
	var audience domain.Service
	for _, ref := range refs {
		name := strings.TrimPrefix(ref, urn)
		if name == "" { // an empty name would mean Signet itself, whose tokens are the most powerful
			return domain.Service{}, domain.ErrInvalidTarget
		}
		service, err := s.directory.Service(ctx, name)
		if errors.Is(err, domain.ErrUnknownService) || err == nil && audience.ID != "" && service.ID != audience.ID {
			err = domain.ErrInvalidTarget
		}
		if err != nil {
			return domain.Service{}, err
		}
		audience = service
	}
	if audience.ID == client.ID || audience.IsPlatform() {
		return audience, nil
	}
	grants, err := s.directory.Grants(ctx, principal, audience, domain.NoLevel)
	if err == nil && len(grants.LastingUntil(now.Add(domain.ShortestGrant)).Roles) == 0 {
		err = domain.ErrInvalidTarget
	}
	return audience, err
}

// asked is the permissions that a scope names, by their short names; nil for all. The client must hold each of them, so that a missing
// grant shows when it starts and not when the grant is needed.
func (s *Service) asked(ctx context.Context, scope string, subject access.Subject, audience domain.Service, now time.Time) ([]string, error) {
	if scope == "" {
		return nil, nil
	}
	texts := strings.Split(scope, " ")
	if len(texts) > maxScopes || len(scope) > maxScopeBytes {
		return nil, domain.ErrInvalidScope.Saying(fmt.Sprintf("scope must have at most %d names and %d bytes", maxScopes, maxScopeBytes))
	}
	grants, err := s.minter.Grants(ctx, subject, audience, now)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, text := range texts {
		name := strings.TrimPrefix(text, audience.Key+"/")
		if !grants.Allows(name) {
			if _, err := domain.ParsePattern(name); err != nil {
				return nil, domain.ErrInvalidScope
			}
			return nil, domain.ErrInvalidScope.Saying("The client's account does not hold " + name + " at " + audience.Key + ", or there is no such permission")
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
