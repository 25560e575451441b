package porttest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// role is a stored role of a service.
func (s storeTest) role(t *testing.T, service domain.ServiceID, name string, at time.Time, includes []domain.IncludedRole, patterns ...domain.Pattern) domain.Role {
	t.Helper()
	r, err := domain.NewRole(newID[domain.RoleID](), service, name, "words", patterns, at)
	if err != nil {
		t.Fatal(err)
	}
	r.Includes, r.ManagedBy = includes, "team"
	s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Insert(ctx, r) })
	return r
}

func storeRoleLists(t *testing.T, s storeTest) {
	service, other := s.service(t), s.service(t)
	bottom := s.role(t, service.ID, "bottom", noon, nil, "a:read", "b:*")
	middle := s.role(t, service.ID, "middle", noon.Add(time.Second), []domain.IncludedRole{{ID: bottom.ID, Name: "bottom"}}, "c:read")
	top := s.role(t, service.ID, "Top", noon.Add(time.Second), []domain.IncludedRole{{ID: bottom.ID, Name: "bottom"}, {ID: middle.ID, Name: "middle"}})
	s.role(t, other.ID, "elsewhere", noon, nil)
	byID := func(t *testing.T, id domain.RoleID) (domain.Role, error) {
		t.Helper()
		return s.Read().Roles.ByID(t.Context(), id)
	}

	t.Run("come back as they went", func(t *testing.T) {
		for _, want := range []domain.Role{bottom, middle, top} {
			got, err := byID(t, want.ID)
			if err != nil {
				t.Fatal(err)
			}
			same(t, want.Name, got, want)
		}
	})
	t.Run("are newest first, and of one service", func(t *testing.T) {
		want := []domain.Role{top, middle, bottom}
		slices.SortFunc(want, newest(domain.Role.Place))
		same(t, "pages", pages(t, domain.Role.Place, func(ctx context.Context, p store.Page) ([]domain.Role, error) {
			return s.Read().Roles.List(ctx, service.ID, p)
		}), want)
		same(t, "all", ask(t, func(ctx context.Context) ([]domain.Role, error) { return s.Read().Roles.All(ctx, service.ID) }), want)
	})
	t.Run("come to what they and their includes carry", func(t *testing.T) {
		got := ask(t, func(ctx context.Context) ([]domain.Pattern, error) { return s.Read().Roles.Closure(ctx, top.ID) })
		same(t, "closure", got, []domain.Pattern{"a:read", "b:*", "c:read"})
	})
	t.Run("are replaced as a whole", func(t *testing.T) {
		want := s.role(t, service.ID, "replaced", noon, []domain.IncludedRole{{ID: bottom.ID, Name: "bottom"}}, "x:read")
		want.Name, want.Description, want.Patterns, want.Includes = "Other", "", []domain.Pattern{"y:read"}, []domain.IncludedRole{{ID: middle.ID, Name: "middle"}}
		want.Version, want.ManagedBy, want.UpdatedAt = 2, "", noon.Add(time.Hour)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Update(ctx, want) })
		got, _ := byID(t, want.ID)
		same(t, "role", got, want)
		taken := want
		taken.Name = "BOTTOM"
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Update(ctx, taken) })
		conflicts(t, "Update", err, "name_taken")
	})
	t.Run("that are deleted are gone with their includes, and their name is free", func(t *testing.T) {
		gone := s.role(t, service.ID, "gone", noon, nil, "g:read")
		above := s.role(t, service.ID, "above", noon, []domain.IncludedRole{{ID: gone.ID}})
		user := s.user(t).Principal.ID
		s.assign(t, user, gone, noon, time.Time{})
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Delete(ctx, gone.ID, noon) })
		if _, err := byID(t, gone.ID); err == nil {
			t.Error("it is found")
		}
		if got, _ := byID(t, above.ID); len(got.Includes) != 0 {
			t.Errorf("it is included: %v", got.Includes)
		}
		same(t, "held", ask(t, func(ctx context.Context) ([]domain.HeldRole, error) {
			return s.Read().Grants.Held(ctx, user, service.ID)
		}), []domain.HeldRole(nil))
		same(t, "elsewhere", ask(t, func(ctx context.Context) (bool, error) { return s.Read().Grants.Elsewhere(ctx, user, noon) }), false)
		s.role(t, service.ID, "gone", noon, nil)
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Delete(ctx, gone.ID, noon) })
		fails(t, "Delete", err, domain.ErrNotFound)
	})
	t.Run("that several hold come apart", func(t *testing.T) {
		low := s.role(t, service.ID, "low", noon, nil, "low:read")
		high := s.role(t, service.ID, "high", noon, []domain.IncludedRole{{ID: low.ID}}, "high:read")
		one, two, none := s.user(t).Principal.ID, s.user(t).Principal.ID, s.user(t).Principal.ID
		s.assign(t, one, high, noon, time.Time{})
		s.assign(t, two, low, noon, noon.Add(time.Hour))
		all := ask(t, func(ctx context.Context) (map[domain.PrincipalID][]domain.HeldRole, error) {
			return s.Read().Grants.HeldBy(ctx, []domain.PrincipalID{one, two, none, "nonsense"}, service.ID)
		})
		for _, id := range []domain.PrincipalID{one, two, none} {
			alone := ask(t, func(ctx context.Context) ([]domain.HeldRole, error) { return s.Read().Grants.Held(ctx, id, service.ID) })
			same(t, "held", all[id], alone)
		}
		same(t, "how many", []int{len(all), len(all[one]), len(all[two])}, []int{2, 2, 1})
	})
	t.Run("count from the highest level on that the service, they themselves and those above them ask for", func(t *testing.T) {
		strong := s.service(t)
		strong.MinLevel = domain.AAL2
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Services.Update(ctx, strong) })
		same(t, "service", ask(t, func(ctx context.Context) (domain.Service, error) { return s.Read().Services.ByID(ctx, strong.ID) }).MinLevel, domain.AAL2)
		leaf := s.role(t, strong.ID, "leaf", noon, nil, "leaf:read")
		strict := s.role(t, strong.ID, "strict", noon, []domain.IncludedRole{{ID: leaf.ID, Name: leaf.Name}}, "strict:read")
		strict.MinLevel = domain.PHR
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Update(ctx, strict) })
		got, _ := byID(t, strict.ID)
		same(t, "role", got, strict)
		top := s.role(t, strong.ID, "top", noon, []domain.IncludedRole{{ID: strict.ID}}, "top:read")
		user := s.user(t).Principal.ID
		s.assign(t, user, top, noon, time.Time{})
		s.assign(t, user, leaf, noon, noon.Add(time.Hour))
		held := ask(t, func(ctx context.Context) ([]domain.HeldRole, error) {
			return s.Read().Grants.Held(ctx, user, strong.ID)
		})
		same(t, "held", held, []domain.HeldRole{
			{ID: leaf.ID, Name: "leaf", Level: domain.AAL2, Patterns: []domain.Pattern{"leaf:read"}, ExpiresAt: noon.Add(time.Hour)},
			{ID: leaf.ID, Name: "leaf", Level: domain.PHR, Patterns: []domain.Pattern{"leaf:read"}},
			{ID: strict.ID, Name: "strict", Level: domain.PHR, Patterns: []domain.Pattern{"strict:read"}},
			{ID: top.ID, Name: "top", Level: domain.AAL2, Patterns: []domain.Pattern{"top:read"}},
		})
	})
	t.Run("that name a permission are found and lose it", func(t *testing.T) {
		one, two := s.role(t, service.ID, "one", noon, nil, "named:read", "kept:read"), s.role(t, other.ID, "two", noon, nil, "named:read")
		s.role(t, service.ID, "wide", noon, nil, "named:*")
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			own, err := tx.Roles.Carrying(ctx, service.ID, "named:read")
			if err != nil {
				return err
			}
			same(t, "of the service", own, []domain.RoleID{one.ID})
			all, err := tx.Roles.Carrying(ctx, "", "named:read")
			if err != nil {
				return err
			}
			want := []domain.RoleID{one.ID, two.ID}
			slices.Sort(want)
			same(t, "of all", all, want)
			return tx.Roles.RemovePattern(ctx, own, "named:read", noon.Add(time.Hour))
		})
		got, _ := byID(t, one.ID)
		same(t, "patterns", got.Patterns, []domain.Pattern{"kept:read"})
		same(t, "version", got.Version, int64(2))
	})
}
