package migrations_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/signet-auth/signet/migrations"
)

func TestCreate(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 5, 6, 0, time.FixedZone("east", 3600))

	t.Run("a pair of one name, stamped in UTC", func(t *testing.T) {
		dir := t.TempDir()
		up, down, err := migrations.Create(dir, "add-teams", now)
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{
			up:   filepath.Join(dir, "up", "20261123130506-add-teams.sql"),
			down: filepath.Join(dir, "down", "20261123130506-add-teams.sql"),
		} {
			if path != want {
				t.Errorf("got %s, want %s", path, want)
			}
			if _, err := os.Stat(path); err != nil {
				t.Error(err)
			}
		}
	})

	t.Run("an existing file is not overwritten and half a pair does not stay", func(t *testing.T) {
		dir := t.TempDir()
		_, down, err := migrations.Create(dir, "add-teams", now)
		if err != nil {
			t.Fatal(err)
		}
		up := filepath.Join(dir, "up", filepath.Base(down))
		if err := os.Remove(up); err != nil {
			t.Fatal(err)
		}
		if _, _, err := migrations.Create(dir, "add-teams", now); !errors.Is(err, fs.ErrExist) {
			t.Errorf("got %v, want an error about the file that exists", err)
		}
		if _, err := os.Stat(up); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the up file stayed behind: %v", err)
		}
	})

	for _, name := range []string{"", "Add", "add teams", "../add", "add_teams", "-add", "add--teams"} {
		t.Run("no migration is named "+name, func(t *testing.T) {
			if _, _, err := migrations.Create(t.TempDir(), name, now); err == nil {
				t.Error("it was made")
			}
		})
	}
}
