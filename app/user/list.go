package user

import (
	"context"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

const (
	// maxPage is how many users one page has at most.
	maxPage = 200
	// maxRoles is how many roles are shown of a user, the newest.
	maxRoles = 1000
)

// ListInput selects users; zero members select everything.
type ListInput struct {
	base.Paging // 50 unless a limit is set

	Actor  domain.Actor
	Search string // an id, or how the address or a name begins
	State  domain.PrincipalState
}

// ListOutput is a page of users, newest first, and the cursor of the next one, empty at the end.
type ListOutput struct {
	Users []domain.User
	Next  string
}

// List lists users. domain.ErrInvalidCursor for a cursor that Signet did not make for this list.
func (s *Service) List(ctx context.Context, in ListInput) (ListOutput, error) {
	if err := s.directory.Require(ctx, in.Actor, domain.UserRead); err != nil {
		return ListOutput{}, err
	}
	if err := checkList(in); err != nil {
		return ListOutput{}, err
	}
	if in.Limit == 0 {
		in.Limit = 50
	}
	now := s.System.Now()
	users, next, err := base.Page(ctx, s.cursors, "users", in.Paging, domain.User.Place, func(ctx context.Context, p store.Page) ([]domain.User, error) {
		return s.Store.Read().Users.List(ctx, store.UserFilter{Search: in.Search, State: in.State, Now: now, Before: p.After, Limit: p.Limit})
	})
	for i := range users {
		users[i].Principal = users[i].AsOf(now)
	}
	return ListOutput{Users: users, Next: next}, err
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

// Find finds the user that a person named, by id or by address.
func (s *Service) Find(ctx context.Context, by domain.Actor, ref string) (domain.User, error) {
	if err := s.directory.Require(ctx, by, domain.UserRead); err != nil {
		return domain.User{}, err
	}
	if id, ok := domain.ParseID[domain.UserID](ref); ok {
		user, err := s.Store.Read().Users.ByID(ctx, id)
		return user, unknown(err)
	}
	email, err := domain.ParseEmailField("user", ref)
	if err != nil {
		return domain.User{}, domain.ErrInvalidFields(domain.FieldError{Field: "user", Code: "invalid", Text: "user must be an id or an email address"})
	}
	user, err := s.Store.Read().Users.ByEmail(ctx, email)
	return user, unknown(err)
}

// ShowOutput is an account as those who run Signet see it.
type ShowOutput struct {
	User     domain.User
	Sessions []domain.Session // live ones
	Roles    []domain.ListedAssignment
	Failures domain.Lockout // the run of failed logins of the address
}

// Show shows one account, by id or by address.
func (s *Service) Show(ctx context.Context, by domain.Actor, ref string) (ShowOutput, error) {
	user, err := s.Find(ctx, by, ref)
	if err != nil {
		return ShowOutput{}, err
	}
	now := s.System.Now()
	user.Principal = user.AsOf(now)
	read := s.Store.Read()
	out := ShowOutput{User: user}
	if out.Sessions, err = read.Sessions.LiveByUser(ctx, user.ID, s.settings.Sessions, now); err != nil {
		return ShowOutput{}, err
	}
	if out.Roles, err = read.Grants.Assigned(ctx, user.ID.Principal(), maxRoles); err != nil {
		return ShowOutput{}, err
	}
	out.Failures, err = read.Lockouts.ByKey(ctx, s.guard.RunKey(user.Email))
	return out, err
}
