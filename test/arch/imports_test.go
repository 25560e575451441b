package arch_test

import (
	"testing"

	"github.com/signet-auth/signet/test/arch"
)

func our(path string) string { return arch.Module + "/" + path }

func TestImports(t *testing.T) {
	for _, row := range []struct {
		fact     string
		from, to string
		broken   bool
	}{
		{"cmd wires adapters", "cmd/run", our("adapters/bunsql/postgres"), false},
		{"cmd wires use cases", "cmd/run", our("app/auth"), false},
		{"main starts the runner", "cmd/signet", our("cmd/run"), false},
		{"app sees ports", "app/auth", our("ports/store"), false},
		{"app sees domain", "app/auth", our("domain"), false},
		{"a feature uses a mechanism", "app/auth", our("app/signin"), false},
		{"a mechanism uses another", "app/signin", our("app/access"), false},
		{"a feature does not see another", "app/auth", our("app/session"), true},
		{"a mechanism does not see a feature", "app/access", our("app/auth"), true},
		{"app builds the features", "app", our("app/auth"), false},
		{"no feature sees the wiring", "app/auth", our("app"), true},
		{"base has the audit recorder", "app/base", our("app/audit"), false},
		{"base sees no other mechanism", "app/base", our("app/guard"), true},
		{"app does not see adapters", "app/auth", our("adapters/memory"), true},
		{"app does not see api", "app/auth", our("api"), true},
		{"app imports no library", "app/auth", "golang.org/x/crypto/bcrypt", true},
		{"app knows no HTTP status", "app/auth", "net/http", true},
		{"app takes randomness as a parameter", "app/auth", "crypto/rand", true},
		{"ports see domain", "ports/store", our("domain"), false},
		{"ports do not see app", "ports/store", our("app/auth"), true},
		{"a suite sees its port", "ports/porttest", our("ports/store"), false},
		{"a suite compares with go-cmp", "ports/porttest", "github.com/google/go-cmp/cmp", false},
		{"a port does not compare with go-cmp", "ports/store", "github.com/google/go-cmp/cmp", true},
		{"domain has sub-packages", "domain/token", our("domain"), false},
		{"domain does not see ports", "domain", our("ports/sys"), true},
		{"domain folds host names", "domain", "golang.org/x/net/idna", false},
		{"domain does not speak HTTP", "domain", "net/http", true},
		{"domain may parse addresses", "domain", "net/mail", false},
		{"domain does not encode", "domain", "encoding/json", true},
		{"domain does not log", "domain", "log/slog", true},
		{"domain does not read files", "domain", "os", true},
		{"domain does not query", "domain", "database/sql", true},
		{"domain takes randomness as a parameter", "domain", "math/rand/v2", true},
		{"api is standard library only", "api", our("domain"), true},
		{"api imports no library", "api", "github.com/google/uuid", true},
		{"a driven adapter sees ports", "adapters/smtpmail", our("ports/mailer"), false},
		{"a driven adapter does not see app", "adapters/smtpmail", our("app/outbox"), true},
		{"a driven adapter does not see api", "adapters/smtpmail", our("api"), true},
		{"resources see app", "adapters/echohttp/rest", our("app/auth"), false},
		{"pages see app", "adapters/echohttp/pages", our("app/auth"), false},
		{"the kernel of HTTP does not see app", "adapters/echohttp", our("app/auth"), true},
		{"no other part of the HTTP adapter sees app", "adapters/echohttp/problem", our("app/auth"), true},
		{"the kernel of HTTP sees api", "adapters/echohttp", our("api"), false},
		{"resources see api", "adapters/echohttp/rest", our("api"), false},
		{"resources see the kernel", "adapters/echohttp/rest", our("adapters/echohttp"), false},
		{"pages see the kernel", "adapters/echohttp/pages", our("adapters/echohttp"), false},
		{"resources do not see pages", "adapters/echohttp/rest", our("adapters/echohttp/pages"), true},
		{"pages do not see resources", "adapters/echohttp/pages", our("adapters/echohttp/rest"), true},
		{"the kernel does not see its resources", "adapters/echohttp", our("adapters/echohttp/rest"), true},
		{"cmd mounts resources", "cmd/run", our("adapters/echohttp/rest"), false},
		{"the SQL adapter sees the migrations", "adapters/bunsql", our("migrations"), false},
		{"no other adapter sees the migrations", "adapters/memory", our("migrations"), true},
		{"an adapter sees its sub-packages", "adapters/bunsql/postgres", our("adapters/bunsql"), false},
		{"adapters do not import each other", "adapters/memory", our("adapters/rueidis"), true},
		{"a name that only begins alike is another adapter", "adapters/bunsqlx", our("adapters/bunsql"), true},
		{"adapters do not see cmd", "adapters/memory", our("cmd/run"), true},
		{"an example is an adapter: it sees ports", "examples/httpmail", our("ports/mailer"), false},
		{"and not app", "examples/httpmail", our("app/outbox"), true},
		{"nor another adapter", "examples/httpmail", our("adapters/smtpmail"), true},
		{"an example speaks HTTP", "examples/httpmail", "net/http", false},
		{"the server imports no example", "cmd/run", our("examples/httpmail"), true},
		{"SQL stays in its adapter", "adapters/jwtoken", "database/sql", true},
		{"SQL stays out of cmd", "cmd/run", "database/sql", true},
		{"a library belongs to its adapter", "adapters/echohttp", "github.com/labstack/echo/v4/middleware", false},
		{"and to no other", "adapters/jwtoken", "github.com/labstack/echo/v4", true},
		{"a library in the runner", "cmd/run", "github.com/alecthomas/kong", false},
		{"not in main", "cmd/signet", "github.com/alecthomas/kong", true},
		{"an unknown library", "adapters/memory", "github.com/samber/lo", true},
		{"another package of a listed module", "adapters/pwhash", "golang.org/x/crypto/ssh", true},
		{"metrics in any adapter", "adapters/rueidis", "github.com/prometheus/client_golang/prometheus", false},
		{"metrics not in the core", "app/auth", "go.opentelemetry.io/otel/trace", true},
		{"product code does not import the kit", "cmd/run", our("test/testkit/backend"), true},
		{"product code does not import the suites", "adapters/memory", our("ports/porttest"), true},
		{"migrations are files only", "migrations", our("domain"), true},
		{"a folder nobody named", "utils", "fmt", true},
		{"the kit may import anything of ours", "test/testkit/backend", our("cmd/run"), false},
		{"the kit may not import an unknown library", "test/testkit", "github.com/stretchr/testify/assert", true},
	} {
		t.Run(row.fact, func(t *testing.T) {
			found := arch.Imports([]arch.Package{{ImportPath: our(row.from), Imports: []string{row.to}}})
			if (len(found) > 0) != row.broken {
				t.Errorf("%s → %s: violations %v, want broken = %v", row.from, row.to, found, row.broken)
			}
		})
	}
}

func TestImportsOfTests(t *testing.T) {
	for _, row := range []struct {
		fact   string
		to     string
		broken bool
	}{
		{"may import suites", our("ports/porttest"), false},
		{"may import other adapters", our("adapters/bunsql/sqlite"), false},
		{"may import the kit", our("test/testkit/backend"), false},
		{"may import a product library", "github.com/golang-jwt/jwt/v5", false},
		{"may import a test library", "github.com/emersion/go-smtp", false},
		{"may not import an unknown library", "github.com/stretchr/testify/require", true},
	} {
		t.Run(row.fact, func(t *testing.T) {
			internal := arch.Package{ImportPath: our("app/auth"), TestImports: []string{row.to}}
			external := arch.Package{ImportPath: our("app/auth"), XTestImports: []string{row.to}}
			for _, p := range []arch.Package{internal, external} {
				if found := arch.Imports([]arch.Package{p}); (len(found) > 0) != row.broken {
					t.Errorf("violations %v, want broken = %v", found, row.broken)
				}
			}
		})
	}
}

func TestALibraryWithAChoiceOfOwnersHasOne(t *testing.T) {
	const lib = "github.com/ccojocar/zxcvbn-go"
	one := arch.Package{ImportPath: our("adapters/pwhash"), Imports: []string{lib}}
	two := arch.Package{ImportPath: our("adapters/pwscreen"), Imports: []string{lib}}
	if found := arch.Imports([]arch.Package{one}); len(found) != 0 {
		t.Errorf("one owner: %v", found)
	}
	if found := arch.Imports([]arch.Package{one, two}); len(found) != 1 {
		t.Errorf("two owners: %v, want one violation", found)
	}
}
