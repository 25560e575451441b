package role

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
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

// load finds a role by its id, for an actor with a right over the objects of its service. domain.ErrNotFound otherwise.
func (s *Service) load(ctx context.Context, a domain.Actor, right domain.Right, ref string) (domain.Role, error) {
	id, ok := domain.ParseID[domain.RoleID](ref)
	if !ok {
		return domain.Role{}, domain.ErrNotFound
	}
	role, err := s.Store.Read().Roles.ByID(ctx, id)
	if err != nil {
		return domain.Role{}, err
	}
	_, err = s.directory.LoadService(ctx, a, right, string(role.ServiceID))
	return role, err
}

// edit is a change of the roles of one service, under its lock.
type edit struct {
	tx       *store.Tx
	service  domain.Service
	standing access.Standing
	right    domain.Right
	graph    domain.RoleGraph
}

// begin locks a service for a change of its roles, and reads them and what the actor covers.
func (s *Service) begin(ctx context.Context, tx *store.Tx, a domain.Actor, right domain.Right, id domain.ServiceID) (edit, error) {
	service, err := tx.Services.Lock(ctx, id, store.Exclusive)
	if err != nil {
		return edit{}, err
	}
	standing, _, err := s.directory.Enter(ctx, tx, a, right, service, s.System.Now())
	if err != nil {
		return edit{}, err
	}
	roles, err := tx.Roles.All(ctx, id)
	return edit{tx: tx, service: service, standing: standing, right: right, graph: domain.NewRoleGraph(roles)}, err
}

// mustCover refuses patterns that the actor does not hold for good: a role has no end, so a person who holds a right for a day could write
// it into a role and keep it.
func (e edit) mustCover(patterns []domain.Pattern) error {
	until, missing, ok := e.standing.Cover(e.right).UntilAll(patterns)
	if !ok {
		refusal := domain.ErrForbidden.Saying("You don't hold " + string(missing) + " at " + e.service.Key + ", so you can't put it into a role or take it out of one").Because(domain.ErrNotCovered)
		return e.standing.OrLevel(refusal, func(higher access.Standing) bool {
			until, _, ok := higher.Cover(e.right).UntilAll(patterns)
			return ok && until.IsZero()
		})
	}
	if !until.IsZero() {
		return domain.ErrForbidden.Saying("You hold some of this only for a time, and what a role may do has no end").Because(domain.ErrNotCovered)
	}
	return nil
}

// commit counts the change, and tells all replicas.
func (e edit) commit(ctx context.Context) error {
	e.service.PV++
	tokens := domain.TokensStale
	if e.service.IsPlatform() {
		tokens = domain.TokensUnaffected // those of the platform are judged here
	}
	e.tx.Changed(domain.ChangeService, string(e.service.ID), tokens)
	return e.tx.Services.Update(ctx, e.service)
}
