// Package authz answers the question of every other service: may this principal do this here, and why?
//
//	check   ─► from memory: principal active ∧ service active ∧ the permission exists ∧ a held pattern matches it
//	explain ─► from the record: the way from the principal to the pattern, or what is missing
package authz

import (
	"context"
	"errors"
	"fmt"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
)

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	directory *access.Directory
	cursors   domain.CursorKeys
}

// New makes the service.
func New(b *base.Base, directory *access.Directory, cursors domain.CursorKeys) *Service {
	return &Service{Base: b, directory: directory, cursors: cursors}
}

// Question asks whether a principal may do something at a service.
type Question struct {
	Principal  string       // an id; a malformed one, such as the empty text, is nobody's
	Service    string       // key, id or name
	Permission string       // resource:action
	Level      domain.Level // that the principal has proved; zero: the lowest, or, about oneself, the credential's
}

// check validates the shape. Wildcards are no permissions.
func (q Question) check(at string) error {
	if q.Service == "" {
		return domain.ErrInvalidFields(domain.Required(at + "service"))
	}
	if !domain.IsPermissionName(q.Permission) {
		field := at + "permission"
		return domain.ErrInvalidFields(domain.FieldError{
			Field: field, Code: "invalid", Text: field + " must be the name of a permission, resource:action, without wildcards",
		})
	}
	return nil
}

// level is the level that counts for the principal's roles. Accounts of services have none: every role of theirs counts. About oneself it is
// the credential's, or a lower one.
func (q Question) level(a domain.Actor, kind domain.PrincipalKind) domain.Level {
	switch {
	case kind == domain.KindServiceAccount, q.isSelf(a) && a.Kind == domain.ActorService:
		return domain.NoLevel
	case q.isSelf(a) && q.Level == 0:
		return a.RoleLevel()
	case q.isSelf(a):
		return min(q.Level, a.RoleLevel())
	}
	return q.Level.OrLowest()
}

// isSelf tells whether an actor asks about themselves.
func (q Question) isSelf(a domain.Actor) bool {
	return q.Principal == string(a.ID)
}

// requireCaller refuses actors who may ask nothing. Each question is checked separately.
func requireCaller(a domain.Actor) error {
	if a.Kind != domain.ActorUser && a.Kind != domain.ActorService {
		return domain.ErrTokenMissing
	}
	return nil
}

// mayAsk checks one question. Everybody may ask about themselves, with a token for a service only at that service; a service may ask about
// anybody at itself; otherwise the actor needs the right to read the roles of that service. About an unknown service an actor hears "no" if the question is about themselves or if they may read all roles; others are refused.
func (s *Service) mayAsk(ctx context.Context, a domain.Actor, q Question, service domain.Service, known bool) error {
	if !a.Raw && a.Audience != domain.PlatformKey {
		if q.isSelf(a) && (!known || service.Key == a.Audience) {
			return nil
		}
		return domain.ErrWrongAudience
	}
	if q.isSelf(a) || known && a.Kind == domain.ActorService && service.ID.Principal() == a.ID {
		return nil
	}
	if a.Raw {
		return domain.ErrForbidden.Saying("An application token may ask about its own service only")
	}
	err := s.directory.Require(ctx, a, domain.RoleRead)
	if known && access.IsRefusal(err) {
		err = s.directory.RequireAt(ctx, a, domain.ReadRoles, service)
	}
	if errors.Is(err, domain.ErrNotFound) {
		err = domain.ErrForbidden
	}
	return err
}

func place(i int) string { return fmt.Sprintf("checks[%d].", i) }
