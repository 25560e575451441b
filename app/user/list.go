package user

import (
	"cmp"
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

const (
	// maxPage is how many users one page has at most, and how many a search finds.
	maxPage = 200
	// minSearch is the shortest text to search for: a shorter one would find everybody.
	minSearch = 2
	// maxRoles is how many roles of a user are shown, the newest ones.
	maxRoles = 1000
)

// ListInput selects users; zero members select everything.
type ListInput struct {
	base.Paging // 50 unless a limit is set, 200 for a search

	Actor  domain.Actor
	Search string                // an id, or a prefix of the address or a name
	State  domain.PrincipalState // or Closed
}

// Closed selects the accounts that their owners closed and that are not erased yet; they are disabled, too.
const Closed domain.PrincipalState = "closed"

func (in ListInput) filter(now time.Time) store.UserFilter {
	if in.State == Closed {
		return store.UserFilter{State: domain.Disabled, Closed: true, Now: now}
	}
	return store.UserFilter{State: in.State, Now: now}
}

// ListOutput is a page of users, newest first, and the cursor of the next one, empty at the end. A search has one page: Truncated tells
// that it found more.
type ListOutput struct {
	Users     []Account
	Next      string
	Truncated bool
}

// List lists users. domain.ErrInvalidCursor for a cursor that Signet did not make for this list.
func (s *Service) List(ctx context.Context, in ListInput) (ListOutput, error) {
	if err := s.require(ctx, in.Actor, domain.ReadUsers); err != nil {
		return ListOutput{}, err
	}
	searching := in.Search != ""
	in.Search = domain.Line(in.Search)
	if err := checkList(in, searching); err != nil {
		return ListOutput{}, err
	}
	now := s.System.Now()
	filter := in.filter(now)
	if searching {
		users, cut, err := s.search(ctx, in, filter)
		if err != nil {
			return ListOutput{}, err
		}
		all, err := s.accounts(ctx, users, now)
		return ListOutput{Users: all, Truncated: cut}, err
	}
	in.Limit = cmp.Or(in.Limit, 50)
	users, next, err := base.Page(ctx, s.cursors, "users "+string(in.State)+" "+string(in.Actor.ID), in.Paging, domain.User.Place,
		func(ctx context.Context, p store.Page) ([]domain.User, error) {
			return s.Store.Read().Users.List(ctx, filter, p)
		})
	if err != nil {
		return ListOutput{}, err
	}
	all, err := s.accounts(ctx, users, now)
	return ListOutput{Users: all, Next: next}, err
}

// search has no cursor: it is for finding one user, not for reading all users.
func (s *Service) search(ctx context.Context, in ListInput, f store.UserFilter) ([]domain.User, bool, error) {
	if in.Cursor != "" {
		return nil, false, domain.ErrInvalidCursor
	}
	id, ok := domain.ParseID[domain.UserID](in.Search)
	if !ok {
		return s.Store.Read().Users.Search(ctx, in.Search, f, cmp.Or(in.Limit, maxPage))
	}
	user, err := s.Store.Read().Users.ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && (f.State != "" && user.AsOf(f.Now).State != f.State || f.Closed && !user.IsClosed()) {
		return nil, false, nil
	}
	return []domain.User{user}, false, err
}

// accounts are users at a time, with their identities.
func (s *Service) accounts(ctx context.Context, users []domain.User, now time.Time) ([]Account, error) {
	ids := make([]domain.UserID, len(users))
	for i, user := range users {
		ids[i] = user.ID
	}
	identities, err := s.Store.Read().Identities.ByUsers(ctx, ids)
	if err != nil {
		return nil, err
	}
	all := make([]Account, len(users))
	for i, user := range users {
		user.Principal = user.AsOf(now)
		all[i] = Account{User: user, Identities: identities[user.ID]}
	}
	return all, nil
}

func checkList(in ListInput, searching bool) error {
	err := domain.CheckLine("search", in.Search, 254)
	if searching && utf8.RuneCountInString(in.Search) < minSearch {
		err = domain.ErrInvalidFields(domain.FieldError{Field: "search", Code: "too_short", Text: "search must have at least 2 characters"})
	}
	if in.Limit < 0 || in.Limit > maxPage {
		err = domain.MergeFields(err, domain.ErrInvalidFields(domain.FieldError{Field: "limit", Code: "invalid", Text: "limit must be from 1 to 200"}))
	}
	switch in.State {
	case "", domain.Active, domain.Disabled, Closed:
	default:
		err = domain.MergeFields(err, domain.ErrInvalidFields(domain.FieldError{Field: "state", Code: "invalid", Text: "state must be active, disabled or closed"}))
	}
	return err
}

// Get shows one account.
func (s *Service) Get(ctx context.Context, by domain.Actor, id domain.UserID) (Account, error) {
	if err := s.require(ctx, by, domain.ReadUsers); err != nil {
		return Account{}, err
	}
	user, err := s.Store.Read().Users.ByID(ctx, id)
	if err != nil {
		return Account{}, unknown(err)
	}
	all, err := s.accounts(ctx, []domain.User{user}, s.System.Now())
	if err != nil {
		return Account{}, err
	}
	return all[0], nil
}

// Find finds the user that a person named, by id or by address.
func (s *Service) Find(ctx context.Context, by domain.Actor, ref string) (domain.User, error) {
	if err := s.require(ctx, by, domain.ReadUsers); err != nil {
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

// ShowOutput is an account as operators see it.
type ShowOutput struct {
	User     domain.User
	Sessions []domain.Session // live ones
	Roles    []domain.ListedAssignment
	Factors  []domain.Factor
	Codes    domain.RecoveryCodes
	Failures domain.Lockout // the failed logins of the address
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
	if out.Factors, err = read.Factors.ByUser(ctx, user.ID); err != nil {
		return ShowOutput{}, err
	}
	if out.Codes, err = read.Factors.Codes(ctx, user.ID); err != nil {
		return ShowOutput{}, err
	}
	out.Failures, err = read.Lockouts.ByKey(ctx, s.guard.RunKey(user.Email))
	return out, err
}
