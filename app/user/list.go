package user

import (
	"context"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

// maxPage is how many users one page has at most.
const maxPage = 200

// ListInput selects users; zero members select everything.
type ListInput struct {
	Actor  domain.Actor
	Search string // an id, or how the address or a name begins
	State  domain.PrincipalState
	Cursor string
	Limit  int // 50 unless set
}

// ListOutput is a page of users, newest first, and the cursor of the next one, empty at the end.
type ListOutput struct {
	Users []domain.User
	Next  string
}

// List lists users.
type List struct {
	Account

	Sealer secure.Sealer
}

// Handle is "invalid_cursor" for a cursor that Signet did not make.
func (u *List) Handle(ctx context.Context, in ListInput) (ListOutput, error) {
	if err := u.Authority.Require(ctx, in.Actor, domain.UserRead); err != nil {
		return ListOutput{}, err
	}
	filter := store.UserFilter{Search: in.Search, State: in.State, Now: u.System.Now()}
	if err := checkList(in); err != nil {
		return ListOutput{}, err
	}
	if in.Limit == 0 {
		in.Limit = 50
	}
	if in.Cursor != "" {
		var err error
		if filter.Before, err = openCursor(u.Sealer, in.Cursor); err != nil {
			return ListOutput{}, err
		}
	}
	filter.Limit = in.Limit + 1 // one more tells whether there is more
	users, err := u.Store.Read().Users.List(ctx, filter)
	for i := range users {
		users[i].Principal = users[i].AsOf(filter.Now)
	}
	if err != nil || len(users) <= in.Limit {
		return ListOutput{Users: users}, err
	}
	users = users[:in.Limit]
	last := users[len(users)-1]
	return ListOutput{Users: users, Next: sealCursor(u.Sealer, store.UserMark{CreatedAt: last.CreatedAt, ID: last.ID})}, nil
}

func checkList(in ListInput) error {
	err := domain.CheckLine("search", in.Search, 254)
	if in.Limit < 0 || in.Limit > maxPage {
		err = domain.MergeFields(err, domain.ErrInvalidFields(domain.FieldError{Field: "limit", Code: "invalid", Text: "limit must be from 1 to 200"}))
	}
	switch in.State {
	case "", domain.Active, domain.Disabled:
	default:
		err = domain.MergeFields(err, domain.ErrInvalidFields(domain.FieldError{Field: "state", Code: "invalid", Text: "state must be active or disabled"}))
	}
	return err
}
