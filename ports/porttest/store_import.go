package porttest

import (
	"context"
	"testing"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeImportedUsers(t *testing.T, s storeTest) {
	t.Run("many are written at once, each as Insert would, and all or none", func(t *testing.T) {
		ada, eve, twin := newUser(t, newAddress(t)), newUser(t, newAddress(t)), newUser(t, newAddress(t))
		eve.Disable("away", noon, noon)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.InsertAll(ctx, []domain.User{ada, eve}) })
		for _, u := range []domain.User{ada, eve} {
			got, err := s.Read().Users.ByID(t.Context(), u.ID)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "user", got, u)
		}
		twin.Email = eve.Email
		other := newUser(t, newAddress(t))
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			return tx.Users.InsertAll(ctx, []domain.User{other, twin})
		})
		fails(t, "a taken address", err, domain.ErrEmailTaken)
		_, err = s.Read().Users.ByID(t.Context(), other.ID)
		fails(t, "the other one", err, domain.ErrNotFound)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.InsertAll(ctx, nil) })
	})

	t.Run("ids and addresses that are somebody's are known, ids of the deleted too", func(t *testing.T) {
		ada, gone := s.user(t), s.user(t).Principal
		gone.Delete(noon)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Principals.Update(ctx, gone) })
		free := newAddress(t)
		got, err := s.Read().Users.Occupied(t.Context(),
			[]domain.UserID{ada.ID, domain.UserID(gone.ID), domain.UserID(domain.PlatformID), newID[domain.UserID](), "nonsense"}, []domain.Email{ada.Email, free})
		if err != nil {
			t.Fatal(err)
		}
		same(t, "addresses", got.Emails, map[string]domain.UserID{ada.Email.Canonical(): ada.ID})
		kinds := map[domain.PrincipalID]domain.PrincipalState{}
		for id, p := range got.IDs {
			kinds[id] = p.State
		}
		same(t, "ids", kinds, map[domain.PrincipalID]domain.PrincipalState{
			ada.ID.Principal(): domain.Active, gone.ID: domain.Deleted, domain.PlatformID.Principal(): domain.Active,
		})
	})
}
