package porttest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func newService(t *testing.T, key, name string) domain.Service {
	t.Helper()
	service, err := domain.NewService(newID[domain.ServiceID](), key, name, "what it does", noon)
	if err != nil {
		t.Fatal(err)
	}
	return service
}

// service is a stored service of a fresh key and name, with its reserved permissions.
func (s storeTest) service(t *testing.T) domain.Service {
	t.Helper()
	id := newID[domain.ServiceID]()
	service := newService(t, "svc-"+string(id), "Service "+string(id))
	s.write(t, func(ctx context.Context, tx *store.Tx) error {
		return tx.Services.Insert(ctx, service, reservedOf(service))
	})
	return service
}

func reservedOf(service domain.Service) []domain.Permission {
	var all []domain.Permission
	for _, name := range domain.ReservedPermissions() {
		all = append(all, domain.Permission{ID: newID[domain.PermissionID](), ServiceID: service.ID, Name: name, CreatedAt: noon})
	}
	return all
}

func storeServices(t *testing.T, s storeTest) {
	find := func(t *testing.T, ref string) domain.Service {
		t.Helper()
		service, err := s.Read().Services.Find(t.Context(), ref)
		if err != nil {
			t.Fatalf("Find(%q): %v", ref, err)
		}
		return service
	}

	t.Run("the platform is there", func(t *testing.T) {
		got, err := s.Read().Services.ByID(t.Context(), domain.PlatformID)
		if err != nil || !got.IsPlatform() || !got.IsActive() {
			t.Errorf("got %+v, %v", got, err)
		}
	})

	t.Run("a service comes back as it went, by id, key and name", func(t *testing.T) {
		want := s.service(t)
		got, err := s.Read().Services.ByID(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "by id", got, want)
		for _, ref := range []string{want.Key, string(want.ID), strings.ToUpper(string(want.ID)), want.Name, strings.ToUpper(want.Name)} {
			same(t, ref, find(t, ref), want)
		}
	})

	t.Run("a name shadows neither a key nor an id", func(t *testing.T) {
		victim := s.service(t)
		byKey, byID := newService(t, "shadow-key", victim.Key), newService(t, "shadow-id", "Shadow")
		byID.Name = string(victim.ID)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Services.Insert(ctx, byKey, nil); err != nil {
				return err
			}
			return tx.Services.Insert(ctx, byID, nil)
		})
		same(t, "by key", find(t, victim.Key), victim)
		same(t, "by id", find(t, string(victim.ID)), victim)
	})

	t.Run("unknown and impossible references are not found", func(t *testing.T) {
		for _, ref := range []string{"", "nobody", string(newID[domain.ServiceID]()), "nul\x00", "bad\xff", "' OR 1=1 --"} {
			_, err := s.Read().Services.Find(t.Context(), ref)
			fails(t, "Find", err, domain.ErrNotFound)
			_, err = s.Read().Services.ByID(t.Context(), domain.ServiceID(ref))
			fails(t, "ByID", err, domain.ErrNotFound)
		}
	})

	t.Run("a key or name in use is taken, whatever the case", func(t *testing.T) {
		first := newService(t, "orders", "Órdenes")
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Services.Insert(ctx, first, nil) })
		for _, again := range []domain.Service{newService(t, "orders", "Other"), newService(t, "other", "óRDENES")} {
			err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Services.Insert(ctx, again, nil) })
			conflicts(t, "Insert", err, "name_taken")
		}
		other := s.service(t)
		other.Name = "ÓRDENES"
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Services.Update(ctx, other) })
		conflicts(t, "Update", err, "name_taken")
	})

	t.Run("an update writes all but the key", func(t *testing.T) {
		want := s.service(t)
		want.Name, want.Description, want.State, want.TokenType = "Renamed", "", domain.ServiceInactive, domain.TypeJWT
		want.PV, want.UpdatedAt = 5, noon.Add(time.Hour)
		changed := want
		changed.Key = "another"
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Services.Update(ctx, changed) })
		same(t, "service", find(t, "renamed"), want)
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.Services.Update(ctx, newService(t, "unknown", "Unknown"))
		})
		fails(t, "an unknown service", err, domain.ErrNotFound)
	})

	t.Run("a deleted service is not found, its name is free and its key is not", func(t *testing.T) {
		gone := s.service(t)
		gone.State = domain.ServiceDeleted
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Services.Update(ctx, gone) })
		for _, ref := range []string{gone.Key, string(gone.ID), gone.Name} {
			_, err := s.Read().Services.Find(t.Context(), ref)
			fails(t, "Find", err, domain.ErrNotFound)
		}
		_, err := s.Read().Services.ByID(t.Context(), gone.ID)
		fails(t, "ByID", err, domain.ErrNotFound)
		next := newService(t, "next", gone.Name)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Services.Insert(ctx, next, nil) })
		err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.Services.Insert(ctx, newService(t, gone.Key, "Another"), nil)
		})
		conflicts(t, "its key", err, "name_taken")
	})
}

func storeRoles(t *testing.T, s storeTest) {
	service := s.service(t)
	user := s.user(t)
	role := func(t *testing.T, name string, includes []domain.RoleID, patterns ...domain.Pattern) domain.Role {
		t.Helper()
		r, err := domain.NewRole(newID[domain.RoleID](), service.ID, name, "", patterns, noon)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range includes {
			r.Includes = append(r.Includes, domain.IncludedRole{ID: id})
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Insert(ctx, r) })
		return r
	}
	assign := func(t *testing.T, principal domain.PrincipalID, r domain.Role, expires time.Time) (added bool) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			added, err = tx.Assignments.Assign(ctx, domain.Assignment{
				ID: newID[domain.AssignmentID](), PrincipalID: principal, RoleID: r.ID, ServiceID: r.ServiceID, CreatedAt: noon, ExpiresAt: expires,
			})
			return err
		})
		return added
	}
	held := func(t *testing.T, principal domain.PrincipalID) []domain.HeldRole {
		t.Helper()
		all, err := s.Read().Grants.Held(t.Context(), principal, service.ID)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}

	t.Run("the platform has its default role and its permissions", func(t *testing.T) {
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			ids, err := tx.Roles.Defaults(ctx, domain.PlatformID)
			same(t, "defaults", ids, []domain.RoleID{domain.RolePlatformDefault})
			return err
		})
		known, err := s.Read().Grants.Known(t.Context(), domain.PlatformID)
		if err != nil {
			t.Fatal(err)
		}
		if len(known) != len(domain.PlatformPermissions()) {
			t.Errorf("known are %v", known)
		}
	})

	t.Run("names are taken once per service", func(t *testing.T) {
		r := role(t, "taken", nil)
		again := r
		again.ID = newID[domain.RoleID]()
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Insert(ctx, again) })
		conflicts(t, "role", err, "name_taken")
		again.ServiceID = s.service(t).ID
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Insert(ctx, again) })

		permission := func(service domain.ServiceID) domain.Permission {
			return domain.Permission{ID: newID[domain.PermissionID](), ServiceID: service, Name: "taken:read", CreatedAt: noon}
		}
		for _, owner := range []domain.ServiceID{service.ID, "", again.ServiceID} {
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				return tx.Permissions.Insert(ctx, permission(owner))
			})
			err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				return tx.Permissions.Insert(ctx, permission(owner))
			})
			conflicts(t, "permission of "+string(owner), err, "name_taken")
		}
	})

	t.Run("known are a service's own permissions and the shared vocabulary", func(t *testing.T) {
		own, other := s.service(t), s.service(t)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for owner, name := range map[domain.ServiceID]string{own.ID: "invoice:read", other.ID: "secret:read", "": "shared:read"} {
				p := domain.Permission{ID: newID[domain.PermissionID](), ServiceID: owner, Name: name, CreatedAt: noon}
				if err := tx.Permissions.Insert(ctx, p); err != nil {
					return err
				}
			}
			return nil
		})
		known, err := s.Read().Grants.Known(t.Context(), own.ID)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(known, " ") + " "
		for name, want := range map[string]bool{"invoice:read ": true, "shared:read ": true, "signet.role:read ": true, "secret:read ": false} {
			if strings.Contains(all, name) != want {
				t.Errorf("%sis known: %t, want %t", name, !want, want)
			}
		}
	})

	t.Run("assigning again changes nothing", func(t *testing.T) {
		r, who := role(t, "again", nil, "a:read"), s.user(t).Principal.ID
		if !assign(t, who, r, noon.Add(time.Hour)) {
			t.Error("the first assignment is not new")
		}
		if assign(t, who, r, time.Time{}) {
			t.Error("the second assignment is new")
		}
		same(t, "held", held(t, who), []domain.HeldRole{{ID: r.ID, Name: "again", Patterns: []domain.Pattern{"a:read"}, ExpiresAt: noon.Add(time.Hour)}})
	})

	t.Run("of many parallel assignments one is new", func(t *testing.T) {
		r, who := role(t, "raced", nil), s.user(t).Principal.ID
		won := race(t, racers, func(int) (added bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
				added, err = tx.Assignments.Assign(ctx, domain.Assignment{
					ID: newID[domain.AssignmentID](), PrincipalID: who, RoleID: r.ID, ServiceID: r.ServiceID, CreatedAt: noon,
				})
				return err
			})
			return added, err
		})
		if won != 1 {
			t.Errorf("%d were new", won)
		}
	})

	t.Run("an unknown role or principal can't be assigned", func(t *testing.T) {
		r := role(t, "known", nil)
		for _, a := range []domain.Assignment{
			{PrincipalID: user.Principal.ID, RoleID: newID[domain.RoleID]()},
			{PrincipalID: newID[domain.PrincipalID](), RoleID: r.ID},
		} {
			a.ID, a.ServiceID, a.CreatedAt = newID[domain.AssignmentID](), r.ServiceID, noon
			err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Assignments.Assign(ctx, a)
				return err
			})
			fails(t, "Assign", err, domain.ErrNotFound)
		}
	})

	t.Run("held are the included roles too, at this service only", func(t *testing.T) {
		reader := role(t, "reader", nil, "doc:read")
		editor := role(t, "editor", []domain.RoleID{reader.ID}, "doc:write", "doc:read")
		chief := role(t, "chief", []domain.RoleID{editor.ID})
		who := s.user(t).Principal.ID
		assign(t, who, chief, time.Time{})
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Assignments.Assign(ctx, domain.Assignment{
				ID: newID[domain.AssignmentID](), PrincipalID: who, RoleID: domain.RolePlatformAdmin, ServiceID: domain.PlatformID, CreatedAt: noon,
			})
			return err
		})
		same(t, "held", held(t, who), []domain.HeldRole{
			{ID: chief.ID, Name: "chief"},
			{ID: editor.ID, Name: "editor", Patterns: []domain.Pattern{"doc:read", "doc:write"}},
			{ID: reader.ID, Name: "reader", Patterns: []domain.Pattern{"doc:read"}},
		})
	})

	t.Run("the latest end among the ways counts, and no end is later than any", func(t *testing.T) {
		base := role(t, "base", nil, "x:read")
		soon, late, never := role(t, "soon", []domain.RoleID{base.ID}), role(t, "late", []domain.RoleID{base.ID}), role(t, "never", []domain.RoleID{base.ID})
		who := s.user(t).Principal.ID
		end := func(name string) time.Time {
			for _, r := range held(t, who) {
				if r.Name == name {
					return r.ExpiresAt
				}
			}
			t.Fatalf("%s is not held", name)
			return time.Time{}
		}
		assign(t, who, late, noon.Add(2*time.Hour))
		assign(t, who, soon, noon.Add(-time.Hour)) // ended: the domain judges
		same(t, "latest", end("base"), noon.Add(2*time.Hour))
		same(t, "its own", end("soon"), noon.Add(-time.Hour))
		assign(t, who, never, time.Time{})
		same(t, "no end", end("base"), time.Time{})
	})

	t.Run("nobody holds nothing", func(t *testing.T) {
		for _, who := range []domain.PrincipalID{newID[domain.PrincipalID](), "nonsense", s.user(t).Principal.ID} {
			same(t, "held", held(t, who), []domain.HeldRole(nil))
		}
	})
}
