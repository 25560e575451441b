package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/sqlite"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func TestNobodyElseMayReadTheFiles(t *testing.T) {
	path := file(t)
	db := open(t, path)
	if err := put(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < 2 {
		t.Errorf("only %v are there: no write-ahead log?", entries)
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v)", entry.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v (%v)", info.Mode(), err)
	}
}

func TestAFolderThatCantBeMadeIsAnErrorAtStart(t *testing.T) {
	taken := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err := sqlite.Open(filepath.Join(taken, "signet.db"), bunsql.Options{}); err == nil {
		t.Error("it was opened")
		_ = db.Close()
	}
}

func TestAnotherProcessThatWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "signet.db")
	db := open(t, path)
	write, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer write.Close() //nolint:errcheck // a test
	tx, err := write.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}

	t.Run("is not waited for longer than the caller has", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begin := time.Now()
		if err := put(ctx, db); !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("it took %v", took)
		}
	})

	t.Run("keeps nobody from reading", func(t *testing.T) {
		if _, err := db.Read().Services.ByID(t.Context(), domain.PlatformID); err != nil {
			t.Error(err)
		}
	})

	t.Run("is waited for", func(t *testing.T) {
		done, began := make(chan error, 1), make(chan struct{})
		go func() {
			close(began)
			done <- put(t.Context(), db)
		}()
		<-began
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestAMigrationThatBreaksReferencesIsReported(t *testing.T) {
	m, err := sqlite.OpenMigrator(file(t), fstest.MapFS{
		"up/20260101000000-broken.sql": {Data: []byte(`CREATE TABLE parents (id bigint PRIMARY KEY);
			CREATE TABLE children (id bigint, parent bigint REFERENCES parents (id)); INSERT INTO children VALUES (1, 2);`)},
		"down/20260101000000-broken.sql": {Data: []byte("DROP TABLE children; DROP TABLE parents;")},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // a test
	if _, err := m.Up(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "refer to rows") {
		t.Errorf("got %v", err)
	}
}

func put(ctx context.Context, db *bunsql.DB) error {
	return db.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return tx.Meta.Put(ctx, "k", "v") })
}
