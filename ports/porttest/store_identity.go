package porttest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func newIdentity(user domain.UserID) domain.Identity {
	return domain.Identity{
		ID: newID[domain.IdentityID](), UserID: user, Issuer: "https://id.example.com", Subject: string(newID[domain.UserID]()), Provider: "acme",
		Email: "Ada@Example.com", EmailVerified: true, CreatedAt: noon, LastLoginAt: noon.Add(time.Minute),
	}
}

func storeIdentities(t *testing.T, s storeTest) {
	link := func(t *testing.T, all ...domain.Identity) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for _, i := range all {
				if err := tx.Identities.Insert(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	ofUser := func(t *testing.T, user domain.UserID) []domain.Identity {
		t.Helper()
		all, err := s.Read().Identities.ByUser(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}

	t.Run("an identity comes back as it went, oldest first", func(t *testing.T) {
		user, other := s.user(t).ID, s.user(t).ID
		newer, older, foreign := newIdentity(user), newIdentity(user), newIdentity(other)
		older.CreatedAt, older.LastLoginAt, older.Email, older.EmailVerified = noon.Add(-time.Hour), time.Time{}, "", false
		link(t, newer, older, foreign)
		same(t, "by user", ofUser(t, user), []domain.Identity{older, newer})
		found, err := s.Read().Identities.BySubject(t.Context(), newer.Issuer, newer.Subject)
		same(t, "by subject", found, newer)
		if err != nil {
			t.Error(err)
		}
		all, err := s.Read().Identities.ByUsers(t.Context(), []domain.UserID{user, other, "nonsense"})
		same(t, "of both", all, map[domain.UserID][]domain.Identity{user: {older, newer}, other: {foreign}})
		if err != nil {
			t.Error(err)
		}
	})

	t.Run("issuer and subject are the key together, letter for letter", func(t *testing.T) {
		i := newIdentity(s.user(t).ID)
		link(t, i)
		elsewhere := i
		elsewhere.ID, elsewhere.Issuer = newID[domain.IdentityID](), "https://id.example.com/"
		link(t, elsewhere)
		for _, key := range [][2]string{{i.Issuer, i.Subject + " "}, {"https://ID.example.com", i.Subject}, {i.Subject, i.Issuer}, {"", ""}, {"\x00", "\x00"}} {
			_, err := s.Read().Identities.BySubject(t.Context(), key[0], key[1])
			fails(t, "another key", err, domain.ErrNotFound)
		}
	})

	t.Run("of many who want one subject one gets it", func(t *testing.T) {
		users := make([]domain.UserID, racers)
		for i := range users {
			users[i] = s.user(t).ID
		}
		first := newIdentity(users[0])
		won := race(t, racers, func(n int) (bool, error) {
			mine := first
			mine.ID, mine.UserID = newID[domain.IdentityID](), users[n]
			err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				if err := tx.Identities.Lock(ctx, mine.Issuer, mine.Subject); err != nil {
					return err
				}
				return tx.Identities.Insert(ctx, mine)
			})
			if errors.Is(err, domain.ErrIdentityTaken) {
				return false, nil
			}
			return err == nil, err
		})
		if won != 1 {
			t.Errorf("%d got it", won)
		}
	})

	t.Run("Update changes the label, what is shown and the last login", func(t *testing.T) {
		i := newIdentity(s.user(t).ID)
		link(t, i)
		changed := i
		changed.Provider, changed.Email, changed.EmailVerified, changed.LastLoginAt = "renamed", "", false, noon.Add(time.Hour)
		sent := changed
		sent.Issuer, sent.Subject, sent.CreatedAt = "other", "other", noon.Add(time.Hour)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Identities.Update(ctx, sent) })
		same(t, "changed", ofUser(t, i.UserID), []domain.Identity{changed})
	})

	t.Run("Delete takes a user's own", func(t *testing.T) {
		mine, other := newIdentity(s.user(t).ID), newIdentity(s.user(t).ID)
		kept := newIdentity(mine.UserID)
		link(t, mine, other, kept)
		for _, wrong := range []domain.Identity{{UserID: other.UserID, ID: mine.ID}, {UserID: mine.UserID, ID: newID[domain.IdentityID]()}, {UserID: mine.UserID, ID: "nonsense"}, {UserID: "nonsense", ID: mine.ID}} {
			err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Identities.Delete(ctx, wrong.UserID, wrong.ID)
				return err
			})
			fails(t, "a wrong one", err, domain.ErrNotFound)
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			was, err := tx.Identities.Delete(ctx, mine.UserID, mine.ID)
			same(t, "what it was", was, mine)
			return err
		})
		same(t, "the rest", ofUser(t, mine.UserID), []domain.Identity{kept})
		for _, user := range []domain.UserID{mine.UserID, mine.UserID, "nonsense"} { // having none is no error
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Identities.DeleteByUser(ctx, user) })
		}
		same(t, "all gone", ofUser(t, mine.UserID), []domain.Identity(nil))
		same(t, "the other's", ofUser(t, other.UserID), []domain.Identity{other})
	})
}
