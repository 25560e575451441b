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
	for i, q := range in.Checks {
		var err error
		if allowed[i], err = s.one(ctx, in.Actor, q); err != nil {
			return nil, err
		}
	}
	return allowed, nil
}

func (s *Service) one(ctx context.Context, a domain.Actor, q Question) (bool, error) {
	service, err := s.directory.Service(ctx, q.Service)
	known := err == nil
	if err != nil && !errors.Is(err, domain.ErrUnknownService) {
		return false, err
	}
	if err := s.mayAsk(ctx, a, q, service, known); err != nil || !known {
		return false, err
	}
	if q.isSelf(a) {
		grants, err := s.directory.GrantsOf(ctx, a, service)
		return grants.Allows(q.Permission), err
	}
	id, ok := domain.ParseID[domain.PrincipalID](q.Principal)
	if !ok {
		return false, nil
	}
	principal, err := s.directory.Principal(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !principal.IsActive(s.System.Now()) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	grants, err := s.directory.Grants(ctx, principal, service)
	return grants.Allows(q.Permission), err
}
