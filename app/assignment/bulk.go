package assignment

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// BulkInput gives a role to many users at once.
type BulkInput struct {
	Target
	Users []string // ids, at most 1 000
	End   End
}

// BulkOutput is the result for each, in order.
type BulkOutput struct {
	Outcomes []Outcome
	Capped   bool
}

// Bulk gives a role to many users in one transaction. Unknown ids do not undo the others.
func (s *Service) Bulk(ctx context.Context, in BulkInput) (BulkOutput, error) {
	now := s.System.Now()
	if err := s.directory.RequireEver(ctx, in.Actor, domain.WriteRoles); err != nil {
		return BulkOutput{}, err
	}
	if err := in.End.check(now); err != nil {
		return BulkOutput{}, err
	}
	service, role, err := s.loadTarget(ctx, in.Target, domain.WriteRoles)
	if err != nil {
		return BulkOutput{}, err
	}
	ids := make([]domain.PrincipalID, len(in.Users))
	for i, text := range in.Users {
		ids[i], _ = domain.ParseID[domain.PrincipalID](text) // a malformed id is unknown
	}
	var out BulkOutput
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		g, err := s.begin(ctx, tx, in.Target, service.ID, role.ID, now, ids...)
		if err != nil {
			return err
		}
		for id, p := range g.locked {
			if p.Kind != domain.KindUser {
				delete(g.locked, id)
			}
		}
		given, err := s.give(ctx, g, in.End, ids)
		if err != nil {
			return err
		}
		out = BulkOutput{Outcomes: make([]Outcome, len(given))}
		for i, r := range given {
			out.Outcomes[i] = r.outcome
			out.Capped = out.Capped || r.capped
		}
		return nil
	})
	return out, s.NoteRefusal(err, grantEvent(domain.EventGrantAdded, in.Target, role, domain.KindUser, ""))
}
