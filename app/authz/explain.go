package authz

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// Reason says what is missing.
type Reason string

// The reasons.
const (
	UnknownPrincipal  Reason = "unknown_principal"
	PrincipalInactive Reason = "principal_inactive"
	UnknownService    Reason = "unknown_service"
	ServiceInactive   Reason = "service_inactive"
	UnknownPermission Reason = "unknown_permission"
	NotGranted        Reason = "not_granted"
	Expired           Reason = "expired"
	OutOfScope        Reason = "out_of_scope" // the account may, but not with this credential
	NeedsLevel        Reason = "needs_acr"    // the principal may, after a stronger login
)

// Step is one step of the path from a principal to a permission.
type Step struct {
	Type      string // user, service_account, role, include or pattern
	ID        string
	Name      string
	ExpiresAt time.Time
}

// Explanation is the path by which something is allowed, or what is missing.
type Explanation struct {
	Allowed bool
	Path    []Step
	Missing Reason
	Role    string       // with Expired: the role that was held; with NeedsLevel: the one that would count
	EndedAt time.Time    // and until when
	Level   domain.Level // with NeedsLevel: the lowest that would do
}

// ExplainInput is one question.
type ExplainInput struct {
	Actor    domain.Actor
	Question Question
}

// Explain answers one question with its reason, from the store: the shortest path and, of several, the one that lasts longest.
func (s *Service) Explain(ctx context.Context, in ExplainInput) (Explanation, error) {
	if err := requireCaller(in.Actor); err != nil {
		return Explanation{}, err
	}
	q := in.Question
	if err := q.check(""); err != nil {
		return Explanation{}, err
	}
	read := s.Store.Read()
	service, err := read.Services.Find(ctx, q.Service)
	known := err == nil
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return Explanation{}, err
	}
	if err := s.mayAsk(ctx, in.Actor, q, service, known); err != nil {
		return Explanation{}, err
	}
	principal, found, err := s.principal(ctx, in.Actor, q)
	if err != nil {
		return Explanation{}, err
	}
	switch {
	case !found:
		return Explanation{Missing: UnknownPrincipal}, nil
	case !principal.IsActive(s.System.Now()):
		return Explanation{Missing: PrincipalInactive}, nil
	case !known:
		return Explanation{Missing: UnknownService}, nil
	case !service.IsActive():
		return Explanation{Missing: ServiceInactive}, nil
	}
	names, err := read.Grants.Known(ctx, service.ID)
	if err != nil {
		return Explanation{}, err
	}
	if !domain.NewVocabulary(names).Has(q.Permission) {
		return Explanation{Missing: UnknownPermission}, nil
	}
	e, err := s.way(ctx, principal, service, q.Permission, q.level(in.Actor, principal.Kind))
	if err == nil && e.Allowed && q.isSelf(in.Actor) && in.Actor.Scopes.Narrows() && !matchesAny(in.Actor.Scopes.At(service.Key), q.Permission) {
		e = Explanation{Missing: OutOfScope}
	}
	return e, err
}

func (s *Service) principal(ctx context.Context, a domain.Actor, q Question) (domain.Principal, bool, error) {
	id := a.ID
	if !q.isSelf(a) {
		var ok bool
		if id, ok = domain.ParseID[domain.PrincipalID](q.Principal); !ok {
			return domain.Principal{}, false, nil
		}
	}
	p, err := s.Store.Read().Principals.ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.Principal{}, false, nil
	}
	return p, err == nil, err
}

// way walks from the assigned roles down the includes, the nearest first, over roles that count at a level.
func (s *Service) way(ctx context.Context, p domain.Principal, service domain.Service, permission string, level domain.Level) (Explanation, error) {
	roles, err := s.Store.Read().Roles.All(ctx, service.ID)
	if err != nil {
		return Explanation{}, err
	}
	assigned, err := s.Store.Read().Grants.Assigned(ctx, p.ID, maxAssigned)
	if err != nil {
		return Explanation{}, err
	}
	graph, now := domain.NewRoleGraph(roles), s.System.Now()
	var over *trail
	for at := level; at <= domain.PHR; at++ {
		counts := func(r domain.Role) bool { return s.directory.LevelOf(r, service) <= at }
		var best *trail
		for _, a := range assigned {
			if a.ServiceID != service.ID {
				continue
			}
			t := descend(graph, a.Assignment, permission, counts)
			switch {
			case t == nil:
			case a.IsLive(now):
				best = t.better(best)
			default:
				over = t.later(over)
			}
		}
		switch {
		case best == nil:
		case at == level:
			return Explanation{Allowed: true, Path: best.path(p)}, nil
		default:
			return Explanation{Missing: NeedsLevel, Level: at, Role: best.roles[0].Name}, nil
		}
	}
	if over != nil {
		return Explanation{Missing: Expired, Role: over.roles[0].Name, EndedAt: over.end}, nil
	}
	return Explanation{Missing: NotGranted}, nil
}

// maxAssigned is more roles than a principal may have, including ended ones that are still stored.
const maxAssigned = 5000

// trail is a way from an assignment to a pattern.
type trail struct {
	roles   []domain.Role // the assigned one, then what includes led to
	pattern domain.Pattern
	end     time.Time
}

// descend finds the shortest way from an assigned role to a pattern that matches, over roles that count, or nil.
func descend(graph domain.RoleGraph, a domain.Assignment, permission string, counts func(domain.Role) bool) *trail {
	start, ok := graph.Role(a.RoleID)
	if !ok || !counts(start) {
		return nil
	}
	seen := map[domain.RoleID]bool{start.ID: true}
	queue := []trail{{roles: []domain.Role{start}, end: a.ExpiresAt}}
	for len(queue) > 0 {
		t := queue[0]
		queue = queue[1:]
		last := t.roles[len(t.roles)-1]
		for _, p := range last.Patterns {
			if p.Matches(permission) {
				t.pattern = p
				return &t
			}
		}
		for _, included := range last.Includes {
			if next, ok := graph.Role(included.ID); ok && !seen[next.ID] && counts(next) {
				seen[next.ID] = true
				queue = append(queue, trail{roles: append(append([]domain.Role{}, t.roles...), next), end: t.end})
			}
		}
	}
	return nil
}

// better is the one of fewer steps, then the one that ends later.
func (t *trail) better(than *trail) *trail {
	if than == nil || len(t.roles) < len(than.roles) {
		return t
	}
	if len(t.roles) == len(than.roles) && !than.end.IsZero() && domain.LaterEnd(t.end, than.end).Equal(t.end) {
		return t
	}
	return than
}

// later is the one that ends last.
func (t *trail) later(than *trail) *trail {
	if than == nil || t.end.After(than.end) {
		return t
	}
	return than
}

func (t *trail) path(p domain.Principal) []Step {
	path := []Step{{Type: string(p.Kind), ID: string(p.ID)}}
	for i, r := range t.roles {
		step := Step{Type: "include", ID: string(r.ID), Name: r.Name}
		if i == 0 {
			step.Type, step.ExpiresAt = "role", t.end
		}
		path = append(path, step)
	}
	return append(path, Step{Type: "pattern", Name: string(t.pattern)})
}

func matchesAny(patterns []domain.Pattern, permission string) bool {
	for _, p := range patterns {
		if p.Matches(permission) {
			return true
		}
	}
	return false
}
