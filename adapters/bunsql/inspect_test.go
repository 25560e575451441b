package bunsql_test

import (
	"strings"
	"testing"
	"time"
)

func TestInspect(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, e engine) {
		db, _ := e.migrated(t)
		found, err := db.Inspect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if found.Server == "" || found.ReadOnly || len(found.Lacks) > 0 || found.Pooler != "" || found.Ahead.Abs() > time.Second {
			t.Errorf("%+v", found)
		}
		if isPostgres := strings.HasPrefix(found.Server, "PostgreSQL "); isPostgres != (found.Role != "") || isPostgres != found.OwnsSchema {
			t.Errorf("%+v", found)
		}
	})
}
