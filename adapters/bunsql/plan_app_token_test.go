package bunsql_test

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func TestApplicationTokensHaveAnIndex(t *testing.T) {
	const (
		token   = domain.AppTokenID("a0000000-0000-4000-8000-00000000000a")
		secret  = domain.AppTokenSecretID("b0000000-0000-4000-8000-00000000000b")
		service = domain.ServiceID("c0000000-0000-4000-8000-00000000000c")
	)
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	page := store.Page{After: domain.Cursor{At: now, ID: string(token)}, Limit: 10}
	explainEach(t, map[string]func(context.Context, *store.Reader) error{
		"by id": func(ctx context.Context, r *store.Reader) error { _, err := r.AppTokens.ByID(ctx, token); return err },
		"by secret": func(ctx context.Context, r *store.Reader) error {
			_, err := r.AppTokens.BySecret(ctx, secret)
			return err
		},
		"a page": func(ctx context.Context, r *store.Reader) error {
			_, err := r.AppTokens.List(ctx, service, page)
			return err
		},
		"one, as it is shown": func(ctx context.Context, r *store.Reader) error {
			_, err := r.AppTokens.Listed(ctx, token)
			return err
		},
		"the count": func(ctx context.Context, r *store.Reader) error {
			_, err := r.AppTokens.CountLive(ctx, service, now)
			return err
		},
		"hours": func(ctx context.Context, r *store.Reader) error {
			_, err := r.AppTokens.UsedHours(ctx, []domain.AppTokenID{token}, now, now.Add(time.Hour))
			return err
		},
	}, map[string]func(context.Context, *store.Tx) error{
		"deletion": func(ctx context.Context, tx *store.Tx) error { return tx.AppTokens.Delete(ctx, token) },
	}, nil)
}
