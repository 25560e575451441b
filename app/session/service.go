// Package session shows people where they are logged in, and ends the sessions that they choose.
package session

import (
	"context"
	"errors"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/cache"
)

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	directory *access.Directory
	count     cache.Cache[struct{}, domain.SessionCount]
	policy    domain.SessionPolicy
	cursors   domain.CursorKeys
}

// New makes the service.
func New(b *base.Base, directory *access.Directory, count cache.Cache[struct{}, domain.SessionCount], policy domain.SessionPolicy, cursors domain.CursorKeys) *Service {
	return &Service{Base: b, directory: directory, count: count, policy: policy, cursors: cursors}
}

// Stats returns how many sessions are live; it needs user:read at the platform. Counting takes longer the more sessions there are, so it is
// bounded in three ways: it runs on request and at most once a minute (on each replica, one at a time), it reads only the index of open
// sessions, and it may take 5 s. The answer may be a minute old.
func (s *Service) Stats(ctx context.Context, actor domain.Actor) (domain.SessionCount, error) {
	if err := s.directory.Require(ctx, actor, domain.UserRead); err != nil {
		return domain.SessionCount{}, err
	}
	return s.Live(ctx)
}

// Live is Stats for operators of this process, under the same bounds.
func (s *Service) Live(ctx context.Context) (domain.SessionCount, error) {
	return s.count.Get(ctx, struct{}{}, func(ctx context.Context) (domain.SessionCount, error) {
		return s.Store.Read().Sessions.CountLive(ctx, s.policy, s.System.Now())
	})
}

// tokenInvalidWhenGone is the error for a token whose session or user has gone since it was checked.
func tokenInvalidWhenGone(err error) error {
	if err == nil || errors.Is(err, domain.ErrNotFound) {
		return domain.ErrTokenInvalid
	}
	return err
}
