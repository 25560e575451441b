package session

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// ListInput is which part of the caller's own list to show.
type ListInput struct {
	base.Paging

	Actor domain.Actor
}

// ListOutput is live sessions, newest first, and the cursor of what follows; empty when nothing does.
type ListOutput struct {
	Sessions []domain.Session
	Next     string
}

// Policy bounds the sessions that are listed.
func (s *Service) Policy() domain.SessionPolicy { return s.policy }

// List shows people where they are logged in. The user comes from the token, so nobody can name another user. It returns
// domain.ErrInvalidCursor for a cursor of another list or another user.
func (s *Service) List(ctx context.Context, in ListInput) (ListOutput, error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return ListOutput{}, err
	}
	user, now := domain.UserID(in.Actor.ID), s.System.Now()
	rows, next, err := base.Page(ctx, s.cursors, "sessions "+string(in.Actor.ID), in.Paging, domain.Session.Place,
		func(ctx context.Context, p store.Page) ([]domain.Session, error) {
			return s.Store.Read().Sessions.PageByUser(ctx, user, s.policy, now, p.After, p.Limit)
		})
	return ListOutput{Sessions: rows, Next: next}, err
}
