package e2e_test

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/backend"
)

// restoreReport is what the commands print with --json.
type restoreReport struct {
	Sessions int  `json:"sessions_ended"`
	Secrets  int  `json:"secrets_voided"`
	Devices  int  `json:"devices_forgotten"`
	Messages int  `json:"mails_given_up"`
	Compared bool `json:"compared"`
	Undone   []struct {
		Type    string `json:"type"`
		Subject string `json:"subject_id"`
	} `json:"undone"`
	Tokens []struct {
		ID string `json:"id"`
	} `json:"tokens"`
	Grants []struct {
		Principal string `json:"principal_id"`
		Role      string `json:"role"`
	} `json:"platform_grants"`
	Former string `json:"former_database"`
}

func reportOf(t *testing.T, c call) (r restoreReport) {
	t.Helper()
	if err := json.Unmarshal([]byte(c.want(t, 0).Out), &r); err != nil {
		t.Fatalf("%v: %s", err, c.Out)
	}
	return r
}

func (r restoreReport) undid(kind domain.EventType, subject string) bool {
	for _, e := range r.Undone {
		if e.Type == string(kind) && e.Subject == subject {
			return true
		}
	}
	return false
}

// changeEveryFactor does all that may happen to factors, to one account.
func changeEveryFactor(t *testing.T, s *testkit.Server, account testkit.Account, app *testkit.Authenticator, in testkit.Tokens) {
	t.Helper()
	c := s.Client()
	key, in := s.EnrolKey(in, passkey)
	key.Count = 2
	c.Do(testkit.ByPasskey(key.Sign(c.AskForPasskey()))).Want(http.StatusOK, "")
	s.Move(time.Second)
	key.Count = 1
	c.Do(testkit.ByPasskey(key.Sign(c.AskForPasskey()))).Want(http.StatusUnauthorized, "invalid_credentials")
	s.Move(time.Second)
	in = renewed(c.Do(stepUp(in.Access, body{"recovery_code": app.Codes[0]})))
	c.Do(post("/api/auth/factors/"+key.ID+"/resume", in.Access, nil)).Want(http.StatusOK, "")
	c.Do(post("/api/auth/factors/recovery-codes", in.Access, nil)).Want(http.StatusCreated, "")
	in = renewed(c.Do(removingPassword(in.Access)))
	c.Do(del("/api/auth/factors/"+app.ID, in.Access)).Want(http.StatusOK, "")
	signet(t, cheaply(s.Env), "", "users", "reset-factors", account.Email, "--reason", "lost").want(t, 0)
}

// Those who logged out stay logged out, whatever the backup says: neither a session nor a secret of a mail outlives a restore.
func TestRestoreOfTheEmbeddedDatabase(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := testkit.Start(t, testkit.Options{})
	c, env := s.Client(), cheaply(s.Env)
	signet(t, env, "an administrator's passphrase", "admin", "create", "--email", "root@example.com", "--password-stdin").want(t, 0)
	signet(t, env, "", "services", "create", "Shop").want(t, 0)
	newToken := func(name string) (made struct{ ID string }) {
		if err := json.Unmarshal([]byte(signet(t, env, "", "tokens", "create", "shop", name, "--json").want(t, 0).Out), &made); err != nil {
			t.Fatal(err)
		}
		return made
	}
	newToken("nightly")
	revoked := newToken("leaked").ID
	ada, eve := s.NewAccount(), s.NewAccount()
	in, out := c.Login(ada), c.Login(ada)
	c.Do(testkit.Request{Path: "/api/password/forgot", Body: body{"email": ada.Email}}).Want(http.StatusOK, "")
	link := s.Mail(ada.Email, 2).Token()
	grace := s.NewAccount()
	app, graceIn := s.Enrol(c.Login(grace))
	device := remember(c, grace, app)
	file := filepath.Join(t.TempDir(), "signet.backup")
	made := signet(t, env, "", "backup", file).want(t, 0, file, "as of")
	if !strings.Contains(made.Err, "secret_key") {
		t.Errorf("it does not say what else to keep: %s", made.Err)
	}

	c.Do(logout(out.Access)).Want(http.StatusOK, "")
	c.Do(del("/api/auth/devices", graceIn.Access)).Want(http.StatusOK, "")
	changeEveryFactor(t, s, grace, app, graceIn)
	signet(t, env, "", "users", "disable", eve.Email).want(t, 0)
	signet(t, env, "", "tokens", "revoke", revoked).want(t, 0)
	late := s.NewAccount()
	lateIn := c.Login(late)
	signet(t, env, "", "restore", file, "--yes").want(t, 1, "another signet serves")
	c.Me(in.Access).Want(http.StatusOK, "")
	s.Stop()

	signet(t, env, "", "restore", file).want(t, 1, "--yes")
	report := reportOf(t, signet(t, env, "", "restore", file, "--yes", "--json"))
	if report.Sessions < 2 || report.Secrets < 1 || report.Devices != 1 || !report.Compared {
		t.Errorf("it ended %+v", report)
	}
	if !report.undid(domain.EventUserDisabled, eve.ID) || !report.undid(domain.EventAppTokenRevoked, revoked) {
		t.Errorf("it does not tell what was undone: %+v", report.Undone)
	}
	for _, kind := range []domain.EventType{
		domain.EventFactorAdded, domain.EventFactorSuspended, domain.EventFactorResumed, domain.EventFactorRemoved, domain.EventFactorsReset,
		domain.EventCodeUsed, domain.EventCodesCreated, domain.EventPasswordRemoved,
	} {
		if !report.undid(kind, grace.ID) {
			t.Errorf("it does not tell of %s", kind)
		}
	}
	if len(report.Tokens) == 0 || len(report.Grants) == 0 {
		t.Errorf("it does not tell what stands: %+v", report)
	}
	if _, err := os.Stat(report.Former); err != nil {
		t.Errorf("the former database: %v", err)
	}
	s.Restart()
	for name, tokens := range map[string]testkit.Tokens{"that was live": in, "that was logged out": out, "of later": lateIn} {
		c := s.Client()
		c.Me(tokens.Access).Want(http.StatusUnauthorized, "token_invalid")
		if answer := c.Refresh(tokens.Refresh); answer.Status != http.StatusUnauthorized {
			t.Errorf("a session %s may refresh: %d", name, answer.Status)
		}
	}
	c = s.Client()
	c.Do(testkit.Request{Path: "/api/password/reset", Body: body{"token": link, "new_password": "another long passphrase 8"}}).Want(http.StatusBadRequest, "invalid_token")
	c.Me(c.Login(ada).Access).Want(http.StatusOK, "")
	c.Do(on(device, grace)).Want(http.StatusUnauthorized, "mfa_required")
	if n := s.Record().Count("SELECT count(*) FROM users WHERE id = ?", late.ID); n != 0 {
		t.Error("it has somebody who came after it")
	}
	if events := s.Record().Events(domain.EventBackupRestored, ""); len(events) != 1 || events[0].ActorKind != domain.ActorSystem {
		t.Errorf("the audit log has %+v", events)
	}
}

func TestBackup(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	env, dir := cheaply(s.Env), t.TempDir()
	file := filepath.Join(dir, "b")

	t.Run("is one moment, while others write", func(t *testing.T) {
		stop, done := make(chan struct{}), make(chan struct{})
		record := s.Record()
		go func() {
			defer close(done)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
					record.Changed(domain.ChangePrincipal, "p")
				}
			}
		}()
		signet(t, env, "", "backup", file).want(t, 0)
		close(stop)
		<-done
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
			t.Errorf("it leaves %v", names)
		}
	})
	t.Run("takes no name that is taken", func(t *testing.T) {
		signet(t, env, "", "backup", file).want(t, 1, "is there already")
	})
	t.Run("is of the embedded database only", func(t *testing.T) {
		elsewhere := cheaply(env, map[string]string{"DATABASE_URI": "postgresql://signet@127.0.0.1:1/signet", "SECRET_KEY": testkit.SecretKey})
		for _, args := range [][]string{{"backup", filepath.Join(dir, "c")}, {"restore", file}} {
			signet(t, elsewhere, "", args...).want(t, 1, "docs/backup-and-restore.md")
		}
	})
}

// What can't be restored leaves the folder as it was.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	testkit.Long(t)
	s := testkit.Start(t, testkit.Options{})
	env, dir := cheaply(s.Env), t.TempDir()
	file := filepath.Join(dir, "b")
	signet(t, env, "", "backup", file).want(t, 0)
	account := s.NewAccount()
	s.Stop()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(t *testing.T, content []byte) string {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	damaged := append([]byte{}, content...)
	for i := len(damaged) / 2; i < len(damaged)/2+20_000; i++ {
		damaged[i] ^= 0x5a
	}
	for name, row := range map[string]struct {
		file  string
		env   map[string]string
		words string
	}{
		"a file that is not there":      {filepath.Join(dir, "none"), env, "can't be read"},
		"a text":                        {write(t, []byte("hello")), env, "no database of Signet"},
		"a file that is cut":            {write(t, content[:len(content)/2]), env, "no database of Signet"},
		"a damaged file":                {write(t, damaged), env, "no database of Signet"},
		"a schema from the future":      {future(t, write(t, content)), env, "of a later release"},
		"a SECRET_KEY of somebody else": {file, alien(t), "SECRET_KEY does not open"},
		"no SECRET_KEY at all":          {file, cheaply(map[string]string{"DATA_DIR": t.TempDir()}), "there is no SECRET_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			signet(t, row.env, "", "restore", row.file, "--yes").want(t, 1, row.words)
			if left, _ := filepath.Glob(filepath.Join(row.env["DATA_DIR"], "restoring-*")); len(left) > 0 {
				t.Errorf("it leaves %v", left)
			}
		})
	}
	s.Restart()
	s.Client().Login(account)
}

// future is the file with a migration of a later release.
func future(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), "INSERT INTO migrations (version_id, is_applied) VALUES (99990101000000, TRUE)"); err != nil {
		t.Fatal(err)
	}
	return path
}

// alien are the settings of another deployment.
func alien(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret_key"), []byte(testkit.SecretKey), 0o600); err != nil {
		t.Fatal(err)
	}
	return cheaply(map[string]string{"DATA_DIR": dir})
}

// A backup goes to a machine that has nothing yet, with the key that belongs to it.
func TestRestoreOnAnotherMachine(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{})
	account := s.NewAccount()
	file := filepath.Join(t.TempDir(), "b")
	signet(t, cheaply(s.Env), "", "backup", file).want(t, 0)
	key, err := os.ReadFile(filepath.Join(s.Env["DATA_DIR"], "secret_key"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret_key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	signet(t, cheaply(map[string]string{"DATA_DIR": dir}), "", "restore", file).want(t, 0, "sessions are ended", "signet keys revoke")
	other := testkit.Start(t, testkit.Options{Env: map[string]string{"DATA_DIR": dir}})
	other.Client().Login(account)
}

// The command for Postgres does the same, on whatever is there; servers hear of it.
func TestAfterRestore(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, b testkit.Backends) {
		s := testkit.Start(t, testkit.Options{Backends: b})
		c, env := s.Client(), cheaply(s.Env)
		account := s.NewAccount()
		in := c.Login(account)
		c.Me(in.Access).Want(http.StatusOK, "")
		c.Do(testkit.Request{Path: "/api/password/forgot", Body: body{"email": account.Email}}).Want(http.StatusOK, "")
		link := s.Mail(account.Email, 2).Token()
		at := time.Now().UTC().Format(time.RFC3339)
		report := reportOf(t, signet(t, env, "", "after-restore", "--backup-time", at, "--json"))
		if report.Sessions != 1 || report.Secrets != 1 || report.Compared {
			t.Errorf("it says %+v", report)
		}
		s.Eventually(5*time.Second, func() bool { return c.Me(in.Access).Status == http.StatusUnauthorized })
		c.Refresh(in.Refresh).Want(http.StatusUnauthorized, "token_invalid")
		c.Do(testkit.Request{Path: "/api/password/reset", Body: body{"token": link, "new_password": "another long passphrase 8"}}).Want(http.StatusBadRequest, "invalid_token")
		again := reportOf(t, signet(t, env, "", "after-restore", "--backup-time", at, "--json"))
		if again.Sessions+again.Secrets+again.Messages != 0 {
			t.Errorf("once more it ended %+v", again)
		}
		signet(t, env, "", "after-restore", "--backup-time", at).want(t, 0, "look into", "Signing keys")
		signet(t, env, "", "after-restore", "--backup-time", "yesterday").want(t, 1, "--backup-time must be")
		signet(t, env, "", "after-restore", "--backup-time", "2099-01-01T00:00:00Z").want(t, 1, "can't be in the future")
		signet(t, env, "", "after-restore").want(t, 2, "--backup-time")
	})
}

// A copy of a database stands for what Postgres' own tools bring back. Nothing that was logged out lives in it once the command was run, and
// with the former database at hand it says what was undone.
func TestAfterRestoreOfPostgres(t *testing.T) {
	t.Parallel()
	s := testkit.Start(t, testkit.Options{Backends: testkit.Production})
	c := s.Client()
	ada, eve := s.NewAccount(), s.NewAccount()
	in, out := c.Login(ada), c.Login(ada)
	s.Stop()
	former := s.Env["DATABASE_URI"]
	backup := backend.PostgresCopy(t, former)
	backedUp := time.Now().UTC().Format(time.RFC3339)

	s.Restart()
	c = s.Client()
	c.Do(logoutBy(out.Refresh)).Want(http.StatusOK, "")
	signet(t, cheaply(s.Env), "", "users", "disable", eve.Email).want(t, 0)
	late := c.Login(ada)
	s.Stop()

	s.Env["DATABASE_URI"] = backup
	report := reportOf(t, signet(t, cheaply(s.Env), "", "after-restore", "--backup-time", backedUp, "--former", former, "--json"))
	if report.Sessions != 2 || !report.Compared || !report.undid(domain.EventUserDisabled, eve.ID) {
		t.Errorf("it says %+v", report)
	}
	s.Restart()
	c = s.Client()
	for name, tokens := range map[string]testkit.Tokens{"logged in": in, "logged out": out, "late": late} {
		c.Me(tokens.Access).Want(http.StatusUnauthorized, "token_invalid")
		if answer := c.Refresh(tokens.Refresh); answer.Status != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, answer.Status)
		}
	}
	c.Me(c.Login(eve).Access).Want(http.StatusOK, "") // undone, as the list says
}
