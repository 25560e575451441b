package bunsql_test

import (
	"context"
	"database/sql"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

const anID = "018f0000-0000-7000-8000-000000000001"

// Cost must grow with work and not with data. This test looks at the plan of every query on a request's path; none may read a whole table.
func TestHotQueriesHaveAnIndex(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	email, err := domain.ParseEmail("ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	policy := domain.SessionPolicy{Idle: time.Hour}
	family := domain.Family{ID: anID, SessionID: anID, ClientID: anID, Hash: []byte("h"), Salt: []byte("s")}
	message := domain.Message{ID: anID, Lease: 1}
	reads := map[string]func(context.Context, *store.Reader) error{
		"session": func(ctx context.Context, r *store.Reader) error { _, err := r.Sessions.ByID(ctx, anID); return err },
		"family": func(ctx context.Context, r *store.Reader) error {
			_, _, err := r.Sessions.Family(ctx, anID)
			return err
		},
		"live sessions": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Sessions.LiveByUser(ctx, anID, policy, now)
			return err
		},
		"user":    func(ctx context.Context, r *store.Reader) error { _, err := r.Users.ByID(ctx, anID); return err },
		"address": func(ctx context.Context, r *store.Reader) error { _, err := r.Users.ByEmail(ctx, email); return err },
		"user with credential": func(ctx context.Context, r *store.Reader) error {
			_, _, err := r.Users.WithCredential(ctx, anID, []byte("c"))
			return err
		},
		"candidate": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Users.Candidate(ctx, email, []byte("k"), now)
			return err
		},
		"ids of live sessions": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Sessions.LiveIDs(ctx, anID, policy, now)
			return err
		},
		"registrations": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Registrations.LiveByEmail(ctx, email, now)
			return err
		},
		"secret": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Flows.BySecret(ctx, []byte("h"))
			return err
		},
		"backlog": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Outbox.Backlog(ctx)
			return err
		},
		"lockout": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Lockouts.ByKey(ctx, []byte("k"))
			return err
		},
		"remembered devices": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Trusted.ByUser(ctx, anID)
			return err
		},
		"a remembered device": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Trusted.ByID(ctx, anID)
			return err
		},
		"factors":    func(ctx context.Context, r *store.Reader) error { _, err := r.Factors.ByUser(ctx, anID); return err },
		"codes left": func(ctx context.Context, r *store.Reader) error { _, err := r.Factors.Codes(ctx, anID); return err },
		"code": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Factors.HasCode(ctx, anID, []byte("h"))
			return err
		},
		"devices":     func(ctx context.Context, r *store.Reader) error { _, err := r.Devices.ByUser(ctx, anID); return err },
		"service":     func(ctx context.Context, r *store.Reader) error { _, err := r.Services.Find(ctx, anID); return err },
		"held roles":  func(ctx context.Context, r *store.Reader) error { _, err := r.Grants.Held(ctx, anID, anID); return err },
		"permissions": func(ctx context.Context, r *store.Reader) error { _, err := r.Grants.Known(ctx, anID); return err },
		"principal":   func(ctx context.Context, r *store.Reader) error { _, err := r.Principals.ByID(ctx, anID); return err },
		"elsewhere": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Grants.Elsewhere(ctx, anID, now)
			return err
		},
		"services": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Services.List(ctx, "", store.Page{After: domain.Cursor{At: now, ID: anID}, Limit: 10})
			return err
		},
		"services of a holder": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Services.List(ctx, anID, store.Page{Limit: 10})
			return err
		},
		"roles": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Roles.List(ctx, domain.PlatformID, store.Page{After: domain.Cursor{At: now, ID: anID}, Limit: 10})
			return err
		},
		"closure": func(ctx context.Context, r *store.Reader) error { _, err := r.Roles.Closure(ctx, anID); return err },
		"permissions of a service": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Permissions.List(ctx, store.PermissionFilter{Services: []domain.ServiceID{anID}}, store.Page{Limit: 10})
			return err
		},
		"permissions by prefix": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Permissions.List(ctx, store.PermissionFilter{Everyone: true, Prefix: "invoice"}, store.Page{Limit: 10})
			return err
		},
		"assignments of a principal": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Assignments.List(ctx, store.AssignmentFilter{Principal: anID, Now: now}, store.Page{Limit: 10})
			return err
		},
		"assignments at a service": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Assignments.List(ctx, store.AssignmentFilter{Service: anID, Now: now}, store.Page{After: domain.Cursor{At: now, ID: anID}, Limit: 10})
			return err
		},
		"holders": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Assignments.List(ctx, store.AssignmentFilter{Role: anID, Now: now}, store.Page{Limit: 10})
			return err
		},
		"number of holders": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Assignments.CountHolders(ctx, anID, now, 1000)
			return err
		},
		"feed": func(ctx context.Context, r *store.Reader) error { _, err := r.Changes.After(ctx, 7, 100); return err },
		"facts": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Facts.Between(ctx, 7, 100, 100)
			return err
		},
		"facts from before": func(ctx context.Context, r *store.Reader) error { _, err := r.Facts.Before(ctx, now); return err },
		"meta":              func(ctx context.Context, r *store.Reader) error { _, err := r.Meta.Get(ctx, "k"); return err },
		"audit": func(ctx context.Context, r *store.Reader) error {
			_, err := r.Audit.List(ctx, store.AuditFilter{SubjectID: anID, Limit: 10})
			return err
		},
	}
	writes := map[string]func(context.Context, *store.Tx) error{
		"lock": func(ctx context.Context, tx *store.Tx) error { _, err := tx.Principals.Lock(ctx, anID); return err },
		"advance": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.Advance(ctx, family, family)
			return err
		},
		"end": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.End(ctx, []domain.SessionID{anID}, "", now)
			return err
		},
		"end beyond": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.EndBeyond(ctx, anID, 9, policy, "", now)
			return err
		},
		"renew": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.Renew(ctx, family)
			return err
		},
		"identities": func(ctx context.Context, tx *store.Tx) error { return tx.Identities.DeleteByUser(ctx, anID) },
		"consume":    func(ctx context.Context, tx *store.Tx) error { _, err := tx.Flows.Consume(ctx, anID, now); return err },
		"flows": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Flows.LockByAddress(ctx, []domain.Purpose{"p"}, "a", now)
			return err
		},
		"device": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Devices.RecordLogin(ctx, domain.UserID(domain.PlatformID), "Firefox on Linux", now)
			return err
		},
		"try": func(ctx context.Context, tx *store.Tx) error {
			_, _, err := tx.Flows.ReserveTry(ctx, anID, 5, now)
			return err
		},
		"step": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Factors.UseStep(ctx, anID, 7, now)
			return err
		},
		"use of a code": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Factors.UseCode(ctx, anID, []byte("h"), now)
			return err
		},
		"unconfirmed factors": func(ctx context.Context, tx *store.Tx) error {
			return tx.Factors.DeleteUnconfirmed(ctx, anID, domain.FactorTOTP)
		},
		"all factors":           func(ctx context.Context, tx *store.Tx) error { return tx.Factors.DeleteAll(ctx, anID) },
		"supersede":             func(ctx context.Context, tx *store.Tx) error { return tx.Flows.Supersede(ctx, "p", "s", now) },
		"deleted by mail":       func(ctx context.Context, tx *store.Tx) error { return tx.Registrations.Delete(ctx, anID) },
		"clear lockout":         func(ctx context.Context, tx *store.Tx) error { return tx.Lockouts.Clear(ctx, []byte("k")) },
		"registrations by mail": func(ctx context.Context, tx *store.Tx) error { return tx.Registrations.DeleteByEmail(ctx, email) },
		"user": func(ctx context.Context, tx *store.Tx) error {
			return tx.Users.Update(ctx, domain.User{ID: anID, Email: email, Metadata: "{}", CreatedAt: now, UpdatedAt: now})
		},
		"claim": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Outbox.Claim(ctx, now, time.Minute, []domain.Topic{domain.TopicForgot, domain.TopicForgot}, 10)
			return err
		},
		"settle": func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Outbox.Settle(ctx, message, now)
			return err
		},
	}
	explainEach(t, reads, writes, map[string]func(context.Context, *bunsql.DB) error{
		"rotate": func(ctx context.Context, db *bunsql.DB) error {
			_, _, err := db.Rotate(ctx, family, family, domain.SessionPolicy{})
			return err
		},
	})
}

func TestTheCheckOfPlansSeesAScan(t *testing.T) {
	each(t, func(t *testing.T, e engine) {
		_, raw := e.migrated(t)
		if plan := explained(t, e, raw, "SELECT * FROM users u WHERE first_name = 'Ada'"); !scans(e, plan) {
			t.Errorf("not seen in %v", plan)
		}
	})
}

func allowMissing(t *testing.T, err error) {
	t.Helper()
	if e, ok := err.(*domain.Error); err != nil && (!ok || e.Kind != domain.NotFound) { //nolint:errorlint // as it comes
		t.Fatal(err)
	}
}

// explained asks Postgres not to read whole tables: small as they are here, it would.
func explained(t *testing.T, e engine, db *sql.DB, query string) []string {
	t.Helper()
	if e.name == "postgres" {
		db.SetMaxOpenConns(1)
		if _, err := db.ExecContext(t.Context(), "SET enable_seqscan = off"); err != nil {
			t.Fatal(err)
		}
		return texts(t, db, "EXPLAIN "+query)
	}
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query) //nolint:sqlclosecheck // closes does
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { closes(t, rows.Close) }()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

// Results of subqueries (m, c, h, o, due, held) are read to their end, tables are not.
var sqliteScan = regexp.MustCompile(`^SCAN (?:CONSTANT ROW|\(.*\)|[mcho]|due|held)\b`)

func scans(e engine, plan []string) bool {
	for _, line := range plan {
		if e.name == "postgres" && strings.Contains(line, "Seq Scan") ||
			e.name == "sqlite" && strings.HasPrefix(line, "SCAN ") && !sqliteScan.MatchString(line) && !strings.Contains(line, " USING ") {
			return true
		}
	}
	return false
}
