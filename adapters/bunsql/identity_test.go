package bunsql_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Nothing writes identities before there are providers, so these come by hand.
func TestIdentities(t *testing.T) {
	const other = domain.UserID("018f0000-0000-7000-8000-000000000002")
	each(t, func(t *testing.T, e engine) {
		db, raw := e.migrated(t)
		write := func(fn func(ctx context.Context, tx *store.Tx) error) {
			t.Helper()
			if err := db.WithinTx(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		for i, id := range []domain.UserID{anID, other} {
			email, err := domain.ParseEmail(string(rune('a'+i)) + "@example.com")
			if err != nil {
				t.Fatal(err)
			}
			write(func(ctx context.Context, tx *store.Tx) error {
				return tx.Users.Insert(ctx, domain.NewUser(id, email, "h", domain.PersonName{}, time.Unix(0, 0).UTC()))
			})
			for _, provider := range []string{"google", "github"} {
				_, err := raw.ExecContext(t.Context(), `INSERT INTO identities (id, user_id, provider, subject, created_at)
					VALUES ($1, $2, $3, $4, $5)`, string(id[:34])+map[string]string{"google": "1", "github": "2"}[provider]+string(id[35:]), string(id), provider, string(id), "1970-01-01 00:00:00+00:00")
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		all, err := db.Read().Identities.ByUsers(t.Context(), []domain.UserID{anID, other, "nonsense"})
		if err != nil || len(all) != 2 || len(all[anID]) != 2 || all[other][1].UserID != other {
			t.Fatalf("of both: %+v, %v", all, err)
		}
		mine := all[other][0]
		for _, row := range []struct {
			user domain.UserID
			id   domain.IdentityID
		}{{anID, mine.ID}, {other, anID}, {other, "nonsense"}, {"nonsense", mine.ID}} {
			err := db.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Identities.Delete(ctx, row.user, row.id)
				return err
			})
			if !errors.Is(err, domain.ErrNotFound) {
				t.Errorf("delete %s of %s: %v", row.id, row.user, err)
			}
		}
		write(func(ctx context.Context, tx *store.Tx) error {
			was, err := tx.Identities.Delete(ctx, other, mine.ID)
			if diff := cmp.Diff(mine, was); diff != "" {
				t.Error(diff)
			}
			return err
		})
		for _, id := range []domain.UserID{anID, anID, "nonsense"} {
			write(func(ctx context.Context, tx *store.Tx) error { return tx.Identities.DeleteByUser(ctx, id) })
		}
		got := texts(t, raw, "SELECT user_id || ' ' || provider FROM identities ORDER BY provider")
		if diff := cmp.Diff([]string{string(other) + " " + all[other][1].Provider}, got); diff != "" {
			t.Error(diff)
		}
	})
}
