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

// The large fleet: services with ten roles of five patterns each. Every user holds one common role, and another one that differs by user.
const (
	scaleServices = 1000
	scaleRoles    = 10 * scaleServices
	scaleHolders  = 100_000
)

// seedFleet fills a database that has scaleHolders users (see seed) with services, roles and assignments.
func seedFleet(b *testing.B, e engine, db *sql.DB) {
	b.Helper()
	s := seeds[e.name]
	id := func(kind, n string) string { return fmt.Sprintf(s.id, kind, n) }
	numbers := func(n int) string { return fmt.Sprintf(s.numbers, n) }
	at := cast(e, "'2026-11-20 10:00:00+00:00'")
	service := id("4", "1 + i % "+fmt.Sprint(scaleServices))
	for _, statement := range []string{
		"INSERT INTO principals (id, kind, state, created_at, updated_at) " + numbers(scaleServices) + " SELECT " + id("4", "i") + ", 'service_account', 'active', " + at + ", " + at + " FROM n",
		"INSERT INTO services (id, key, name, name_folded, state, token_type, created_at, updated_at) " + numbers(scaleServices) +
			" SELECT " + id("4", "i") + ", 'service-' || i, 'Service ' || i, 'service ' || i, 'active', 'at+jwt', " + at + ", " + at + " FROM n",
		"INSERT INTO permissions (id, service_id, name, created_at) " + numbers(10*scaleServices) +
			" SELECT " + id("5", "i") + ", " + service + ", 'thing-' || i || ':read', " + at + " FROM n",
		"INSERT INTO roles (id, service_id, name, name_folded, created_at, updated_at) " + numbers(scaleRoles) +
			" SELECT " + id("6", "i") + ", " + service + ", 'role-' || i, 'role-' || i, " + at + ", " + at + " FROM n",
		"INSERT INTO role_permissions (role_id, pattern) " + numbers(5*scaleRoles) + " SELECT " + id("6", "1 + i % "+fmt.Sprint(scaleRoles)) + ", 'thing-' || i || ':read' FROM n",
		"INSERT INTO assignments (id, principal_id, role_id, service_id, created_at) " + numbers(scaleHolders) +
			" SELECT " + id("7", "i") + ", " + id("1", "i") + ", " + id("6", "1") + ", " + id("4", "2") + ", " + at + " FROM n",
		"INSERT INTO assignments (id, principal_id, role_id, service_id, created_at) " + numbers(scaleHolders) +
			" SELECT " + id("8", "i") + ", " + id("1", "i") + ", " + id("6", "2 + i % "+fmt.Sprint(scaleRoles-2)) + ", " +
			id("4", "1 + (2 + i % "+fmt.Sprint(scaleRoles-2)+") % "+fmt.Sprint(scaleServices)) + ", " + at + " FROM n",
		"ANALYZE",
	} {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatalf("%.80s: %v", statement, err)
		}
	}
}

// BenchmarkScaleOfAccess runs the queries of services, roles and assignments on an almost empty database and on one of 1 000 services, 10
// 000 roles and 200 000 assignments, of which 100 000 are of the queried role. The budget is a factor of 1.3.
func BenchmarkScaleOfAccess(b *testing.B) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	queries := []struct {
		name string
		run  func(ctx context.Context, db *bunsql.DB, s domain.Service, r domain.Role, u domain.PrincipalID) error
	}{
		{"held", func(ctx context.Context, db *bunsql.DB, s domain.Service, _ domain.Role, u domain.PrincipalID) error {
			held, err := db.Read().Grants.Held(ctx, u, s.ID)
			if err == nil && len(held) != 1 {
				err = fmt.Errorf("%d roles", len(held))
			}
			return err
		}},
		{"known", func(ctx context.Context, db *bunsql.DB, s domain.Service, _ domain.Role, _ domain.PrincipalID) error {
			_, err := db.Read().Grants.Known(ctx, s.ID)
			return err
		}},
		{"service", func(ctx context.Context, db *bunsql.DB, s domain.Service, _ domain.Role, _ domain.PrincipalID) error {
			_, err := db.Read().Services.Find(ctx, s.Name)
			return err
		}},
		{"elsewhere", func(ctx context.Context, db *bunsql.DB, _ domain.Service, _ domain.Role, u domain.PrincipalID) error {
			_, err := db.Read().Grants.Elsewhere(ctx, u, now)
			return err
		}},
		{"closure", func(ctx context.Context, db *bunsql.DB, _ domain.Service, r domain.Role, _ domain.PrincipalID) error {
			_, err := db.Read().Roles.Closure(ctx, r.ID)
			return err
		}},
		{"assigned", func(ctx context.Context, db *bunsql.DB, _ domain.Service, _ domain.Role, u domain.PrincipalID) error {
			_, err := db.Read().Assignments.List(ctx, store.AssignmentFilter{Principal: u, Now: now}, store.Page{Limit: 51})
			return err
		}},
		{"change-of-the-role", func(ctx context.Context, db *bunsql.DB, s domain.Service, r domain.Role, _ domain.PrincipalID) error {
			return db.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.Services.Lock(ctx, s.ID, store.Exclusive); err != nil {
					return err
				}
				if err := tx.Roles.Update(ctx, r); err != nil {
					return err
				}
				tx.Changed(domain.ChangeService, string(s.ID), domain.TokensStale)
				return tx.Services.Update(ctx, s)
			})
		}},
	}
	for _, e := range engines {
		empty := map[string]float64{}
		for _, large := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/large=%v", e.name, large), func(b *testing.B) {
				db, raw := e.migrated(b)
				if large {
					seed(b, e, raw, scaleHolders)
					seedFleet(b, e, raw)
				}
				s, r, u := oneOfTheFleet(b, db, raw, e, large)
				for _, q := range queries {
					b.Run(q.name, func(b *testing.B) {
						for b.Loop() {
							if err := q.run(b.Context(), db, s, r, u); err != nil {
								b.Fatal(err)
							}
						}
						each := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
						if !large {
							empty[q.name] = each
						} else if empty[q.name] > 0 {
							b.ReportMetric(each/empty[q.name], "×empty")
						}
					})
				}
			})
		}
	}
}

// oneOfTheFleet is a service, its role and somebody who holds it: those of the seed, or the only ones there are.
func oneOfTheFleet(b *testing.B, db *bunsql.DB, raw *sql.DB, e engine, large bool) (domain.Service, domain.Role, domain.PrincipalID) {
	b.Helper()
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	if large {
		id := func(kind string, n int) (text string) {
			if err := raw.QueryRowContext(b.Context(), "SELECT CAST("+fmt.Sprintf(seeds[e.name].id, kind, fmt.Sprint(n))+" AS text)").Scan(&text); err != nil {
				b.Fatal(err)
			}
			return text
		}
		s, err := db.Read().Services.ByID(b.Context(), domain.ServiceID(id("4", 2)))
		if err != nil {
			b.Fatal(err)
		}
		r, err := db.Read().Roles.ByID(b.Context(), domain.RoleID(id("6", 1)))
		if err != nil {
			b.Fatal(err)
		}
		return s, r, domain.PrincipalID(id("1", scaleHolders/2))
	}
	s, err := domain.NewService(id[domain.ServiceID](), "only", "Only", "", now)
	if err != nil {
		b.Fatal(err)
	}
	r := domain.Role{ID: id[domain.RoleID](), ServiceID: s.ID, Name: "role", Version: 1, CreatedAt: now, UpdatedAt: now}
	for i := range 5 {
		r.Patterns = append(r.Patterns, domain.Pattern(fmt.Sprintf("thing-%d:read", i)))
	}
	err = db.WithinTx(b.Context(), func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Services.Insert(ctx, s, nil); err != nil {
			return err
		}
		for i := range 10 {
			p := domain.Permission{ID: id[domain.PermissionID](), ServiceID: s.ID, Name: fmt.Sprintf("thing-%d:read", i), CreatedAt: now}
			if err := tx.Permissions.Insert(ctx, p); err != nil {
				return err
			}
		}
		if err := tx.Roles.Insert(ctx, r); err != nil {
			return err
		}
		_, err := tx.Assignments.Assign(ctx, domain.Assignment{
			ID: id[domain.AssignmentID](), PrincipalID: s.ID.Principal(), RoleID: r.ID, ServiceID: s.ID, CreatedAt: now,
		})
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return s, r, s.ID.Principal()
}
