package session

import (
	"context"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
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

// List shows people where they are logged in. There is no way to name another user: whose list it is comes from the token.
type List struct {
	Store   store.Store
	System  sys.System
	Policy  domain.SessionPolicy
	Cursors domain.CursorKeys
}

// Handle is domain.ErrInvalidCursor for a cursor of another list, another user's too.
func (u *List) Handle(ctx context.Context, in ListInput) (ListOutput, error) {
	if err := access.RequirePlatformUser(in.Actor); err != nil {
		return ListOutput{}, err
	}
	list := "sessions " + string(in.Actor.ID)
	after, err := domain.ParseCursor(in.Cursor, u.Cursors, list)
	if err != nil {
		return ListOutput{}, err
	}
	user := domain.UserID(in.Actor.ID)
	all, err := u.Store.Read().Sessions.PageByUser(ctx, user, u.Policy, u.System.Now(), after, in.Limit+1)
	if err != nil || len(all) <= in.Limit {
		return ListOutput{Sessions: all}, err
	}
	last := all[in.Limit-1]
	next := domain.Cursor{At: last.CreatedAt, ID: string(last.ID)}
	return ListOutput{Sessions: all[:in.Limit], Next: next.Text(u.Cursors, list)}, nil
}
