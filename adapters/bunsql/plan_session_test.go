package bunsql_test

import (
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

// The cost of a page must depend on its rows, however many sessions its user has: it is read from the index in order and not sorted. The
// count reads the index of open sessions, and no ended sessions from the table.
func TestListsOfSessionsFollowTheirIndex(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	policy := domain.SessionPolicy{Idle: time.Hour}
	each(t, func(t *testing.T, e engine) {
		db, raw := e.migrated(t)
		sent := db.Watch()
		plan := func(t *testing.T) string {
			t.Helper()
			queries := sent()
			if len(queries) != 1 {
				t.Fatalf("%d statements", len(queries))
			}
			lines := explained(t, e, raw, queries[0])
			if scans(e, lines) || !strings.Contains(strings.Join(lines, "\n"), "sessions_live") {
				t.Errorf("%s\nreads a whole table:\n%s", queries[0], strings.Join(lines, "\n"))
			}
			return strings.Join(lines, "\n")
		}
		for name, after := range map[string]domain.Cursor{"the first page": {}, "another page": {At: now, ID: anID}} {
			t.Run(name, func(t *testing.T) {
				if _, err := db.Read().Sessions.PageByUser(t.Context(), anID, policy, now, after, 51); err != nil {
					t.Fatal(err)
				}
				if p := plan(t); strings.Contains(p, "Sort") || strings.Contains(p, "TEMP B-TREE FOR ORDER") {
					t.Errorf("it is sorted:\n%s", p)
				}
			})
		}
		t.Run("the count", func(t *testing.T) {
			if _, err := db.Read().Sessions.CountLive(t.Context(), policy, now); err != nil {
				t.Fatal(err)
			}
			plan(t)
		})
		t.Run("the open ones of a user", func(t *testing.T) {
			if _, err := db.Read().Sessions.OpenByUser(t.Context(), anID); err != nil {
				t.Fatal(err)
			}
			plan(t)
		})
	})
}
