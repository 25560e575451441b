package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeUserList(t *testing.T, s storeTest) {
	add := func(email, first, last string, at time.Duration, change func(*domain.User)) domain.UserID {
		u := domain.NewUser(newID[domain.UserID](), address(t, email), "", domain.PersonName{First: first, Last: last}, noon.Add(at))
		if change != nil {
			change(&u)
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, u) })
		return u.ID
	}
	ada := add("Ada.Lovelace@example.com", "Ada", "Lovelace", 0, nil)
	grace := add("grace@example.com", "Grace", "Hopper", time.Hour, func(u *domain.User) { u.Disable("asked to", time.Time{}, noon) })
	alan := add("a_turing@example.com", "Alan", "100%", 2*time.Hour, func(u *domain.User) { u.Disable("", noon.Add(24*time.Hour), noon) })
	list := func(f store.UserFilter) []domain.UserID {
		t.Helper()
		if f.Now.IsZero() {
			f.Now = noon
		}
		users, err := s.Read().Users.List(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		var ids []domain.UserID
		for _, u := range users {
			ids = append(ids, u.ID)
		}
		return ids
	}
	buried := s.user(t)
	buried.Principal.Delete(noon)
	s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Principals.Update(ctx, buried.Principal) })

	for name, row := range map[string]struct {
		filter store.UserFilter
		want   []domain.UserID
	}{
		"all, newest first":                     {store.UserFilter{}, []domain.UserID{alan, grace, ada}},
		"some":                                  {store.UserFilter{Limit: 2}, []domain.UserID{alan, grace}},
		"after a mark":                          {store.UserFilter{Before: domain.Cursor{At: noon.Add(time.Hour), ID: string(grace)}}, []domain.UserID{ada}},
		"those who may act":                     {store.UserFilter{State: domain.Active}, []domain.UserID{ada}},
		"those who may not":                     {store.UserFilter{State: domain.Disabled}, []domain.UserID{alan, grace}},
		"those who may act when a time is over": {store.UserFilter{State: domain.Active, Now: noon.Add(24 * time.Hour)}, []domain.UserID{alan, ada}},
		"those who may not, then":               {store.UserFilter{State: domain.Disabled, Now: noon.Add(24 * time.Hour)}, []domain.UserID{grace}},
		"the beginning of an address":           {store.UserFilter{Search: "ADA.love"}, []domain.UserID{ada}},
		"the beginning of a first name":         {store.UserFilter{Search: "grA"}, []domain.UserID{grace}},
		"the beginning of a last name":          {store.UserFilter{Search: "hop"}, []domain.UserID{grace}},
		"not the middle":                        {store.UserFilter{Search: "lace"}, nil},
		"an underscore is one":                  {store.UserFilter{Search: "a_"}, []domain.UserID{alan}},
		"a percent sign is one":                 {store.UserFilter{Search: "100%"}, []domain.UserID{alan}},
		"a lone percent sign":                   {store.UserFilter{Search: "%"}, nil},
		"quotes":                                {store.UserFilter{Search: `'!"\`}, nil},
		"a NUL":                                 {store.UserFilter{Search: "a\x00"}, nil},
		"an id":                                 {store.UserFilter{Search: string(grace)}, []domain.UserID{grace}},
		"an id of nobody":                       {store.UserFilter{Search: string(newID[domain.UserID]())}, nil},
	} {
		t.Run(name, func(t *testing.T) { same(t, "users", list(row.filter), row.want) })
	}
}
