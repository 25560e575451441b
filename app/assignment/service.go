// Package assignment gives roles to principals and takes them away.
//
//	lock the service (shared) ─► lock the target and the actor ─► does the actor cover the role's closure? ─► rank, the last
//	administrator, limits ─► write ─► pv of the target
package assignment

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// maxLive is how many roles a principal may have at a time.
const maxLive = 1000

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

// Target names a role of a service.
type Target struct {
	Actor   domain.Actor
	From    domain.Origin
	Service string // id or key
	Role    string
}

// Holder names a principal.
type Holder struct {
	Kind domain.PrincipalKind
	Ref  string // a user's id; a service's id or key
}

// End is the requested end of an assignment.
type End struct {
	Given bool      // absent: an existing end stays, and a new assignment lasts as long as its giver's right
	At    time.Time // zero: no end
}

// check wants an end after now and at most 10 years off.
func (e *End) check(now time.Time) error {
	var err error
	e.At, err = domain.CheckEnd("expires_at", e.At, now)
	return err
}

// loadTarget finds the service and its role. It returns domain.ErrWrongService when the role belongs to another service and the actor may
// know that.
func (s *Service) loadTarget(ctx context.Context, t Target, right domain.Right) (domain.Service, domain.Role, error) {
	service, err := s.directory.LoadService(ctx, t.Actor, right, t.Service)
	if err != nil {
		return domain.Service{}, domain.Role{}, err
	}
	id, ok := domain.ParseID[domain.RoleID](t.Role)
	if !ok {
		return domain.Service{}, domain.Role{}, domain.ErrNotFound
	}
	role, err := s.Store.Read().Roles.ByID(ctx, id)
	if err != nil || role.ServiceID == service.ID {
		return service, role, err
	}
	if _, err := s.directory.LoadService(ctx, t.Actor, domain.ReadRoles, string(role.ServiceID)); err != nil {
		return domain.Service{}, domain.Role{}, err
	}
	return domain.Service{}, domain.Role{}, domain.ErrWrongService
}

// loadHolder finds a principal. A service account is not found as a user, nor a user as a service account.
func (s *Service) loadHolder(ctx context.Context, h Holder) (domain.PrincipalID, error) {
	if h.Kind == domain.KindServiceAccount {
		service, err := s.Store.Read().Services.ByRef(ctx, h.Ref)
		return service.ID.Principal(), err
	}
	id, ok := domain.ParseID[domain.PrincipalID](h.Ref)
	if !ok {
		return "", domain.ErrNotFound
	}
	p, err := s.Store.Read().Principals.ByID(ctx, id)
	if err == nil && p.Kind != h.Kind {
		err = domain.ErrNotFound
	}
	return id, err
}

// giving is a change of who holds a role, under the locks of a transaction.
type giving struct {
	tx      *store.Tx
	target  Target
	service domain.Service
	role    domain.Role
	locked  map[domain.PrincipalID]domain.Principal
	until   time.Time // when the actor loses what they pass on; zero: never
	now     time.Time

	directory *access.Directory
}

// begin locks, and checks whether the actor covers everything that the role contains.
func (s *Service) begin(ctx context.Context, tx *store.Tx, t Target, service domain.ServiceID, role domain.RoleID, now time.Time, targets ...domain.PrincipalID) (giving, error) {
	g := giving{tx: tx, target: t, now: now, directory: s.directory}
	var err error
	if g.service, err = tx.Services.Lock(ctx, service, store.Shared); err != nil {
		return giving{}, err
	}
	standing, locked, err := s.directory.Enter(ctx, tx, t.Actor, domain.WriteRoles, g.service, now, targets...)
	if err != nil {
		return giving{}, err
	}
	g.locked = locked
	if g.role, err = tx.Roles.ByID(ctx, role); err != nil {
		return giving{}, err
	}
	closure, err := tx.Roles.Closure(ctx, role)
	if err != nil {
		return giving{}, err
	}
	until, missing, ok := standing.Cover(domain.WriteRoles).UntilAll(closure)
	if !ok {
		refusal := domain.ErrForbidden.Saying("You don't hold " + string(missing) + " at " + g.service.Key + ", so you can neither give this role nor take it").
			Because(domain.ErrNotCovered)
		return giving{}, standing.OrLevel(refusal, func(higher access.Standing) bool {
			_, _, ok := higher.Cover(domain.WriteRoles).UntilAll(closure)
			return ok
		})
	}
	right, err := standing.Right(domain.WriteRoles)
	g.until = domain.EarlierEnd(until, right)
	return g, err
}

// checkRank keeps an actor who could not make tokens for a service's account from giving it a role of the platform.
func (g giving) checkRank(ctx context.Context, target domain.PrincipalID) error {
	if !g.service.IsPlatform() || g.locked[target].Kind != domain.KindServiceAccount {
		return nil
	}
	_, err := g.directory.RequireRank(ctx, g.tx, g.target.Actor, target, g.now)
	return err
}

// keepAdmin refuses a change that leaves the platform without a permanent administrator. Call it after the change.
func (g giving) keepAdmin(ctx context.Context, before domain.Assignment) error {
	if !g.service.IsPlatform() || !before.ExpiresAt.IsZero() {
		return nil
	}
	admin, err := g.reachesAdmin(ctx)
	if err != nil || !admin {
		return err
	}
	kept, err := g.tx.Assignments.KeepsAdmin(ctx, g.now)
	if err == nil && !kept {
		err = domain.ErrLastAdmin
	}
	return err
}

func (g giving) reachesAdmin(ctx context.Context) (bool, error) {
	if g.role.ID == domain.RolePlatformAdmin {
		return true, nil
	}
	roles, err := g.tx.Roles.All(ctx, domain.PlatformID)
	return domain.NewRoleGraph(roles).Reaches(g.role.ID, domain.RolePlatformAdmin), err
}

func grantEvent(kind domain.EventType, t Target, role domain.Role, holder domain.PrincipalKind, id domain.PrincipalID) domain.Event {
	return domain.NewEvent(kind, t.Actor, t.From, string(holder), string(id)).In(role.ServiceID).
		With("role", role.Name).With("role_id", string(role.ID))
}

func (g giving) event(kind domain.EventType, a domain.Assignment) domain.Event {
	e := grantEvent(kind, g.target, g.role, g.locked[a.PrincipalID].Kind, a.PrincipalID)
	if !a.ExpiresAt.IsZero() {
		e = e.With("expires_at", a.ExpiresAt.Format(time.RFC3339Nano))
	}
	return e
}
