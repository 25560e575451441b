package authz

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/domain"
)

// CheckInput is up to 100 questions.
type CheckInput struct {
	Actor  domain.Actor
	Checks []Question
}

// Check answers questions in order, from memory. Unknown principals, services and names are false. domain.ErrForbidden for the whole call
// when one of them is not the caller's to ask.
func (s *Service) Check(ctx context.Context, in CheckInput) ([]bool, error) {
	if err := requireCaller(in.Actor); err != nil {
		return nil, err
	}
	var wrong []error
	for i, q := range in.Checks {
		wrong = append(wrong, q.check(place(i)))
	}
	if err := domain.MergeFields(wrong...); err != nil {
		return nil, err
	}
	allowed := make([]bool, len(in.Checks))
	looked := map[Question]domain.Grants{} // of one call many questions are about one principal at one service
	for i, q := range in.Checks {
		about := Question{Principal: q.Principal, Service: q.Service}
		grants, ok := looked[about]
		if !ok {
			var err error
			if grants, err = s.held(ctx, in.Actor, about); err != nil {
				return nil, err
			}
			looked[about] = grants
		}
		allowed[i] = grants.Allows(q.Permission)
	}
	return allowed, nil
}

// held is what a principal may do at a service, for an actor who may ask; nothing for one that is unknown, or off.
func (s *Service) held(ctx context.Context, a domain.Actor, about Question) (domain.Grants, error) {
	service, err := s.directory.Service(ctx, about.Service)
	known := err == nil
	if err != nil && !errors.Is(err, domain.ErrUnknownService) {
		return domain.Grants{}, err
	}
	if err := s.mayAsk(ctx, a, about, service, known); err != nil || !known {
		return domain.Grants{}, err
	}
	if about.isSelf(a) {
		return s.directory.GrantsOf(ctx, a, service)
	}
	id, ok := domain.ParseID[domain.PrincipalID](about.Principal)
	if !ok {
		return domain.Grants{}, nil
	}
	principal, err := s.directory.Principal(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !principal.IsActive(s.System.Now()) {
		return domain.Grants{}, nil
	}
	if err != nil {
		return domain.Grants{}, err
	}
	return s.directory.Grants(ctx, principal, service)
}
