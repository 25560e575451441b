package authz

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/domain"
)

// CheckInput is up to 100 questions.
type CheckInput struct {
	Actor  domain.Actor
	Checks []Question
}

// CheckOutput is an answer for each question, in order.
type CheckOutput struct {
	Allowed []bool
	// ValidUntil is the earliest end among the assignments that were looked at, after which an answer may be another; zero: none has an end.
	ValidUntil time.Time
}

// Check answers questions in order, from memory. Unknown principals, services and names are false where the caller may ask about them. It returns domain.ErrForbidden for the
// whole call when the caller may not ask one of them.
func (s *Service) Check(ctx context.Context, in CheckInput) (CheckOutput, error) {
	if err := requireCaller(in.Actor); err != nil {
		return CheckOutput{}, err
	}
	var wrong []error
	for i, q := range in.Checks {
		wrong = append(wrong, q.check(place(i)))
	}
	if err := domain.MergeFields(wrong...); err != nil {
		return CheckOutput{}, err
	}
	if len(in.Checks) == 1 { // most calls: no batch is needed
		grants, err := s.held(ctx, in.Actor, in.Checks[0].about())
		return CheckOutput{Allowed: []bool{grants.Allows(in.Checks[0].Permission)}, ValidUntil: grants.ValidUntil}, err
	}
	looked, err := s.look(ctx, in)
	if err != nil {
		return CheckOutput{}, err
	}
	out := CheckOutput{Allowed: make([]bool, len(in.Checks))}
	for i, q := range in.Checks {
		grants := looked[q.about()]
		out.Allowed[i], out.ValidUntil = grants.Allows(q.Permission), domain.EarlierEnd(out.ValidUntil, grants.ValidUntil)
	}
	return out, nil
}

// about is the principal and service of a question: many questions of one call share them.
func (q Question) about() Question { return Question{Principal: q.Principal, Service: q.Service} }

// where is the service of a question, if the actor may ask there; known is false if there is no such service.
func (s *Service) where(ctx context.Context, a domain.Actor, about Question) (service domain.Service, known bool, err error) {
	service, err = s.directory.Service(ctx, about.Service)
	known = err == nil
	if err != nil && !errors.Is(err, domain.ErrUnknownService) {
		return service, false, err
	}
	return service, known, s.mayAsk(ctx, a, about, service, known)
}

// held is what a principal may do at a service, for an actor who may ask; nothing if either is unknown or off.
func (s *Service) held(ctx context.Context, a domain.Actor, about Question) (domain.Grants, error) {
	service, known, err := s.where(ctx, a, about)
	if err != nil || !known {
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

// look finds what the principals of the questions hold where the actor may ask; nothing if principal or service is unknown or off. Values
// that are not cached are loaded together: the principals, then what they hold at each service.
func (s *Service) look(ctx context.Context, in CheckInput) (map[Question]domain.Grants, error) {
	looked := map[Question]domain.Grants{}
	others := map[domain.ServiceID][]Question{}
	services := map[domain.ServiceID]domain.Service{}
	var ids []domain.PrincipalID
	for _, q := range in.Checks {
		about := q.about()
		if _, seen := looked[about]; seen {
			continue
		}
		looked[about] = domain.Grants{}
		service, known, err := s.where(ctx, in.Actor, about)
		if err != nil {
			return nil, err
		}
		id, isID := domain.ParseID[domain.PrincipalID](about.Principal)
		switch {
		case !known:
		case about.isSelf(in.Actor):
			if looked[about], err = s.directory.GrantsOf(ctx, in.Actor, service); err != nil {
				return nil, err
			}
		case isID:
			ids, services[service.ID] = append(ids, id), service
			others[service.ID] = append(others[service.ID], about)
		}
	}
	if len(ids) == 0 {
		return looked, nil
	}
	principals, err := s.directory.PrincipalsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	for id, questions := range others {
		if err := s.lookAt(ctx, services[id], questions, principals, looked); err != nil {
			return nil, err
		}
	}
	return looked, nil
}

// lookAt finds what the principals of questions about one service hold there.
func (s *Service) lookAt(ctx context.Context, service domain.Service, questions []Question, principals map[domain.PrincipalID]domain.Principal, looked map[Question]domain.Grants) error {
	var active []domain.Principal
	now := s.System.Now()
	for _, q := range questions {
		id, _ := domain.ParseID[domain.PrincipalID](q.Principal)
		if p, ok := principals[id]; ok && p.IsActive(now) {
			active = append(active, p)
		}
	}
	grants, err := s.directory.GrantsAt(ctx, active, service)
	if err != nil {
		return err
	}
	for _, q := range questions {
		id, _ := domain.ParseID[domain.PrincipalID](q.Principal)
		looked[q] = grants[id]
	}
	return nil
}
