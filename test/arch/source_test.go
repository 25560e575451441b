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
		{"the clock in app", "app/auth", "import \"time\"\nvar now = time.Now()", 1},
		{"the clock as a value", "app/auth", "import \"time\"\nvar now = time.Now", 1},
		{"the clock by another name", "domain", "import clock \"time\"\nvar now = clock.Now()", 1},
		{"the clock by a dot import", "domain", "import . \"time\"\nvar now = Now()", 1},
		{"the clock within Since", "app/feed", "import \"time\"\nvar age = time.Since(time.Time{})", 1},
		{"a timer is no clock", "app/outbox", "import \"time\"\nvar tick = time.NewTimer(time.Second)", 0},
		{"a method named Now", "app/auth", "var s interface{ Now() int }\nvar now = s.Now()", 0},
		{"the clock outside the core", "adapters/memory", "import \"time\"\nvar now = time.Now()", 0},
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
