package porttest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// permission is a stored permission of a service, or a shared one.
func (s storeTest) permission(t *testing.T, service domain.ServiceID, name string, at time.Time) domain.Permission {
	t.Helper()
	p, err := domain.NewPermission(newID[domain.PermissionID](), service, name, "words", at)
	if err != nil {
		t.Fatal(err)
	}
	p.ManagedBy = "team"
	s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Permissions.Insert(ctx, p) })
	return p
}

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

// assign gives a principal a role.
func (s storeTest) assign(t *testing.T, p domain.PrincipalID, r domain.Role, at, expires time.Time) domain.Assignment {
	t.Helper()
	a := domain.Assignment{
		ID: newID[domain.AssignmentID](), PrincipalID: p, RoleID: r.ID, ServiceID: r.ServiceID, GrantedBy: p, ManagedBy: "team", CreatedAt: at, ExpiresAt: expires,
	}
	s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Assignments.Put(ctx, a) })
	return a
}

func ask[T any](t *testing.T, read func(context.Context) (T, error)) T {
	t.Helper()
	value, err := read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// pages reads a list by two until its end.
func pages[T any](t *testing.T, place func(T) domain.Cursor, read func(context.Context, store.Page) ([]T, error)) (all []T) {
	t.Helper()
	for page := (store.Page{Limit: 2}); ; {
		rows, err := read(t.Context(), page)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) > 2 {
			t.Fatalf("a page of %d", len(rows))
		}
		if all = append(all, rows...); len(rows) < 2 {
			return all
		}
		page.After = place(rows[1])
	}
}

func storeServiceLists(t *testing.T, s storeTest) {
	one, two := s.service(t), s.service(t)
	user := s.user(t).Principal.ID

	t.Run("are newest first, and of a holder those at which a role was given", func(t *testing.T) {
		s.assign(t, user, s.role(t, two.ID, "held", noon, nil), noon, time.Time{})
		all := pages(t, domain.Service.Place, func(ctx context.Context, p store.Page) ([]domain.Service, error) {
			return s.Read().Services.List(ctx, "", p)
		})
		if !slices.ContainsFunc(all, func(x domain.Service) bool { return x.ID == one.ID }) || !slices.IsSortedFunc(all, newest(domain.Service.Place)) {
			t.Errorf("%v", all)
		}
		held := ask(t, func(ctx context.Context) ([]domain.Service, error) {
			return s.Read().Services.List(ctx, user, store.Page{Limit: 10})
		})
		same(t, "held", held, []domain.Service{two})
	})
	t.Run("know a service by id and key, and by no name", func(t *testing.T) {
		for _, ref := range []string{string(one.ID), one.Key} {
			same(t, ref, ask(t, func(ctx context.Context) (domain.Service, error) { return s.Read().Services.ByRef(ctx, ref) }), one)
		}
		for _, ref := range []string{one.Name, "", "nul\x00", string(newID[domain.ServiceID]())} {
			_, err := s.Read().Services.ByRef(t.Context(), ref)
			fails(t, "ByRef", err, domain.ErrNotFound)
		}
	})
	t.Run("tell what is taken", func(t *testing.T) {
		gone := s.service(t)
		gone.State = domain.ServiceDeleted
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Services.Update(ctx, gone) })
		with := func(key, name string) domain.Service {
			return domain.Service{ID: newID[domain.ServiceID](), Key: key, Name: name}
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for want, all := range map[string][]domain.Service{
				"":     {with("free", "Free"), one, with("free", gone.Name), with("free", gone.Key)},
				"key":  {with(one.Key, "Free"), with(gone.Key, "Free"), with(domain.Fold(one.Name), "Free")},
				"name": {with("free", one.Name), with("free", one.Key)},
			} {
				for _, service := range all {
					taken, err := tx.Services.Taken(ctx, service)
					if err != nil || taken != want {
						t.Errorf("%s, %s: %q, want %q (%v)", service.Key, service.Name, taken, want, err)
					}
				}
			}
			deleted, err := tx.Services.KeyOfDeleted(ctx, gone.Key)
			live, _ := tx.Services.KeyOfDeleted(ctx, one.Key)
			if !deleted || live {
				t.Errorf("deleted %v, live %v", deleted, live)
			}
			return err
		})
	})
	t.Run("are counted without deleted ones, under a lock", func(t *testing.T) {
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Services.LockNames(ctx); err != nil {
				return err
			}
			n, err := tx.Services.Count(ctx)
			if all, _ := tx.Services.List(ctx, "", store.Page{Limit: 1000}); n != len(all) {
				t.Errorf("%d, want %d", n, len(all))
			}
			return err
		})
	})
	t.Run("are held one by one for what is decided on them", func(t *testing.T) {
		race(t, racers, func(int) (bool, error) {
			return true, s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				service, err := tx.Services.Lock(ctx, one.ID, store.Exclusive)
				if err != nil {
					return err
				}
				service.PV++
				return tx.Services.Update(ctx, service)
			})
		})
		if got := ask(t, func(ctx context.Context) (domain.Service, error) { return s.Read().Services.ByID(ctx, one.ID) }).PV; got != racers {
			t.Errorf("PV is %d", got)
		}
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Services.Lock(ctx, newID[domain.ServiceID](), store.Shared)
			return err
		})
		fails(t, "Lock", err, domain.ErrNotFound)
	})
}

func newest[T any](place func(T) domain.Cursor) func(a, b T) int {
	return func(a, b T) int {
		if n := place(b).At.Compare(place(a).At); n != 0 {
			return n
		}
		if place(a).ID > place(b).ID {
			return -1
		}
		return 1
	}
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

func storePermissions(t *testing.T, s storeTest) {
	service, other := s.service(t), s.service(t)
	one, two := s.permission(t, service.ID, "invoice:read", noon.Add(time.Minute)), s.permission(t, service.ID, "invoice:write", noon.Add(time.Minute))
	foreign, shared := s.permission(t, other.ID, "invoice:read", noon), s.permission(t, "", "lists:read", noon.Add(time.Hour))
	names := func(all []domain.Permission) (texts []string) {
		for _, p := range all {
			texts = append(texts, p.Name)
		}
		return texts
	}

	t.Run("come back as they went", func(t *testing.T) {
		for _, want := range []domain.Permission{one, shared} {
			same(t, want.Name, ask(t, func(ctx context.Context) (domain.Permission, error) { return s.Read().Permissions.ByID(ctx, want.ID) }), want)
		}
		_, err := s.Read().Permissions.ByID(t.Context(), "nonsense")
		fails(t, "ByID", err, domain.ErrNotFound)
	})
	t.Run("are listed newest first, of some services, shared ones, or all", func(t *testing.T) {
		read := func(f store.PermissionFilter) []domain.Permission {
			return pages(t, domain.Permission.Place, func(ctx context.Context, p store.Page) ([]domain.Permission, error) {
				return s.Read().Permissions.List(ctx, f, p)
			})
		}
		if got := names(read(store.PermissionFilter{Services: []domain.ServiceID{service.ID}, Prefix: "invoice:w"})); !slices.Equal(got, []string{"invoice:write"}) {
			t.Errorf("prefix: %v", got)
		}
		if got := names(read(store.PermissionFilter{Services: []domain.ServiceID{service.ID}, Prefix: "invoice%"})); got != nil {
			t.Errorf("a wildcard of the database: %v", got)
		}
		both := read(store.PermissionFilter{Services: []domain.ServiceID{service.ID}, Shared: true})
		if !slices.IsSortedFunc(both, newest(domain.Permission.Place)) || !slices.Contains(names(both), "lists:read") || len(read(store.PermissionFilter{})) != 0 {
			t.Errorf("both: %v", names(both))
		}
		for _, p := range read(store.PermissionFilter{Shared: true}) {
			if p.ServiceID != "" {
				t.Errorf("shared: %+v", p)
			}
		}
		if all := read(store.PermissionFilter{Everyone: true}); !slices.ContainsFunc(all, func(p domain.Permission) bool { return p.ID == foreign.ID }) {
			t.Error("not all")
		}
	})
	t.Run("that a role may carry are the service's own and the shared ones", func(t *testing.T) {
		got := ask(t, func(ctx context.Context) ([]domain.Permission, error) {
			return s.Read().Permissions.Usable(ctx, service.ID, []domain.PermissionID{two.ID, foreign.ID, "nonsense"}, []string{"invoice:read", "lists:read", "nothing:read"})
		})
		same(t, "usable", got, []domain.Permission{one, two, shared})
		same(t, "none", ask(t, func(ctx context.Context) ([]domain.Permission, error) {
			return s.Read().Permissions.Usable(ctx, service.ID, nil, nil)
		}), []domain.Permission(nil))
	})
	t.Run("are described, counted and deleted", func(t *testing.T) {
		gone := s.permission(t, service.ID, "gone:read", noon)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			locked, err := tx.Permissions.Lock(ctx, gone.ID, store.Exclusive)
			if err != nil {
				return err
			}
			same(t, "locked", locked, gone)
			before, err := tx.Permissions.Count(ctx, service.ID)
			if err != nil {
				return err
			}
			same(t, "count", before, 3+len(domain.ReservedPermissions()))
			if err := tx.Permissions.Describe(ctx, two.ID, "other words"); err != nil {
				return err
			}
			return tx.Permissions.Delete(ctx, gone.ID)
		})
		_, err := s.Read().Permissions.ByID(t.Context(), gone.ID)
		fails(t, "ByID", err, domain.ErrNotFound)
		same(t, "description", ask(t, func(ctx context.Context) (domain.Permission, error) { return s.Read().Permissions.ByID(ctx, two.ID) }).Description, "other words")
	})
}

func storeAssignments(t *testing.T, s storeTest) {
	service, other := s.service(t), s.service(t)
	user := s.user(t)
	role, second := s.role(t, service.ID, "role", noon, nil, "a:read"), s.role(t, service.ID, "second", noon, nil)
	a := s.assign(t, user.Principal.ID, role, noon.Add(time.Second), time.Time{})
	ended := s.assign(t, user.Principal.ID, second, noon.Add(2*time.Second), noon.Add(time.Minute))
	elsewhere := s.assign(t, user.Principal.ID, s.role(t, other.ID, "elsewhere", noon, nil), noon, time.Time{})
	account := s.assign(t, other.ID.Principal(), role, noon, time.Time{})
	later := noon.Add(time.Hour)
	read := func(t *testing.T, f store.AssignmentFilter) (ids []domain.AssignmentID) {
		t.Helper()
		f.Now = later
		place := func(a domain.ListedAssignment) domain.Cursor { return a.Place() }
		for _, a := range pages(t, place, func(ctx context.Context, p store.Page) ([]domain.ListedAssignment, error) {
			return s.Read().Assignments.List(ctx, f, p)
		}) {
			ids = append(ids, a.ID)
		}
		return ids
	}

	t.Run("are listed newest first while they count, by principal, service and role", func(t *testing.T) {
		same(t, "principal", read(t, store.AssignmentFilter{Principal: user.Principal.ID}), []domain.AssignmentID{a.ID, elsewhere.ID})
		same(t, "service", read(t, store.AssignmentFilter{Service: service.ID}), []domain.AssignmentID{a.ID, account.ID})
		same(t, "both", read(t, store.AssignmentFilter{Service: service.ID, Principal: user.Principal.ID}), []domain.AssignmentID{a.ID})
		same(t, "role", read(t, store.AssignmentFilter{Role: role.ID}), []domain.AssignmentID{a.ID, account.ID})
		same(t, "nobody", read(t, store.AssignmentFilter{Principal: "nonsense"}), []domain.AssignmentID(nil))
		got := ask(t, func(ctx context.Context) ([]domain.ListedAssignment, error) {
			return s.Read().Assignments.List(ctx, store.AssignmentFilter{Role: role.ID, Now: later}, store.Page{Limit: 2})
		})
		same(t, "with names", got, []domain.ListedAssignment{
			{Assignment: a, Kind: domain.KindUser, Email: user.Email.Canonical(), Role: "role", ServiceKey: service.Key, ServiceName: service.Name},
			{Assignment: account, Kind: domain.KindServiceAccount, Role: "role", ServiceKey: service.Key, ServiceName: service.Name},
		})
		same(t, "with ended ones", len(ask(t, func(ctx context.Context) ([]domain.ListedAssignment, error) {
			return s.Read().Grants.Assigned(ctx, user.Principal.ID, 10)
		})), 3)
	})
	t.Run("are found by role, and counted", func(t *testing.T) {
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.Assignments.OfRole(ctx, second.ID, []domain.PrincipalID{user.Principal.ID, other.ID.Principal(), "nonsense"})
			if err != nil {
				return err
			}
			same(t, "of the role", got, map[domain.PrincipalID]domain.Assignment{user.Principal.ID: ended})
			live, err := tx.Assignments.CountLive(ctx, []domain.PrincipalID{user.Principal.ID, other.ID.Principal()}, later)
			same(t, "live", live, map[domain.PrincipalID]int{user.Principal.ID: 2, other.ID.Principal(): 1})
			return err
		})
		for most, want := range map[int]int{10: 2, 1: 1} {
			same(t, "holders", ask(t, func(ctx context.Context) (int, error) {
				return s.Read().Assignments.CountHolders(ctx, role.ID, later, most)
			}), want)
		}
	})
	t.Run("tell whether something is held elsewhere than at the platform, at an active service", func(t *testing.T) {
		one := s.user(t).Principal.ID
		is := func(now time.Time) bool {
			return ask(t, func(ctx context.Context) (bool, error) { return s.Read().Grants.Elsewhere(ctx, one, now) })
		}
		platform, err := s.Read().Roles.ByID(t.Context(), domain.RolePlatformReader)
		if err != nil {
			t.Fatal(err)
		}
		s.assign(t, one, platform, noon, time.Time{})
		same(t, "the platform", is(noon), false)
		off := s.service(t)
		s.assign(t, one, s.role(t, off.ID, "r", noon, nil), noon, later)
		same(t, "a service", is(noon), true)
		same(t, "ended", is(later), false)
		off.State = domain.ServiceInactive
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Services.Update(ctx, off) })
		same(t, "off", is(noon), false)
	})
	t.Run("whose role is another service's count nowhere", func(t *testing.T) {
		one := s.user(t).Principal.ID
		forged := role
		forged.ServiceID = other.ID
		s.assign(t, one, forged, noon, time.Time{})
		for _, at := range []domain.ServiceID{service.ID, other.ID} {
			same(t, "held", ask(t, func(ctx context.Context) ([]domain.HeldRole, error) { return s.Read().Grants.Held(ctx, one, at) }), []domain.HeldRole(nil))
		}
		same(t, "listed", read(t, store.AssignmentFilter{Principal: one}), []domain.AssignmentID(nil))
		same(t, "elsewhere", ask(t, func(ctx context.Context) (bool, error) { return s.Read().Grants.Elsewhere(ctx, one, noon) }), false)
	})
	t.Run("are put in the place of one that was there, and deleted", func(t *testing.T) {
		again := ended
		again.ID, again.ExpiresAt, again.CreatedAt = newID[domain.AssignmentID](), time.Time{}, later
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Assignments.Put(ctx, again) })
		if got := read(t, store.AssignmentFilter{Role: second.ID}); !slices.Equal(got, []domain.AssignmentID{again.ID}) {
			t.Errorf("%v", got)
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Assignments.Delete(ctx, again.ID) })
		same(t, "deleted", read(t, store.AssignmentFilter{Role: second.ID}), []domain.AssignmentID(nil))
	})
}

func storePrincipalLocks(t *testing.T, s storeTest) {
	one, two := s.user(t).Principal, s.user(t).Principal
	t.Run("hold several, some of them shared, and say which are there", func(t *testing.T) {
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			got, err := tx.Principals.LockAll(ctx, []domain.PrincipalID{two.ID, newID[domain.PrincipalID](), "nonsense"}, []domain.PrincipalID{one.ID, two.ID})
			same(t, "locked", got, map[domain.PrincipalID]domain.Principal{one.ID: one, two.ID: two})
			return err
		})
	})
	t.Run("in one order never wait in a circle", func(t *testing.T) {
		race(t, racers, func(i int) (bool, error) {
			return true, s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				targets, others := []domain.PrincipalID{one.ID}, []domain.PrincipalID{two.ID}
				if i%2 == 1 {
					targets, others = others, targets
				}
				if _, err := tx.Principals.LockAll(ctx, targets, others); err != nil {
					return err
				}
				return tx.Principals.Bump(ctx, targets, noon)
			})
		})
		pv := int64(0)
		for _, id := range []domain.PrincipalID{one.ID, two.ID} {
			pv += ask(t, func(ctx context.Context) (domain.Principal, error) { return s.Read().Principals.ByID(ctx, id) }).PV
		}
		same(t, "counted", pv, int64(racers))
	})
}

func storeExpiredGrants(t *testing.T, s storeTest) {
	user := s.user(t).Principal.ID
	clean := func(t *testing.T, n int, remove func(context.Context, store.ExpiredRows) (int, error)) (removed int) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			removed, err = remove(ctx, tx.ExpiredRows)
			return err
		})
		if removed > n {
			t.Errorf("%d were removed at once", removed)
		}
		return removed
	}
	drain := func(t *testing.T, want int, remove func(context.Context, store.ExpiredRows) (int, error)) {
		t.Helper()
		total := 0
		for {
			n := clean(t, 2, remove)
			if total += n; n == 0 {
				break
			}
		}
		same(t, "removed", total, want)
	}

	t.Run("assignments go when their end is long past", func(t *testing.T) {
		service := s.service(t)
		s.assign(t, user, s.role(t, service.ID, "ended", noon, nil), noon, noon)
		s.assign(t, user, s.role(t, service.ID, "for good", noon, nil), noon, time.Time{})
		remove := func(before time.Time) func(context.Context, store.ExpiredRows) (int, error) {
			return func(ctx context.Context, rows store.ExpiredRows) (int, error) {
				return rows.Assignments(ctx, before, 2)
			}
		}
		drain(t, 0, remove(noon))
		drain(t, 1, remove(noon.Add(time.Microsecond)))
	})
	t.Run("deleted roles go after their assignments, some at a time", func(t *testing.T) {
		service := s.service(t)
		role, kept := s.role(t, service.ID, "gone", noon, nil, "a:read"), s.role(t, service.ID, "kept", noon, nil)
		for range 3 {
			s.assign(t, s.user(t).Principal.ID, role, noon, time.Time{})
		}
		s.assign(t, user, kept, noon, time.Time{})
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Delete(ctx, role.ID, noon) })
		drain(t, 4, func(ctx context.Context, rows store.ExpiredRows) (int, error) { return rows.OfDeletedRoles(ctx, 2) })
	})
	t.Run("what deleted services owned goes, and nobody else's", func(t *testing.T) {
		gone, kept := s.service(t), s.service(t)
		bottom := s.role(t, gone.ID, "bottom", noon, nil, "a:read")
		s.role(t, gone.ID, "top", noon, []domain.IncludedRole{{ID: bottom.ID}})
		s.permission(t, gone.ID, "a:read", noon)
		s.assign(t, user, bottom, noon, time.Time{})
		stays := s.role(t, kept.ID, "stays", noon, nil)
		s.assign(t, user, stays, noon, time.Time{})
		s.assign(t, gone.ID.Principal(), stays, noon, time.Time{})
		gone.State = domain.ServiceDeleted
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Services.Update(ctx, gone) })
		reserved := len(domain.ReservedPermissions())
		left := func() (n int) {
			s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
				n, err = tx.ExpiredRows.CountOfDeletedServices(ctx)
				return err
			})
			return n
		}
		same(t, "left before", left(), 2+2+1+reserved)
		drain(t, 2+2+1+reserved, func(ctx context.Context, rows store.ExpiredRows) (int, error) { return rows.OfDeletedServices(ctx, 2) })
		same(t, "left after", left(), 0)
		same(t, "held elsewhere", len(ask(t, func(ctx context.Context) ([]domain.HeldRole, error) { return s.Read().Grants.Held(ctx, user, kept.ID) })), 1)
	})
}
