package bunsql_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Nothing writes identities before there are providers, so these come by hand.
func TestIdentitiesAreDeletedByUser(t *testing.T) {
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
					VALUES ($1, $2, $3, $4, $5)`, string(id[:34])+map[string]string{"google": "1", "github": "2"}[provider]+string(id[35:]), string(id), provider, string(id), time.Unix(0, 0).UTC())
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, id := range []domain.UserID{anID, anID, "nonsense"} {
			write(func(ctx context.Context, tx *store.Tx) error { return tx.Identities.DeleteByUser(ctx, id) })
		}
		got := texts(t, raw, "SELECT user_id || ' ' || provider FROM identities ORDER BY provider")
		if diff := cmp.Diff([]string{string(other) + " github", string(other) + " google"}, got); diff != "" {
			t.Error(diff)
		}
	})
}
