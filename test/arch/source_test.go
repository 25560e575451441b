package arch_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/signet-auth/signet/test/arch"
)

func TestSource(t *testing.T) {
	for _, row := range []struct {
		fact, path, code string
		want             int
	}{
		{"plain structs pass", "domain", "type User struct{ ID string }", 0},
		{"a tag in domain", "domain", "type User struct{ ID string `json:\"id\"` }", 1},
		{"a tag in a nested literal type", "domain/token", "var x struct{ In struct{ ID string `bun:\",pk\"` } }", 1},
		{"a tag in app is no entity's", "app/auth", "type in struct{ ID string `x:\"y\"` }", 0},
	} {
		t.Run(row.fact, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "x.go"), []byte("package x\n"+row.code+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			found, err := arch.Source([]arch.Package{{ImportPath: our(row.path), Dir: dir, GoFiles: []string{"x.go"}}})
			if err != nil {
				t.Fatal(err)
			}
			if len(found) != row.want {
				t.Errorf("violations %v, want %d", found, row.want)
			}
		})
	}
}
