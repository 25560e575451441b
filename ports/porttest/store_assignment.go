package porttest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// assign gives a principal a role.
func (s storeTest) assign(t *testing.T, p domain.PrincipalID, r domain.Role, at, expires time.Time) domain.Assignment {
	t.Helper()
	a := domain.Assignment{
		ID: newID[domain.AssignmentID](), PrincipalID: p, RoleID: r.ID, ServiceID: r.ServiceID, GrantedBy: p, ManagedBy: "team", CreatedAt: at, ExpiresAt: expires,
	}
	s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Assignments.Put(ctx, a) })
	return a
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
