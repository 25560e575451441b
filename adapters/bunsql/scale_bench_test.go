package bunsql_test

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// scaleUsers is how many users the large database has, each with five sessions: SIGNET_BENCH_USERS, a power of ten.
func scaleUsers(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv("SIGNET_BENCH_USERS"), "100000"))
	if err != nil || n < scaleHolders {
		b.Fatalf("SIGNET_BENCH_USERS must be a number from %d on", scaleHolders)
	}
	return n
}

// seeds fill a database with users from a number on, %[1]d of them, in a handful of statements. Of the five sessions of a user
// two have ended. id(n, kind) is an id made of both, hash what stands for one of 32 bytes.
var seeds = map[string]struct {
	id, numbers, hash string
}{
	"sqlite": {
		id:      "printf('%%08x-0000-4000-9000-%%012x', %s, %s)",
		numbers: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)",
		hash:    "zeroblob(32)",
	},
	"postgres": {
		id:      "(lpad(to_hex(%s), 8, '0') || '-0000-4000-9000-' || lpad(to_hex(%s), 12, '0'))::uuid",
		numbers: "WITH n(i) AS (SELECT generate_series(1, %d))",
		hash:    "decode(repeat('00', 32), 'hex')",
	},
}

func seed(b *testing.B, e engine, db *sql.DB, users int) {
	b.Helper()
	s := seeds[e.name]
	id := func(kind, n string) string { return fmt.Sprintf(s.id, kind, n) }
	numbers := func(n int) string { return fmt.Sprintf(s.numbers, n) }
	const at = "'2026-11-20 10:00:00+00:00'"
	const passwordHash, from = "'$2a$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW'", "'192.0.2.7', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'"
	over := "CASE WHEN i % 5 < 2 THEN " + timestamp(e) + " END"
	for _, statement := range []string{
		"INSERT INTO principals (id, kind, state, created_at, updated_at) " + numbers(users) +
			" SELECT " + id("1", "i") + ", 'user', 'active', " + cast(e, at) + ", " + cast(e, at) + " FROM n",
		"INSERT INTO users (id, email, email_canonical, password_hash, metadata, created_at, updated_at) " + numbers(users) +
			" SELECT " + id("1", "i") + ", 'user' || i || '@example.org', 'user' || i || '@example.org', " + passwordHash + ", '{}', " + cast(e, at) + ", " + cast(e, at) + " FROM n",
		"INSERT INTO user_activity (user_id, last_login_at) " + numbers(users) + " SELECT " + id("1", "i") + ", " + cast(e, at) + " FROM n",
		"INSERT INTO sessions (id, user_id, amr, auth_time, created_at, expires_at, ended_at, ip, user_agent, device_name) " + numbers(5*users) +
			" SELECT " + id("2", "i") + ", " + id("1", "1 + (i - 1) / 5") + ", '[\"pwd\"]', " + cast(e, at) + ", " + cast(e, at) + ", " +
			cast(e, "'2026-12-20 10:00:00+00:00'") + ", " + over + ", " + from + " FROM n",
		"INSERT INTO refresh_families (id, session_id, client_id, generation, hash, salt, created_at, advanced_at, rotated_at, ended_at) " + numbers(5*users) +
			" SELECT " + id("3", "i") + ", " + id("2", "i") + ", '" + string(domain.FirstPartyClient) + "', 3, " + s.hash + ", " + s.hash + ", " +
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

// anybody walks over the seeded users in an order in which neighbours are far apart, so that the pages that are needed are seldom those of
// the one before. Its families are of sessions that have not ended, and each comes once.
type anybody struct{ users, seen int }

func (a *anybody) next() (domain.UserID, domain.SessionID, domain.FamilyID) {
	n := a.seen % a.users * 48271 % a.users // a prime, which no power of ten has in it: all come
	s := 5*n + 2 + a.seen/a.users%3
	a.seen++
	return seededID[domain.UserID](1, n+1), seededID[domain.SessionID](2, s), seededID[domain.FamilyID](3, s)
}

// seededID is id of seeds, in Go.
func seededID[T ~string](kind, n int) T { return T(fmt.Sprintf("%08x-0000-4000-9000-%012x", kind, n)) }

// spread are queries about one user after the other. like is the query that is asked of the empty database.
var spread = []struct {
	name, like string
	run        func(ctx context.Context, db *bunsql.DB, a *anybody, now time.Time, policy domain.SessionPolicy) error
}{
	{"refresh-of-anybody", "refresh", func(ctx context.Context, db *bunsql.DB, a *anybody, now time.Time, policy domain.SessionPolicy) error {
		_, _, id := a.next()
		from := domain.Family{ID: id, Generation: 3, Hash: make([]byte, 32)}
		to := from
		to.Generation, to.Salt, to.AdvancedAt, to.RotatedAt = 4, make([]byte, 32), now, now
		_, ok, err := db.Rotate(ctx, from, to, policy)
		if !ok && err == nil {
			err = fmt.Errorf("%s did not rotate", id)
		}
		return err
	}},
	{"session-of-anybody", "session", func(ctx context.Context, db *bunsql.DB, a *anybody, _ time.Time, _ domain.SessionPolicy) error {
		_, id, _ := a.next()
		_, err := db.Read().Sessions.ByID(ctx, id)
		return err
	}},
	{"ids-of-sessions-of-anybody", "ids-of-sessions", func(ctx context.Context, db *bunsql.DB, a *anybody, now time.Time, policy domain.SessionPolicy) error {
		user, _, _ := a.next()
		live, err := db.Read().Sessions.LiveIDs(ctx, user, policy, now)
		if err == nil && len(live) != 3 {
			err = fmt.Errorf("%d live sessions", len(live))
		}
		return err
	}},
	{"user-of-anybody", "user", func(ctx context.Context, db *bunsql.DB, a *anybody, _ time.Time, _ domain.SessionPolicy) error {
		id, _, _ := a.next()
		_, err := db.Read().Users.ByID(ctx, id)
		return err
	}},
}

// weigh logs what a row takes on Postgres' disk, its part of the indexes included.
func weigh(b *testing.B, e engine, db *sql.DB, users int) {
	b.Helper()
	if e.name != "postgres" {
		return
	}
	for table, rows := range map[string]int{"principals": users, "users": users, "user_activity": users, "sessions": 5 * users, "refresh_families": 5 * users} {
		var bytes int
		if err := db.QueryRowContext(b.Context(), "SELECT pg_total_relation_size($1)", table).Scan(&bytes); err != nil {
			b.Fatal(err)
		}
		b.Logf("%s: %d bytes a row", table, bytes/rows)
	}
}

// BenchmarkScale runs what requests ask of the database on an empty one and on one of 100 000 users and 500 000 sessions, or more. The
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
		{"user", func(ctx context.Context, db *bunsql.DB, u domain.User, _ domain.Session, _ *domain.Family) error {
			_, err := db.Read().Users.ByID(ctx, u.ID)
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
				if _, err := tx.Sessions.EndBeyond(ctx, u.ID, 3, policy, domain.EndedByLimit, now); err != nil { // so that the user does not grow
					return err
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
		for _, users := range []int{0, scaleUsers(b)} {
			b.Run(fmt.Sprintf("%s/%d", e.name, users), func(b *testing.B) {
				db, raw := e.migrated(b)
				if users > 0 {
					seed(b, e, raw, users)
					weigh(b, e, raw, users)
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
				measure := func(name, like string, run func() error) {
					b.Run(name, func(b *testing.B) {
						for b.Loop() {
							if err := run(); err != nil {
								b.Fatal(err)
							}
						}
						per := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
						if users == 0 {
							empty[name] = per
						} else if empty[like] > 0 {
							b.ReportMetric(per/empty[like], "×empty")
						}
					})
				}
				ctx := b.Context()
				for _, q := range queries {
					measure(q.name, q.name, func() error { return q.run(ctx, db, u, s, &f) })
				}
				for _, q := range spread {
					if users > 0 {
						a := &anybody{users: users}
						measure(q.name, q.like, func() error { return q.run(ctx, db, a, now, policy) })
					}
				}
			})
		}
	}
}

// BenchmarkCountLive is the one query that grows with the number of sessions: stats asks it once a minute, no matter who asks for
// them, and no other request does. Three of five sessions have not ended.
func BenchmarkCountLive(b *testing.B) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	policy := domain.SessionPolicy{Idle: 14 * 24 * time.Hour, Absolute: 30 * 24 * time.Hour}
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			db, raw := e.migrated(b)
			seed(b, e, raw, scaleUsers(b))
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
