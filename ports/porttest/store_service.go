package porttest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

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
