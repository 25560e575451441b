package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/cmd/run"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
)

func userFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users.ndjson")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUsersImport(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		env, c := cheaply(s.Env), s.Client()
		hash := importedHashes["Werkzeug scrypt"].hash
		ada, ben, cid := testkit.NewAddress(), testkit.NewAddress(), testkit.NewAddress()
		owner := s.NewAccount()
		id := newID()
		file := userFile(t,
			fmt.Sprintf(`{"id":%q,"email":%q,"email_verified":true,"password_hash":%q,"first_name":"Ada","metadata":{"b":1,"a":"<x>"},"created_at":"2025-02-03T10:00:00Z"}`, id, ada, hash),
			"",
			fmt.Sprintf(`{"external_id":"17","email":%q,"password_hash":%q,"is_active":false,"disabled_reason":"left"}`, ben, hash),
			fmt.Sprintf(`{"external_id":"18","email":%q,"email_verified":true,"identities":[{"provider":"google","issuer":"https://accounts.google.com","subject":"s-%s"}]}`, cid, id),
		)
		bad := []string{
			`{"email":"nobody@"}`,
			fmt.Sprintf(`{"email":%q}`, strings.ToUpper(ada)),
			fmt.Sprintf(`{"email":%q}`, owner.Email),
			fmt.Sprintf(`{"email":%q,"password_hash":"not a hash"}`, testkit.NewAddress()),
			fmt.Sprintf(`{"id":%q,"email":%q}`, domain.PlatformID, testkit.NewAddress()),
			fmt.Sprintf(`{"email":%q,"created_at":"2999-01-01T00:00:00Z"}`, testkit.NewAddress()),
			fmt.Sprintf(`{"id":"17","email":%q}`, testkit.NewAddress()),
			`{"email":"x@example.com","passwort":"x"}`,
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		whole := userFile(t, append(strings.Split(strings.TrimSpace(string(content)), "\n"), bad...)...)
		mapping := filepath.Join(t.TempDir(), "mapping.ndjson")

		before := s.Record().Count("SELECT count(*) FROM users")
		dry := signet(t, env, "", "users", "import", whole, "--dry-run").want(t, 1, "line 5: ", "line 6: its address is that of an earlier one", "line 7: its address is that of the account "+owner.ID,
			"line 8: password_hash can't be read", "line 9: its id is that of something else", "line 10: created_at", "line 11: id must be a UUID", `line 12: "passwort"`)
		if !strings.Contains(dry.Out, "3 accounts to import, 0 were there already, 8 can't be taken") {
			t.Errorf("it says %s", dry.Out)
		}
		signet(t, env, "", "users", "import", whole).want(t, 1, "line 5: ", "nothing of this batch was written")
		if n := s.Record().Count("SELECT count(*) FROM users"); n != before {
			t.Fatalf("%d users were written", n-before)
		}
		said := signet(t, env, "", "users", "import", whole, "--skip-invalid", "--mapping", mapping).want(t, 0, "3 accounts imported, 0 were there already, 8 can't be taken")
		if strings.Contains(said.Out+said.Err, hash) || strings.Contains(said.Err, ada) {
			t.Error("it prints what is in the lines")
		}
		again := string(content) + strings.Join(bad, "\n")
		signet(t, env, again, "users", "import", "-", "--skip-invalid").want(t, 0, "0 accounts imported, 3 were there already, 8 can't be taken")

		in := c.Do(loggingIn(ada, importedHashes["Werkzeug scrypt"].password)).Want(http.StatusOK, "")
		if in.Text("user.id") != id || in.Text("user.created_at") != "2025-02-03T10:00:00Z" || in.JSON()["user"].(testkit.Object)["is_email_verified"] != true {
			t.Errorf("%s", in.Body)
		}
		c.Do(loggingIn(ben, importedHashes["Werkzeug scrypt"].password)).Want(http.StatusUnauthorized, "invalid_credentials")
		var mapped struct{ ID string }
		text, err := os.ReadFile(mapping)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(strings.Split(string(text), "\n")[0]), &mapped); err != nil {
			t.Fatal(err)
		}
		signet(t, env, "", "users", "show", ben).want(t, 0, mapped.ID, "left")
		if n := s.Record().Count("SELECT count(*) FROM identities WHERE subject = ?", "s-"+id); n != 1 {
			t.Errorf("%d ways in through the provider", n)
		}
		t.Run("RG-8 that a mailbox counts as proved is in the audit log", func(t *testing.T) {
			events := s.Record().Events(domain.EventUserVerified, id)
			if len(events) != 1 || events[0].ActorKind != domain.ActorSystem || events[0].Details["import"] != "import" {
				t.Errorf("%+v", events)
			}
			if events := s.Record().Events(domain.EventUserVerified, mapped.ID); len(events) > 0 {
				t.Errorf("of one that is not: %+v", events)
			}
		})
		t.Run("an erased account does not come back", func(t *testing.T) {
			signet(t, env, "", "users", "delete", id, "--yes").want(t, 0)
			signet(t, env, "", "users", "import", file, "--skip-invalid").want(t, 0, "0 accounts imported, 2 were there already, 1 can't")
		})
	})
}

// An empty Signet that imports an export has the same export.
func TestUsersExport(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s, other := testkit.Start(t, testkit.Options{Backends: b}), testkit.Start(t, testkit.Options{Backends: b})
		var lines []string
		for i := range 1203 { // some pages and batches
			lines = append(lines, fmt.Sprintf(`{"external_id":"%d","email":"person%d@example.com","email_verified":%t,"first_name":"Ünï %d","locale":"de","created_at":"2025-01-01T00:00:%02d.123456Z","is_active":%t,"metadata":{"n":%d.50,"t":"<&>"}}`,
				i, i, i%2 == 0, i, i%60, i%7 != 0, i))
		}
		account := s.NewAccount()
		signet(t, cheaply(s.Env), strings.Join(lines, "\n"), "users", "import", "-").want(t, 0, "1203 accounts imported")
		file := filepath.Join(t.TempDir(), "export.ndjson")
		signet(t, cheaply(s.Env), "", "users", "export", file, "--with-password-hashes").want(t, 0)
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		signet(t, cheaply(s.Env), "", "users", "export", file).want(t, 1, "write the file")
		signet(t, cheaply(other.Env), "", "users", "import", file).want(t, 0, "1204 accounts imported")
		again := signet(t, cheaply(other.Env), "", "users", "export", "--with-password-hashes").want(t, 0).Out
		first, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(strings.Split(string(first), "\n"), strings.Split(again, "\n")); diff != "" {
			t.Errorf("the exports differ:\n%s", diff)
		}
		other.Client().Login(account)
		if bare := signet(t, cheaply(s.Env), "", "users", "export", "-").want(t, 0).Out; strings.Contains(bare, "password_hash") || strings.Count(bare, "\n") != 1204 {
			t.Error("it has hashes without being asked for them, or not everybody")
		}
		if events := s.Record().Events(domain.EventUserExported, ""); len(events) != 2 {
			t.Errorf("%d events", len(events))
		}
	})
}

// How far an import is, is for a person at a terminal; a log of a job has no use for it.
func TestTheProgressOfAnImportIsForTerminals(t *testing.T) {
	t.Parallel()
	keyboard, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = keyboard.Close(), terminal.Close() })
	env := cheaply(map[string]string{"DATA_DIR": t.TempDir()})
	line := `{"email":"ada@example.com"}`
	code := run.Main(t.Context(), []string{"users", "import", "-"}, env, run.Stdio{In: strings.NewReader(line), Out: io.Discard, Err: terminal})
	shown := make([]byte, 4096)
	n, err := keyboard.Read(shown)
	if code != 0 || err != nil || !strings.Contains(string(shown[:n]), "\r1 accounts, ") {
		t.Errorf("exit %d, %v: %q", code, err, shown[:n])
	}
	if again := signet(t, env, line, "users", "import", "-").want(t, 0); again.Err != "" {
		t.Errorf("elsewhere it says %q", again.Err)
	}
}
