package session

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
)

// ListInput is which part of the caller's own list to show.
type ListInput struct {
	Actor  domain.Actor
	Limit  int
	Cursor string // empty: the beginning
}

// ListOutput is live sessions, newest first, and the cursor of what follows; empty when nothing does.
type ListOutput struct {
	Sessions []domain.Session
	Next     string
}

// Policy bounds the sessions that are listed.
func (s *Service) Policy() domain.SessionPolicy { return s.policy }

// List shows people where they are logged in. There is no way to name another user: whose list it is comes from the token.
// domain.ErrInvalidCursor for a cursor of another list, another user's too.
func (s *Service) List(ctx context.Context, in ListInput) (ListOutput, error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return ListOutput{}, err
	}
	list := "sessions " + string(in.Actor.ID)
	after, err := domain.ParseCursor(in.Cursor, s.cursors, list)
	if err != nil {
		return ListOutput{}, err
	}
	user := domain.UserID(in.Actor.ID)
	all, err := s.Store.Read().Sessions.PageByUser(ctx, user, s.policy, s.System.Now(), after, in.Limit+1)
	if err != nil || len(all) <= in.Limit {
		return ListOutput{Sessions: all}, err
	}
	last := all[in.Limit-1]
	next := domain.Cursor{At: last.CreatedAt, ID: string(last.ID)}
	return ListOutput{Sessions: all[:in.Limit], Next: next.Text(s.cursors, list)}, nil
}
