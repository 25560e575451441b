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
