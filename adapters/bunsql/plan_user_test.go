package bunsql_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// A page of users is read from an index in order and not sorted, and the rows that a search reads are bounded, however many users there
// are.
func TestListsOfUsersFollowTheirIndexes(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	behind := store.Page{After: domain.Cursor{At: now, ID: anID}, Limit: 51}
	list := func(state domain.PrincipalState, page store.Page) func(context.Context, *store.Reader) error {
		return func(ctx context.Context, r *store.Reader) error {
			_, err := r.Users.List(ctx, store.UserFilter{State: state, Now: now}, page)
			return err
		}
	}
	for name, row := range map[string]struct {
		read    func(context.Context, *store.Reader) error
		indexes []string
		sorts   bool
	}{
		"all":               {list("", store.Page{Limit: 51}), []string{"users_newest"}, false},
		"all, behind one":   {list("", behind), []string{"users_newest"}, false},
		"active":            {list(domain.Active, behind), []string{"users_newest"}, false},
		"disabled":          {list(domain.Disabled, store.Page{Limit: 51}), []string{"principals_disabled"}, false},
		"disabled, further": {list(domain.Disabled, behind), []string{"principals_disabled"}, false},
		"their ways in": {func(ctx context.Context, r *store.Reader) error {
			_, err := r.Identities.ByUsers(ctx, []domain.UserID{anID})
			return err
		}, []string{"identities_user"}, true},
		"search": {func(ctx context.Context, r *store.Reader) error {
			_, _, err := r.Users.Search(ctx, "ada", store.UserFilter{Now: now}, 200)
			return err
		}, []string{"email", "users_first_name_prefix", "users_last_name_prefix"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, e engine) {
				db, raw := e.migrated(t)
				err := db.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					email, err := domain.ParseEmail("ada@example.com")
					if err != nil {
						return err
					}
					return tx.Users.Insert(ctx, domain.NewUser(anID, email, "h", domain.PersonName{}, now))
				})
				if err != nil {
					t.Fatal(err)
				}
				sent := db.Watch()
				if err := row.read(t.Context(), db.Read()); err != nil {
					t.Fatal(err)
				}
				for _, query := range sent() {
					lines := explained(t, e, raw, query)
					plan := strings.Join(lines, "\n")
					if scans(e, lines) {
						t.Errorf("%s\nreads a whole table:\n%s", query, plan)
					}
					for _, index := range row.indexes {
						if !strings.Contains(plan, index) {
							t.Errorf("%s\ndoes not use %s:\n%s", query, index, plan)
						}
					}
					if !row.sorts && (strings.Contains(plan, "Sort") || strings.Contains(plan, "TEMP B-TREE FOR ORDER")) {
						t.Errorf("%s\nis sorted:\n%s", query, plan)
					}
				}
			})
		})
	}
}

// Every query of the audit log reads an index from its newest end.
func TestTheAuditLogHasAnIndexForEveryQuestion(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, row := range map[string]struct {
		filter store.AuditFilter
		index  string
	}{
		"all":          {store.AuditFilter{}, "at_id_idx audit_events_at"},
		"behind one":   {store.AuditFilter{Before: domain.Cursor{At: now, ID: anID}}, "at_id_idx audit_events_at"},
		"in a time":    {store.AuditFilter{Since: now.Add(-time.Hour), Until: now, Outcome: domain.Failed}, "at_id_idx audit_events_at"},
		"an actor":     {store.AuditFilter{ActorID: anID}, "actor_id_at_idx audit_events_actor"},
		"a subject":    {store.AuditFilter{SubjectID: anID, Types: []domain.EventType{domain.EventGrantAdded}}, "subject_id_at_idx audit_events_subject"},
		"a service":    {store.AuditFilter{ServiceID: anID, Before: domain.Cursor{At: now, ID: anID}}, "service_id_at_idx audit_events_service"},
		"some types":   {store.AuditFilter{Types: []domain.EventType{domain.EventGrantAdded, domain.EventGrantRemoved}}, "type_at_idx audit_events_type"},
		"types behind": {store.AuditFilter{Types: []domain.EventType{domain.EventGrantAdded}, Before: domain.Cursor{At: now, ID: anID}}, "type_at_idx audit_events_type"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, e engine) {
				db, raw := e.migrated(t)
				sent := db.Watch()
				if _, err := db.Read().Audit.List(t.Context(), row.filter); err != nil {
					t.Fatal(err)
				}
				index := strings.Fields(row.index)[map[string]int{"postgres": 0, "sqlite": 1}[e.name]]
				for _, query := range sent() {
					lines := explained(t, e, raw, query)
					if plan := strings.Join(lines, "\n"); scans(e, lines) || !strings.Contains(plan, index) {
						t.Errorf("%s\nis not read by %s:\n%s", query, index, plan)
					}
				}
			})
		})
	}
}
