package restore

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// page is how many rows one query reads.
const page = 200

// StandingOutput is the access that exists after a restore and may have been taken away between the backup and the restore. The database
// can't know that: it has no data of that time.
type StandingOutput struct {
	Tokens []Token                   // that work, newest first at each service
	Grants []domain.ListedAssignment // of roles at the platform that not everybody has, newest first of each role
	Keys   []domain.SigningKey       // whose tokens are accepted, without their private halves
}

// Token is an application token and where it is from.
type Token struct {
	domain.ListedAppToken

	ServiceKey string
}

// Standing lists it.
func (s *Service) Standing(ctx context.Context, actor domain.Actor) (out StandingOutput, err error) {
	if actor.Kind != domain.ActorSystem {
		return StandingOutput{}, domain.ErrForbidden
	}
	now, read := s.System.Now(), s.Store.Read()
	services, err := all(func(p store.Page) ([]domain.Service, error) { return read.Services.List(ctx, "", p) }, domain.Service.Place)
	if err != nil {
		return StandingOutput{}, err
	}
	for _, service := range services {
		tokens, err := all(func(p store.Page) ([]domain.ListedAppToken, error) { return read.AppTokens.List(ctx, service.ID, p) }, domain.ListedAppToken.Place)
		if err != nil {
			return StandingOutput{}, err
		}
		for _, t := range tokens {
			if t.IsLive(now) {
				out.Tokens = append(out.Tokens, Token{t, service.Key})
			}
		}
	}
	roles, err := read.Roles.All(ctx, domain.PlatformID)
	if err != nil {
		return StandingOutput{}, err
	}
	for _, role := range roles {
		if role.IsDefault {
			continue // everybody has it
		}
		of := store.AssignmentFilter{Role: role.ID, Now: now}
		grants, err := all(func(p store.Page) ([]domain.ListedAssignment, error) { return read.Assignments.List(ctx, of, p) }, domain.ListedAssignment.Place)
		if err != nil {
			return StandingOutput{}, err
		}
		out.Grants = append(out.Grants, grants...)
	}
	out.Keys, err = read.Keys.All(ctx)
	for i := range out.Keys {
		out.Keys[i].Private = nil
	}
	return out, err
}

// all reads a whole list.
func all[T any](read func(store.Page) ([]T, error), place func(T) domain.Cursor) (rows []T, err error) {
	for after := (domain.Cursor{}); ; {
		some, err := read(store.Page{After: after, Limit: page})
		if rows = append(rows, some...); err != nil || len(some) < page {
			return rows, err
		}
		after = place(some[len(some)-1])
	}
}
