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

// Answer is the answer to one question. NeedsLevel is the lowest level of the principal at which a refusal would be another; zero: none.
type Answer struct {
	Allowed    bool
	NeedsLevel domain.Level
}

// CheckOutput is an answer for each question, in order.
type CheckOutput struct {
	Answers []Answer
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
		h, err := s.held(ctx, in.Actor, in.Checks[0].about())
		if err != nil {
			return CheckOutput{}, err
		}
		return s.answer(ctx, in.Checks, func(Question) holding { return h })
	}
	looked, err := s.look(ctx, in)
	if err != nil {
		return CheckOutput{}, err
	}
	return s.answer(ctx, in.Checks, func(about Question) holding { return looked[about] })
}

// holding is what a principal has at a service with the level of a question.
type holding struct {
	grants    domain.Grants
	principal domain.Principal
	service   domain.Service
}

// answer judges the questions by what was found, and looks at higher levels for those that are refused only where one adds a role.
func (s *Service) answer(ctx context.Context, checks []Question, found func(about Question) holding) (CheckOutput, error) {
	out := CheckOutput{Answers: make([]Answer, len(checks))}
	for i, q := range checks {
		grants := found(q.about()).grants
		out.Answers[i].Allowed = grants.Allows(q.Permission)
		out.ValidUntil = domain.EarlierEnd(out.ValidUntil, grants.RememberUntil())
	}
	for level := domain.AAL2; level <= domain.PHR; level++ {
		refused := map[domain.ServiceID][]int{}
		for i, q := range checks {
			h := found(q.about())
			if next := h.grants.NextLevel; !out.Answers[i].Allowed && out.Answers[i].NeedsLevel == 0 && next != 0 && next <= level {
				refused[h.service.ID] = append(refused[h.service.ID], i)
			}
		}
		for _, at := range refused {
			principals := make([]domain.Principal, len(at))
			for n, i := range at {
				principals[n] = found(checks[i].about()).principal
			}
			higher, err := s.directory.GrantsAt(ctx, principals, found(checks[at[0]].about()).service, level)
			if err != nil {
				return CheckOutput{}, err
			}
			for n, i := range at {
				if higher[principals[n].ID].Allows(checks[i].Permission) {
					out.Answers[i].NeedsLevel = level
				}
			}
		}
	}
	return out, nil
}

// about is what a question is about, without the permission: many questions of one call share it.
func (q Question) about() Question {
	q.Permission = ""
	return q
}

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
func (s *Service) held(ctx context.Context, a domain.Actor, about Question) (holding, error) {
	service, known, err := s.where(ctx, a, about)
	if err != nil || !known {
		return holding{}, err
	}
	if about.isSelf(a) {
		return s.own(ctx, a, about, service)
	}
	id, ok := domain.ParseID[domain.PrincipalID](about.Principal)
	if !ok {
		return holding{}, nil
	}
	principal, err := s.directory.Principal(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !principal.IsActive(s.System.Now()) {
		return holding{}, nil
	}
	if err != nil {
		return holding{}, err
	}
	grants, err := s.directory.Grants(ctx, principal, service, about.level(a, principal.Kind))
	return holding{grants, principal, service}, err
}

// own is what the actor's credential may do at a service.
func (s *Service) own(ctx context.Context, a domain.Actor, about Question, service domain.Service) (holding, error) {
	principal, err := s.directory.PrincipalOf(ctx, a)
	if err != nil {
		return holding{}, err
	}
	grants, err := s.directory.Narrowed(ctx, principal, service, a.Scopes, about.level(a, principal.Kind))
	return holding{grants, principal, service}, err
}

// look finds what the principals of the questions hold where the actor may ask; nothing if principal or service is unknown or off. Values
// that are not cached are loaded together: the principals, then what they hold at each service.
func (s *Service) look(ctx context.Context, in CheckInput) (map[Question]holding, error) {
	looked := map[Question]holding{}
	others := map[domain.ServiceID][]Question{}
	services := map[domain.ServiceID]domain.Service{}
	var ids []domain.PrincipalID
	for _, q := range in.Checks {
		about := q.about()
		if _, seen := looked[about]; seen {
			continue
		}
		looked[about] = holding{}
		service, known, err := s.where(ctx, in.Actor, about)
		if err != nil {
			return nil, err
		}
		id, isID := domain.ParseID[domain.PrincipalID](about.Principal)
		switch {
		case !known:
		case about.isSelf(in.Actor):
			if looked[about], err = s.own(ctx, in.Actor, about, service); err != nil {
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
		if err := s.lookAt(ctx, in.Actor, services[id], questions, principals, looked); err != nil {
			return nil, err
		}
	}
	return looked, nil
}

// lookAt finds what the principals of questions about one service hold there, those of one level together.
func (s *Service) lookAt(ctx context.Context, a domain.Actor, service domain.Service, questions []Question, principals map[domain.PrincipalID]domain.Principal, looked map[Question]holding) error {
	now := s.System.Now()
	active := map[domain.Level][]domain.Principal{}
	about := map[domain.Level][]Question{}
	for _, q := range questions {
		id, _ := domain.ParseID[domain.PrincipalID](q.Principal)
		if p, ok := principals[id]; ok && p.IsActive(now) {
			level := q.level(a, p.Kind)
			active[level], about[level] = append(active[level], p), append(about[level], q)
		}
	}
	for level, of := range active {
		grants, err := s.directory.GrantsAt(ctx, of, service, level)
		if err != nil {
			return err
		}
		for i, q := range about[level] {
			looked[q] = holding{grants[of[i].ID], of[i], service}
		}
	}
	return nil
}
