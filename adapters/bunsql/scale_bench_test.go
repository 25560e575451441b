package bunsql_test

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// scaleUsers is how many users the large database has, each with five sessions.
const scaleUsers = 100_000

// seeds fill a database with users from a number on, %[1]d of them, in a handful of statements. Of the five sessions of a user
// two have ended. id(n, kind) is an id made of both.
var seeds = map[string]struct {
	id, numbers string
}{
	"sqlite": {
		id:      "printf('%%08x-0000-4000-9000-%%012x', %s, %s)",
		numbers: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)",
	},
	"postgres": {
		id:      "(lpad(to_hex(%s), 8, '0') || '-0000-4000-9000-' || lpad(to_hex(%s), 12, '0'))::uuid",
		numbers: "WITH n(i) AS (SELECT generate_series(1, %d))",
	},
}

func seed(b *testing.B, e engine, db *sql.DB, users int) {
	b.Helper()
	s := seeds[e.name]
	id := func(kind, n string) string { return fmt.Sprintf(s.id, kind, n) }
	numbers := func(n int) string { return fmt.Sprintf(s.numbers, n) }
	const at = "'2026-11-20 10:00:00+00:00'"
	over := "CASE WHEN i % 5 < 2 THEN " + timestamp(e) + " END"
	for _, statement := range []string{
		"INSERT INTO principals (id, kind, state, created_at, updated_at) " + numbers(users) +
			" SELECT " + id("1", "i") + ", 'user', 'active', " + cast(e, at) + ", " + cast(e, at) + " FROM n",
		"INSERT INTO users (id, email, email_canonical, password_hash, metadata, created_at, updated_at) " + numbers(users) +
			" SELECT " + id("1", "i") + ", 'user' || i || '@example.org', 'user' || i || '@example.org', 'hash', '{}', " + cast(e, at) + ", " + cast(e, at) + " FROM n",
		"INSERT INTO user_activity (user_id, last_login_at) " + numbers(users) + " SELECT " + id("1", "i") + ", " + cast(e, at) + " FROM n",
		"INSERT INTO sessions (id, user_id, amr, auth_time, created_at, expires_at, ended_at) " + numbers(5*users) +
			" SELECT " + id("2", "i") + ", " + id("1", "1 + (i - 1) / 5") + ", '[\"pwd\"]', " + cast(e, at) + ", " + cast(e, at) + ", " +
			cast(e, "'2026-12-20 10:00:00+00:00'") + ", " + over + " FROM n",
		"INSERT INTO refresh_families (id, session_id, client_id, generation, hash, salt, created_at, advanced_at, rotated_at, ended_at) " + numbers(5*users) +
			" SELECT " + id("3", "i") + ", " + id("2", "i") + ", '" + string(domain.FirstPartyClient) + "', 3, '', '', " +
			cast(e, at) + ", " + cast(e, at) + ", " + cast(e, at) + ", " + over + " FROM n",
		"ANALYZE",
	} {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatalf("%.80s: %v", statement, err)
		}
	}
}

// cast makes a time of a text, where the database does not do that by itself.
func cast(e engine, text string) string {
	if e.name == "postgres" {
		return text + "::timestamptz"
	}
	return text
}

func timestamp(e engine) string { return cast(e, "'2026-11-21 10:00:00+00:00'") }

// BenchmarkScale runs what requests ask of the database on an empty one and on one of 100 000 users and 500 000 sessions. The
// budget is a factor of 1.3 between the two (performance.md): work must not grow with the number of users.
func BenchmarkScale(b *testing.B) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	policy := domain.SessionPolicy{Idle: 14 * 24 * time.Hour, Absolute: 30 * 24 * time.Hour}
	queries := []struct {
		name string
		run  func(ctx context.Context, db *bunsql.DB, u domain.User, s domain.Session, f *domain.Family) error
	}{
		{"refresh", func(ctx context.Context, db *bunsql.DB, _ domain.User, _ domain.Session, f *domain.Family) error {
			to := *f
			to.Generation++
			_, ok, err := db.Rotate(ctx, *f, to, policy)
			if !ok && err == nil {
				err = fmt.Errorf("it did not rotate")
			}
			*f = to
			return err
		}},
		{"family", func(ctx context.Context, db *bunsql.DB, _ domain.User, _ domain.Session, f *domain.Family) error {
			_, _, err := db.Read().Sessions.Family(ctx, f.ID)
			return err
		}},
		{"session", func(ctx context.Context, db *bunsql.DB, _ domain.User, s domain.Session, _ *domain.Family) error {
			_, err := db.Read().Sessions.ByID(ctx, s.ID)
			return err
		}},
		{"sessions-of-a-user", func(ctx context.Context, db *bunsql.DB, u domain.User, _ domain.Session, _ *domain.Family) error {
			_, err := db.Read().Sessions.LiveByUser(ctx, u.ID, policy, now)
			return err
		}},
		{"ids-of-sessions", func(ctx context.Context, db *bunsql.DB, u domain.User, _ domain.Session, _ *domain.Family) error {
			_, err := db.Read().Sessions.LiveIDs(ctx, u.ID, policy, now)
			return err
		}},
		{"page-of-sessions", func(ctx context.Context, db *bunsql.DB, u domain.User, _ domain.Session, _ *domain.Family) error {
			_, err := db.Read().Sessions.PageByUser(ctx, u.ID, policy, now, domain.Cursor{}, 51)
			return err
		}},
		{"user-by-email", func(ctx context.Context, db *bunsql.DB, u domain.User, _ domain.Session, _ *domain.Family) error {
			_, err := db.Read().Users.ByEmail(ctx, u.Email)
			return err
		}},
		{"candidate", func(ctx context.Context, db *bunsql.DB, u domain.User, _ domain.Session, _ *domain.Family) error {
			_, err := db.Read().Users.Candidate(ctx, u.Email, []byte("key"), now)
			return err
		}},
		{"login", func(ctx context.Context, db *bunsql.DB, u domain.User, _ domain.Session, _ *domain.Family) error {
			s := domain.NewSession(id[domain.SessionID](), u.ID, []string{"pwd"}, domain.Origin{}, "", policy, now)
			f := domain.Family{
				ID: id[domain.FamilyID](), SessionID: s.ID, ClientID: domain.FirstPartyClient, Hash: make([]byte, 32), Salt: make([]byte, 32),
				CreatedAt: now, AdvancedAt: now, RotatedAt: now,
			}
			return db.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.Principals.Lock(ctx, u.ID.Principal()); err != nil {
					return err
				}
				live, err := tx.Sessions.LiveIDs(ctx, u.ID, policy, now)
				if err != nil {
					return err
				}
				for _, old := range live[min(len(live), 3):] { // as the limit does, so that the user does not grow
					if _, err := tx.Sessions.End(ctx, []domain.SessionID{old}, domain.EndedByLimit, now); err != nil {
						return err
					}
				}
				if err := tx.Sessions.Insert(ctx, s, f); err != nil {
					return err
				}
				return tx.Users.RecordLogin(ctx, u.ID, now)
			})
		}},
	}
	for _, e := range engines {
		empty := map[string]float64{}
		for _, users := range []int{0, scaleUsers} {
			b.Run(fmt.Sprintf("%s/%d", e.name, users), func(b *testing.B) {
				db, raw := e.migrated(b)
				if users > 0 {
					seed(b, e, raw, users)
				}
				u, s, f := login(b)
				s.ExpiresAt = now.Add(policy.Absolute)
				err := db.WithinTx(b.Context(), func(ctx context.Context, tx *store.Tx) error {
					if err := tx.Users.Insert(ctx, u); err != nil {
						return err
					}
					return tx.Sessions.Insert(ctx, s, f)
				})
				if err != nil {
					b.Fatal(err)
				}
				for _, q := range queries {
					b.Run(q.name, func(b *testing.B) {
						for b.Loop() {
							if err := q.run(b.Context(), db, u, s, &f); err != nil {
								b.Fatal(err)
							}
						}
						per := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
						if users == 0 {
							empty[q.name] = per
						} else if empty[q.name] > 0 {
							b.ReportMetric(per/empty[q.name], "×empty")
						}
					})
				}
			})
		}
	}
}

// BenchmarkCountLive is the one query that grows with the number of sessions: stats asks it once a minute, no matter who asks for
// them, and no other request does. 300 000 of the 500 000 sessions have not ended.
func BenchmarkCountLive(b *testing.B) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	policy := domain.SessionPolicy{Idle: 14 * 24 * time.Hour, Absolute: 30 * 24 * time.Hour}
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			db, raw := e.migrated(b)
			seed(b, e, raw, scaleUsers)
			for name, idle := range map[string]time.Duration{"young": policy.Idle, "each asks its family": time.Hour} {
				b.Run(name, func(b *testing.B) {
					policy.Idle = idle
					for b.Loop() {
						if _, err := db.Read().Sessions.CountLive(b.Context(), policy, now); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		})
	}
}
