package user

import (
	"context"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// SessionsInput is the user whose live sessions to show, and the part of the list.
type SessionsInput struct {
	base.Paging

	Actor domain.Actor
	User  domain.UserID
}

// SessionsOutput is sessions, newest first, and the cursor of what follows; empty when nothing does.
type SessionsOutput struct {
	Sessions []domain.Session
	Next     string
}

// SessionPolicy bounds the sessions that are listed.
func (s *Service) SessionPolicy() domain.SessionPolicy { return s.settings.Sessions }

// Sessions shows where a user is logged in.
func (s *Service) Sessions(ctx context.Context, in SessionsInput) (SessionsOutput, error) {
	if err := s.require(ctx, in.Actor, domain.ReadUsers); err != nil {
		return SessionsOutput{}, err
	}
	user, err := s.Store.Read().Users.ByID(ctx, in.User)
	if err != nil {
		return SessionsOutput{}, unknown(err)
	}
	now, name := s.System.Now(), "sessions of "+string(user.ID)+" "+string(in.Actor.ID)
	rows, next, err := base.Page(ctx, s.cursors, name, in.Paging, domain.Session.Place,
		func(ctx context.Context, p store.Page) ([]domain.Session, error) {
			return s.Store.Read().Sessions.PageByUser(ctx, user.ID, s.settings.Sessions, now, p.After, p.Limit)
		})
	return SessionsOutput{Sessions: rows, Next: next}, err
}

// EndAll logs a user out everywhere, and says how many sessions it ended.
func (s *Service) EndAll(ctx context.Context, in ChangeInput) (ended int, err error) {
	if err := s.require(ctx, in.Actor, domain.WriteUsers); err != nil {
		return 0, err
	}
	now := s.System.Now()
	ending := act{ChangeInput: in, rights: []domain.Right{domain.WriteUsers}, event: domain.EventSessionEnded}
	_, err = s.change(ctx, ending, now, func(ctx context.Context, tx *store.Tx, user *domain.User) error {
		ids, err := s.EndAllSessions(ctx, tx, user.ID, base.Ending{By: in.Actor, From: in.From, Reason: domain.EndedByAdmin}, now)
		ended = len(ids)
		return err
	})
	if err != nil {
		return 0, err
	}
	return ended, nil
}
