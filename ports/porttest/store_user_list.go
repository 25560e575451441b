package porttest

import (
	"cmp"
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
	grace := add("grace@example.com", "Grace", "Hopper", time.Hour, func(u *domain.User) {
		u.Disable("asked to", time.Time{}, noon)
		u.EraseAt = noon.Add(48 * time.Hour)
	})
	alan := add("a_turing@example.com", "Alan", "100%", 2*time.Hour, func(u *domain.User) { u.Disable("", noon.Add(24*time.Hour), noon) })
	idsOf := func(users []domain.User, err error) []domain.UserID {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		var ids []domain.UserID
		for _, u := range users {
			ids = append(ids, u.ID)
		}
		return ids
	}
	tomorrow := noon.Add(24 * time.Hour)
	buried := s.user(t)
	buried.Principal.Delete(noon)
	s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Principals.Update(ctx, buried.Principal) })

	for name, row := range map[string]struct {
		filter store.UserFilter
		page   store.Page
		want   []domain.UserID
	}{
		"all, newest first":                     {want: []domain.UserID{alan, grace, ada}},
		"some":                                  {page: store.Page{Limit: 2}, want: []domain.UserID{alan, grace}},
		"behind a cursor":                       {page: store.Page{After: domain.Cursor{At: noon.Add(time.Hour), ID: string(grace)}}, want: []domain.UserID{ada}},
		"those who may act":                     {filter: store.UserFilter{State: domain.Active}, want: []domain.UserID{ada}},
		"those who may not":                     {filter: store.UserFilter{State: domain.Disabled}, want: []domain.UserID{alan, grace}},
		"those who may act when a time is over": {filter: store.UserFilter{State: domain.Active, Now: tomorrow}, want: []domain.UserID{alan, ada}},
		"those who left":                        {filter: store.UserFilter{State: domain.Disabled, Closed: true}, want: []domain.UserID{grace}},
		"those who may not, then":               {filter: store.UserFilter{State: domain.Disabled, Now: tomorrow}, want: []domain.UserID{grace}},
		"those who may not, behind a cursor": {
			filter: store.UserFilter{State: domain.Disabled}, page: store.Page{After: domain.Cursor{At: noon.Add(2 * time.Hour), ID: string(alan)}}, want: []domain.UserID{grace},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if row.filter.Now.IsZero() {
				row.filter.Now = noon
			}
			row.page.Limit = cmp.Or(row.page.Limit, 10)
			same(t, "users", idsOf(s.Read().Users.List(t.Context(), row.filter, row.page)), row.want)
		})
	}

	for name, row := range map[string]struct {
		prefix string
		state  domain.PrincipalState
		most   int
		want   []domain.UserID
		cut    bool
	}{
		"the beginning of an address":      {prefix: "ADA.love", want: []domain.UserID{ada}},
		"the beginning of a first name":    {prefix: "grA", want: []domain.UserID{grace}},
		"the beginning of a last name":     {prefix: "hop", want: []domain.UserID{grace}},
		"of several, each once":            {prefix: "a", want: []domain.UserID{alan, ada}},
		"as many as asked for":             {prefix: "a", most: 1, want: []domain.UserID{alan}, cut: true},
		"those who may act":                {prefix: "a", state: domain.Active, want: []domain.UserID{ada}},
		"not the middle":                   {prefix: "lace"},
		"an underscore is one":             {prefix: "a_", want: []domain.UserID{alan}},
		"a percent sign is one":            {prefix: "100%", want: []domain.UserID{alan}},
		"a lone percent sign":              {prefix: "%"},
		"quotes":                           {prefix: `'!"\`},
		"a NUL":                            {prefix: "a\x00"},
		"the last character that there is": {prefix: "\U0010ffff"},
	} {
		t.Run("search: "+name, func(t *testing.T) {
			users, cut, err := s.Read().Users.Search(t.Context(), row.prefix, store.UserFilter{State: row.state, Now: noon}, cmp.Or(row.most, 10))
			same(t, "users", idsOf(users, err), row.want)
			same(t, "cut", cut, row.cut)
		})
	}

	t.Run("a search looks at no more than 1 000 of each, and says so even where the filter leaves nothing", func(t *testing.T) {
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for range 1001 {
				u := newUser(t, newAddress(t))
				u.FirstName, u.LastName = "Zed", "Zorn"
				if err := tx.Users.Insert(ctx, u); err != nil {
					return err
				}
			}
			return nil
		})
		users, cut, err := s.Read().Users.Search(t.Context(), "ze", store.UserFilter{Now: noon}, 5)
		if len(users) != 5 || !cut || err != nil {
			t.Errorf("%d users, cut: %v, %v", len(users), cut, err)
		}
		users, cut, err = s.Read().Users.Search(t.Context(), "ze", store.UserFilter{State: domain.Disabled, Now: noon}, 5)
		if len(users) != 0 || !cut || err != nil {
			t.Errorf("of the disabled: %d users, cut: %v, %v", len(users), cut, err)
		}
	})
}
