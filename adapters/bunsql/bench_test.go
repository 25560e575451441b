package bunsql_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// BenchmarkRotate is all that an ordinary refresh asks of the database: one statement, one row, one commit.
func BenchmarkRotate(b *testing.B) {
	policy := domain.SessionPolicy{Idle: time.Hour}
	benchmark(b, func(b *testing.B, db *bunsql.DB, _ domain.User, f domain.Family) {
		for b.Loop() {
			to := f
			to.Generation++
			if _, ok, err := db.Rotate(b.Context(), f, to, policy); err != nil || !ok {
				b.Fatalf("%v, %v", ok, err)
			}
			f = to
		}
	})
}

// BenchmarkAdvance is the write of a refresh that had to be judged first.
func BenchmarkAdvance(b *testing.B) {
	benchmark(b, func(b *testing.B, db *bunsql.DB, _ domain.User, f domain.Family) {
		for b.Loop() {
			to := f
			to.Generation++
			err := db.WithinTx(b.Context(), func(ctx context.Context, tx *store.Tx) error {
				ok, err := tx.Sessions.Advance(ctx, f, to)
				if !ok {
					b.Error("it did not advance")
				}
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
			f = to
		}
	})
}

func BenchmarkFamily(b *testing.B) {
	benchmark(b, func(b *testing.B, db *bunsql.DB, _ domain.User, f domain.Family) {
		for b.Loop() {
			if _, _, err := db.Read().Sessions.Family(b.Context(), f.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkUserByID(b *testing.B) {
	benchmark(b, func(b *testing.B, db *bunsql.DB, u domain.User, _ domain.Family) {
		for b.Loop() {
			if _, err := db.Read().Users.ByID(b.Context(), u.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchmark(b *testing.B, run func(*testing.B, *bunsql.DB, domain.User, domain.Family)) {
	b.Helper()
	u, s, f := login(b)
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			db, _ := e.migrated(b)
			err := db.WithinTx(b.Context(), func(ctx context.Context, tx *store.Tx) error {
				if err := tx.Users.Insert(ctx, u); err != nil {
					return err
				}
				return tx.Sessions.Insert(ctx, s, f)
			})
			if err != nil {
				b.Fatal(err)
			}
			run(b, db, u, f)
		})
	}
}

// login is a user with a session and its family.
func login(tb testing.TB) (domain.User, domain.Session, domain.Family) {
	tb.Helper()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	email, err := domain.ParseEmail("ada@example.com")
	if err != nil {
		tb.Fatal(err)
	}
	u := domain.NewUser(id[domain.UserID](), email, "hash", domain.PersonName{First: "Ada"}, now)
	s := domain.NewSession(id[domain.SessionID](), u.ID, []string{"pwd"}, domain.Origin{}, "", domain.SessionPolicy{Absolute: time.Hour}, now)
	f := domain.Family{
		ID: id[domain.FamilyID](), SessionID: s.ID, ClientID: domain.FirstPartyClient, Hash: make([]byte, 32), Salt: make([]byte, 32),
		CreatedAt: now, AdvancedAt: now, RotatedAt: now,
	}
	return u, s, f
}

func id[T ~string]() T {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return domain.UUIDText[T](b)
}
