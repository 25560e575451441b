package assignment

import (
	"context"
	"fmt"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Outcome is the result for one principal.
type Outcome string

// The outcomes.
const (
	Assigned     Outcome = "assigned" // it is new, or the former one had ended
	Updated      Outcome = "updated"  // it ends at another time now
	Unchanged    Outcome = "unchanged"
	Unknown      Outcome = "unknown" // there is no such principal
	LimitReached Outcome = "limit_reached"
)

// AssignInput gives a role to one principal.
type AssignInput struct {
	Target
	Holder Holder
	End    End
}

// AssignOutput is the assignment, its outcome, and facts about it.
type AssignOutput struct {
	Assignment domain.ListedAssignment
	Outcome    Outcome
	Capped     bool // it ends together with its giver's right
	ByRef      bool // the principal's tokens no longer list its permissions at the service
}

// Assign gives a role, or changes its end. Actors can only give what they hold: domain.ErrForbidden. If they hold it until some time, the
// assignment ends then, and a later end is refused.
func (s *Service) Assign(ctx context.Context, in AssignInput) (AssignOutput, error) {
	now := s.System.Now()
	if err := s.directory.RequireEver(ctx, in.Actor, domain.WriteRoles); err != nil {
		return AssignOutput{}, err
	}
	if err := in.End.check(now); err != nil {
		return AssignOutput{}, err
	}
	service, role, err := s.loadTarget(ctx, in.Target, domain.WriteRoles)
	if err != nil {
		return AssignOutput{}, err
	}
	holder, err := s.loadHolder(ctx, in.Holder)
	if err != nil {
		return AssignOutput{}, err
	}
	if holder == domain.PlatformID.Principal() {
		return AssignOutput{}, domain.ErrPlatformService.Saying("The platform's own account holds no roles")
	}
	var out AssignOutput
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		g, err := s.begin(ctx, tx, in.Target, service.ID, role.ID, now, holder)
		if err != nil {
			return err
		}
		given, err := s.give(ctx, g, in.End, []domain.PrincipalID{holder})
		if err != nil {
			return err
		}
		switch given[0].outcome {
		case Unknown:
			return domain.ErrNotFound
		case LimitReached:
			return domain.ErrLimitReached.Saying(fmt.Sprintf("A principal may hold at most %d roles", maxLive)).Noting(domain.FactLimit, maxLive)
		case Assigned, Updated, Unchanged:
		}
		out = AssignOutput{
			Assignment: listed(g, given[0].assignment, in.Holder.Kind), Outcome: given[0].outcome, Capped: given[0].capped,
		}
		out.ByRef, err = g.outgrows(ctx, holder)
		return err
	})
	if err != nil {
		return AssignOutput{}, s.NoteRefusal(err, grantEvent(domain.EventGrantAdded, in.Target, role, in.Holder.Kind, holder))
	}
	return out, nil
}

func listed(g giving, a domain.Assignment, kind domain.PrincipalKind) domain.ListedAssignment {
	return domain.ListedAssignment{Assignment: a, Kind: kind, Role: g.role.Name, MinLevel: g.directory.LevelOf(g.role, g.service), ServiceKey: g.service.Key, ServiceName: g.service.Name}
}

// result is the result for one principal.
type result struct {
	assignment domain.Assignment
	outcome    Outcome
	capped     bool
}

// give gives the role to locked principals, in order. The second time that an id is named changes nothing.
func (s *Service) give(ctx context.Context, g giving, end End, principals []domain.PrincipalID) ([]result, error) {
	expires, capped, err := g.endOf(end)
	if err != nil {
		return nil, err
	}
	there, err := g.tx.Assignments.OfRole(ctx, g.role.ID, principals)
	if err != nil {
		return nil, err
	}
	live, err := g.tx.Assignments.CountLive(ctx, principals, g.now)
	if err != nil {
		return nil, err
	}
	results := make([]result, len(principals))
	var written []domain.Assignment
	var changed []domain.PrincipalID
	var events []domain.Event
	seen := map[domain.PrincipalID]bool{}
	for i, id := range principals {
		was, known := there[id]
		r := s.judge(g, id, was, known, end, expires, live[id])
		if seen[id] && r.outcome != Unknown {
			r = result{assignment: was, outcome: Unchanged}
		}
		seen[id] = true
		results[i] = r
		if r.outcome != Assigned && r.outcome != Updated {
			continue
		}
		if err := g.checkRank(ctx, id); err != nil {
			return nil, err
		}
		results[i].capped = capped
		there[id] = r.assignment
		written, changed = append(written, r.assignment), append(changed, id)
		kind := domain.EventGrantAdded
		if r.outcome == Updated {
			kind = domain.EventGrantUpdated
		}
		event := g.event(kind, r.assignment)
		if r.outcome == Updated {
			event = event.With("was", endText(was.ExpiresAt))
		}
		events = append(events, event)
		g.tx.Changed(domain.ChangePrincipal, string(id), domain.TokensStale)
	}
	if len(written) == 0 {
		return results, nil
	}
	if err := g.tx.Assignments.Put(ctx, written...); err != nil {
		return nil, err
	}
	if err := g.tx.Principals.Bump(ctx, changed, g.now); err != nil {
		return nil, err
	}
	if !expires.IsZero() { // a role without an end may have got one
		if err := g.keepAdmin(ctx, domain.Assignment{}); err != nil {
			return nil, err
		}
	}
	return results, s.Audit.Record(ctx, g.tx, g.now, events...)
}

// judge decides the outcome for one principal, who may already have an assignment, and has that many live ones.
func (s *Service) judge(g giving, id domain.PrincipalID, was domain.Assignment, known bool, end End, expires time.Time, live int) result {
	if _, there := g.locked[id]; !there {
		return result{outcome: Unknown}
	}
	isLive := known && was.IsLive(g.now)
	switch {
	case isLive && (!end.Given || was.ExpiresAt.Equal(expires)):
		return result{assignment: was, outcome: Unchanged}
	case isLive:
		was.ExpiresAt = expires
		return result{assignment: was, outcome: Updated}
	case live >= maxLive:
		return result{outcome: LimitReached}
	}
	return result{outcome: Assigned, assignment: domain.Assignment{
		ID: domain.AssignmentID(s.System.NewOrderedID()), PrincipalID: id, RoleID: g.role.ID, ServiceID: g.service.ID,
		GrantedBy: g.target.Actor.ID, CreatedAt: g.now, ExpiresAt: expires,
	}}
}

// endOf is the end of the assignment, which ends with the giver's right at the latest.
func (g giving) endOf(end End) (expires time.Time, capped bool, err error) {
	if g.until.IsZero() {
		return end.At, false, nil
	}
	if !end.Given {
		return g.until, true, nil
	}
	if end.At.IsZero() || end.At.After(g.until) {
		return time.Time{}, false, domain.ErrForbidden.Saying("You hold this until " + endText(g.until) + ": you can't give it for longer").Because(domain.ErrNotCovered)
	}
	return end.At, false, nil
}

func endText(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.Format(time.RFC3339Nano)
}

// outgrows tells whether a principal's permissions at the service are too many for a token.
func (g giving) outgrows(ctx context.Context, id domain.PrincipalID) (bool, error) {
	held, err := g.tx.Grants.Held(ctx, id, g.service.ID)
	if err != nil {
		return false, err
	}
	known, err := g.tx.Grants.Known(ctx, g.service.ID)
	grants := domain.EvaluateGrants(held, domain.NewVocabulary(known), domain.NoLevel, g.now)
	return domain.Claims{}.WithGrants(grants).PermRef, err
}
