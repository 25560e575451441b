package e2e_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/backend"
)

// flaskDatabase is a small installation of the Flask service, changed by further statements.
func flaskDatabase(t *testing.T, change ...string) string {
	t.Helper()
	uri := backend.Postgres(t)
	record := testkit.RecordAt(t, uri)
	for _, name := range []string{"schema.sql", "data.sql"} {
		text, err := os.ReadFile(filepath.Join("testdata", "flask", name))
		if err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq(strings.TrimSpace(string(text)), ";\n") {
			record.Exec(statement)
		}
	}
	for _, statement := range change {
		record.Exec(statement)
	}
	return uri
}

func TestImportFlask(t *testing.T) {
	t.Parallel()
	dsn := flaskDatabase(t, "UPDATE users SET password_hash = '"+importedHashes["Werkzeug scrypt"].hash+"' WHERE password_hash LIKE '$2a$%'",
		"ALTER TABLE users ADD COLUMN phone text")
	s := testkit.Start(t, testkit.Options{})
	env, c := cheaply(s.Env), s.Client()
	const (
		ann     = "6f0c2d1a-6b1e-4c39-9b7a-2f6f0a1c0001"
		cid     = "6f0c2d1a-6b1e-4c39-9b7a-2f6f0a1c0003"
		billing = "8b0c2d1a-6b1e-4c39-9b7a-2f6f0a1c0002"
		clerk   = "ad0c2d1a-6b1e-4c39-9b7a-2f6f0a1c0001"
		token   = "cf0c2d1a-6b1e-4c39-9b7a-2f6f0a1c0001"
	)
	tables := func() (rows map[string]int) {
		rows = map[string]int{}
		for _, table := range []string{"users", "identities", "services", "permissions", "roles", "role_permissions", "assignments", "app_tokens", "audit_events"} {
			rows[table] = s.Record().Count("SELECT count(*) FROM " + table)
		}
		return rows
	}
	before := tables()
	dry := signet(t, env, "", "import", "flask", "--dsn", dsn, "--dry-run").want(t, 0, "users: 3 to take", "services: 2 to take", "permissions: 2 to take",
		"roles: 1 to take", "role holders: 1 to take", "application tokens: 1 to take")
	for _, word := range []string{
		"column users.phone", "users.id 6f0c2d1a-6b1e-4c39-9b7a-2f6f0a1c0004: ", "address is that of an earlier one", `permission "Manage Invoices"`, "--map-permission",
		`role "admin" of auth_service`, "user_service_roles.id be0c2d1a-6b1e-4c39-9b7a-2f6f0a1c0002: its role is another service's",
	} {
		if !strings.Contains(dry.Err, word) {
			t.Errorf("it does not say %q:\n%s", word, dry.Err)
		}
	}
	if diff := cmp.Diff(before, tables()); diff != "" {
		t.Fatalf("a dry run changed rows:\n%s", diff)
	}

	args := []string{"import", "flask", "--dsn", strings.Replace(dsn, "postgresql://", "postgresql+psycopg2://", 1), "--map-permission", "Manage Invoices=invoice:manage", "--map", "admin=admin"}
	done := signet(t, env, "", args...).want(t, 0)
	var handed struct{ Service, Name, ID, Token string }
	if err := json.NewDecoder(bytes.NewReader([]byte(done.Out))).Decode(&handed); err != nil {
		t.Fatalf("%v: %s", err, done.Out)
	}
	if handed.ID != token || handed.Service != "billing-api" || handed.Name != "nightly job" || !strings.HasPrefix(handed.Token, "sgat_") {
		t.Errorf("handed out %+v", handed)
	}
	after := tables()
	again := signet(t, env, "", args...).want(t, 0)
	if again.Out != "" || !strings.Contains(again.Err, "users: 0 taken, 3 were there already") {
		t.Errorf("once more it says %s%s", again.Out, again.Err)
	}
	if diff := cmp.Diff(after, tables()); diff != "" {
		t.Errorf("once more it changed rows:\n%s", diff)
	}

	in := c.Do(login(body{"email": "ann@example.com", "password": importedHashes["Werkzeug scrypt"].password, "service": "billing-api"})).Want(http.StatusOK, "")
	if _, claims := testkit.ReadToken(t, in.Text("access_token")); claims["sub"] != ann || cmp.Diff(claims["permissions"], []any{"invoice:manage", "invoice:read"}) != "" {
		t.Errorf("her token says %v", claims)
	}
	c.Do(loggingIn("ben@example.com", importedHashes["Werkzeug scrypt"].password)).Want(http.StatusForbidden, "email_not_verified")
	c.Do(testkit.Request{Path: "/api/tokens/validate", Bearer: handed.Token}).Want(http.StatusOK, "")
	record := s.Record()
	if n := record.Count("SELECT count(*) FROM identities WHERE user_id = ? AND issuer = 'https://accounts.google.com' AND subject = '108000000000000000001'", cid); n != 1 {
		t.Error("cid can't log in with Google")
	}
	if key := record.Text("SELECT key FROM services WHERE id = ?", billing); key != "billing-api" {
		t.Errorf("the key is %s", key)
	}
	if n := record.Count("SELECT count(*) FROM roles WHERE id = ? AND service_id = ?", clerk, billing); n != 1 {
		t.Error("the role has another id")
	}
	signet(t, env, "", "services", "show", "old-reports").want(t, 0, "inactive")
	if events := record.Events(domain.EventUserVerified, ann); len(events) != 1 || events[0].Details["import"] != "flask" {
		t.Errorf("%+v", events)
	}
}

// Integer ids become UUIDs, the same each time, and a file says which.
func TestImportFlaskWithIntegerIDs(t *testing.T) {
	t.Parallel()
	uri := backend.Postgres(t)
	record := testkit.RecordAt(t, uri)
	for _, statement := range []string{
		"CREATE TABLE users (id serial PRIMARY KEY, email text, password text, is_active integer)",
		"INSERT INTO users (email, password, is_active) VALUES ('ann@example.com', '" + importedHashes["Werkzeug scrypt"].hash + "', 1), ('bob@example.com', NULL, 0)",
		"CREATE TABLE services (id serial PRIMARY KEY, name text)",
		"INSERT INTO services (name) VALUES ('Shop')",
		"CREATE TABLE roles (id serial PRIMARY KEY, name text, service_id integer)",
		"INSERT INTO roles (name, service_id) VALUES ('user', 1), ('Admin', 1), ('packer', 1)",
		"CREATE TABLE user_service_roles (id serial PRIMARY KEY, user_id integer, service_id integer, role_id integer)",
		"INSERT INTO user_service_roles (user_id, service_id, role_id) VALUES (1, 1, 1), (1, 1, 2), (2, 1, 3)",
	} {
		record.Exec(statement)
	}
	s := testkit.Start(t, testkit.Options{})
	env, file := cheaply(s.Env), filepath.Join(t.TempDir(), "mapping")
	args := []string{"import", "flask", "--dsn", uri, "--mapping", file}
	said := signet(t, env, "", append(args, "--dry-run")...).want(t, 0, "users: 2 to take", "roles: 2 to take", "role holders: 2 to take")
	if !strings.Contains(said.Err, "--map \"shop/Admin=admin\"") {
		t.Errorf("it says %s", said.Err)
	}
	signet(t, env, "", args...).want(t, 0)
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	signet(t, env, "", append(args, "--map", "shop/Admin=admin")...).want(t, 0)
	second, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(first), "\n"), strings.Split(string(second), "\n")); diff != "" || strings.Count(string(first), "\n") != 4 {
		t.Errorf("the mapping is not the same: %s", diff)
	}
	held := s.Record().Count("SELECT count(*) FROM assignments a JOIN roles r ON r.id = a.role_id JOIN services s ON s.id = r.service_id WHERE r.name = 'admin' AND s.key = 'shop'")
	if held != 1 {
		t.Errorf("%d administrators of the shop", held)
	}
	for name, dsn := range map[string]string{
		"another database":    "mysql://root@localhost/flask",
		"none of the sort":    backend.Postgres(t),
		"a server that isn't": "postgresql://nobody@127.0.0.1:1/flask",
	} {
		t.Run(name, func(t *testing.T) { signet(t, env, "", "import", "flask", "--dsn", dsn).want(t, 1) })
	}
}
