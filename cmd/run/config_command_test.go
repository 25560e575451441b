package run_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signet-auth/signet/cmd/run"
)

// command runs the program without a terminal.
func command(t *testing.T, env map[string]string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr strings.Builder
	code = run.Main(t.Context(), args, env, run.Stdio{In: strings.NewReader(""), Out: &stdout, Err: &stderr})
	return code, stdout.String(), stderr.String()
}

// shown is what `signet config --json` says.
type shown struct {
	Settings []struct{ Name, Group, Value, Source string }
	Warnings []string
	Errors   []string
}

func showConfig(t *testing.T, env map[string]string, args ...string) (code int, byName map[string]string, s shown) {
	t.Helper()
	code, out, _ := command(t, env, append([]string{"config", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	byName = map[string]string{}
	for _, setting := range s.Settings {
		byName[setting.Name] = setting.Value + " | " + setting.Source
	}
	return code, byName, s
}

func TestConfigSaysWhatIsInEffectAndWhereItComesFrom(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile(".env", []byte("# a comment\nMAIL_FROM='\nAcme <a@example.com>'\nSESSION_IDLE=3d\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env, err := run.Environ()
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(env, map[string]string{
		"SECRET_KEY_FILE": path, "APP_BASE_URL": "https://auth.example.com/", "DATABASE_URI": "postgres://signet:hunter2@db/x", "SIGNET_ENV": "development",
		"SESSION_LIMIT_PER_USER": "3", "MAIL_SEVER": "mail.example.com", "OIDC_MY_ORG_CLIENT_ID": "id", "OIDC_MY_ORG_ISSUER": "https://id.example.com",
	})
	code, got, all := showConfig(t, env)
	for name, want := range map[string]string{
		"SECRET_KEY": "[set, 40 bytes] | SECRET_KEY_FILE (" + path + ", environment)", "PUBLIC_URL": "https://auth.example.com | APP_BASE_URL, its old name (environment)",
		"MAX_SESSIONS_PER_USER": "3 | SESSION_LIMIT_PER_USER, its old name (environment)", "SESSION_IDLE": "3d | .env line 4",
		"MAIL_FROM": "Acme <a@example.com> | .env line 2", "DATABASE_URI": "postgres://signet:xxxxx@db/x | environment",
		"HOST": "127.0.0.1 | derived: loopback in development, every interface in production", "LOG_FORMAT": "text | derived: text in development, json in production",
		"ISSUER": "https://auth.example.com | derived: PUBLIC_URL at the first start, and kept from then on", "MAIL_PORT": "587 | derived: 465 with MAIL_USE_SSL, else 587",
		"REFRESH_RETRY": "15m | derived: JWT_ACCESS_TOKEN_EXPIRES", "OIDC_MY_ORG_ISSUER": "https://id.example.com | environment",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	if code != 0 || len(all.Errors) > 0 || len(all.Warnings) != 1 || !strings.Contains(all.Warnings[0], "MAIL_SERVER") {
		t.Errorf("exit %d, errors %v, warnings %v", code, all.Errors, all.Warnings)
	}
	if _, there := got["JWT_ALG"]; there {
		t.Error("defaults are shown without --all")
	}
	if _, got, _ := showConfig(t, env, "--all"); got["JWT_ALG"] != "ES256 | default" || got["OAUTH_CODE_TTL"] != "1m | default" {
		t.Errorf("defaults: %q, %q", got["JWT_ALG"], got["OAUTH_CODE_TTL"])
	}
}

func TestConfigShowsWhatCanNotBeUsed(t *testing.T) {
	t.Parallel()
	env := map[string]string{"PORT": "http", "LOG_LEVEL": "loud", "DATABASE_URI": "mysql://root:hunter2@db/x"}
	code, got, all := showConfig(t, env)
	if code != 1 || len(all.Errors) != 1 || got["PORT"] != "http | environment" {
		t.Errorf("exit %d, %v, PORT %q", code, all.Errors, got["PORT"])
	}
	env["PORT"] = "5000"
	code, out, errs := command(t, env, "config")
	if code != 1 || !strings.Contains(errs, "signet: LOG_LEVEL must be one of") || !strings.Contains(errs, "signet: DATABASE_URI must begin") || !strings.Contains(out, "LOG_LEVEL") {
		t.Errorf("exit %d\n%s\n%s", code, out, errs)
	}
}

// CWE-532: what is printed ends in tickets and chats.
func TestConfigRepeatsNoSecret(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, env := range []map[string]string{
		{"DATABASE_URI": "postgres://u:hunter2@h/db"},
		{"DATABASE_URI": "postgres://u:p@hunter2/w#rd@host/db"},
		{"DATABASE_URI": "postgres://h/db?user=u&password=hunter2"},
		{"DATABASE_URI": "mysql://root:hunter2@localhost/db"},
		{"DATABASE_URI": "postgres://u:hunter2/x@h/db"},
		{"DATABASE_URI": "hunter2"},
		{"REDIS_URL": "redis://:hunter2@h"},
		{"REDIS_URL": "redis://u:1#hunter2@h"},
		{"REDIS_URL": "redis://u:1?hunter2@h"},
		{"REDIS_URL": "redis://hunter2%@h"},
		{"MIGRATE_DATABASE_URI": "postgres://u:hunter2@h/db"},
		{"SECRET_KEY": "hunter2"},
		{"SECRET_KEY_PREVIOUS": "hunter2,hunter2"},
		{"FIREBASE_SIGNER_KEYS": "hunter2"},
		{"MAIL_PASSWORD": "hunter2"},
		{"REDIS_PASSWORD": "hunter2"},
		{"BOOTSTRAP_ADMIN_PASSWORD": "hunter2"},
		{"GOOGLE_CLIENT_SECRET": "hunter2"},
		{"APPLE_PRIVATE_KEY": "hunter2"},
		{"OIDC_A_CLIENT_ID": "x", "OIDC_A_CLIENT_SECRET": "hunter2"},
		{"PUBLIC_URL": "https://u:hunter2@auth.example.com"},
		{"LINK_RESET": "https://u:hunter2@h/{token}"},
	} {
		for _, args := range [][]string{{"config"}, {"config", "--json", "--all"}, {"config", "explain", "DATABASE_URI"}, {"config", "explain", "OIDC_A_CLIENT_SECRET"}, {"config", "explain", "REDIS_URL"}} {
			if _, out, errs := command(t, env, args...); strings.Contains(out+errs, secret) {
				t.Errorf("%v with %v:\n%s%s", args, env, out, errs)
			}
		}
	}
}

func TestConfigExplains(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		ask  string
		code int
		want []string
	}{
		"a setting":                {"OUTBOX_LEASE", 0, []string{"OUTBOX_LEASE", "one dispatcher", "15m, 24h or 30d", "more than 0", "30s", "2m (environment)"}},
		"one in small letters":     {"jwt_alg", 0, []string{"one of ES256, RS256, EdDSA", "ES256 (default)"}},
		"a secret":                 {"SECRET_KEY", 0, []string{"SECRET_KEY_FILE", "[set, 40 bytes]"}},
		"the file of one":          {"SECRET_KEY_FILE", 0, []string{"32 random bytes"}},
		"an old name":              {"APP_BASE_URL", 0, []string{"PUBLIC_URL", "Old name"}},
		"one of a provider":        {"GOOGLE_HD", 0, []string{"Workspaces"}},
		"one of any provider":      {"OIDC_MY_ORG_TOKEN_AUTH", 0, []string{"OIDC_MY_ORG_TOKEN_AUTH", "one of auto, post, basic", "(default)"}},
		"one that is mistyped":     {"MAIL_SEVER", 1, []string{"is no setting", "MAIL_SERVER"}},
		"a part of one":            {"ROTATION", 1, []string{"KEY_ROTATION"}},
		"nothing that looks so":    {"ZZZZZZZZ", 1, []string{"config --all"}},
		"one with another's error": {"PORT", 0, []string{"5000 (default)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, out, errs := command(t, map[string]string{"OUTBOX_LEASE": "120", "SECRET_KEY": key, "LOG_LEVEL": "loud"}, "config", "explain", row.ask)
			for _, want := range row.want {
				if !strings.Contains(out+errs, want) {
					t.Errorf("it does not say %q", want)
				}
			}
			if code != row.code || t.Failed() {
				t.Errorf("exit %d\n%s%s", code, out, errs)
			}
		})
	}
}

func TestVersionTellsTheBuild(t *testing.T) {
	t.Parallel()
	var build struct{ Version, Go, Platform string }
	code, out, _ := command(t, nil, "version", "--json")
	if err := json.Unmarshal([]byte(out), &build); err != nil || code != 0 || build.Version != run.Version() || !strings.HasPrefix(build.Go, "go1.") || build.Platform == "" {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
}
