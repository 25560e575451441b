package run_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/cmd/run"
	"github.com/signet-auth/signet/test/idp/idp"
)

// logged starts a server and returns what it says in its log until a text comes.
func logged(t *testing.T, env map[string]string, until string) string {
	t.Helper()
	all := map[string]string{"DATA_DIR": t.TempDir(), "PORT": "0", "ADMIN_ADDR": "off", "BCRYPT_COST": "4"}
	maps.Copy(all, env)
	c, err := run.ParseConfig(all)
	if err != nil {
		t.Fatal(err)
	}
	var log syncLog
	server, err := run.Start(t.Context(), c, run.Stdio{In: strings.NewReader(""), Out: &log, Err: &log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for ctx.Err() == nil && !strings.Contains(log.String(), until) {
		time.Sleep(time.Millisecond) // the background has no other way to say that it was there
	}
	if err := server.Stop(ctx); err != nil {
		t.Error(err)
	}
	return log.String()
}

// syncLog is written to by many.
type syncLog struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *syncLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *syncLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestTheStartSaysWhatToRegister(t *testing.T) {
	s := idp.Start(t, idp.Options{})
	s.Issuer("slow").Misbehave("discovery_slow") // and waits for nobody
	s.Issuer("my-company").Misbehave("discovery_of_another")
	env := s.Env()
	env["PUBLIC_URL"] = "http://localhost:5000/auth"
	log := logged(t, env, "error_code=issuer remedy=")
	for _, name := range []string{"google", "microsoft", "apple", "discord", "github", "gitlab", "facebook", "my-company", "slow"} {
		if !strings.Contains(log, "callback=http://localhost:5000/auth/api/oauth/"+name+"/callback") {
			t.Errorf("nothing of %s", name)
		}
	}
	for _, issuer := range []string{"https://accounts.google.com", "https://login.microsoftonline.com/common/v2.0", s.Issuer("my-company").Issuer, s.GitLab.URL} {
		if !strings.Contains(log, "issuer="+issuer) {
			t.Errorf("nothing of %s", issuer)
		}
	}
	if !strings.Contains(log, "error_code=issuer remedy=") {
		t.Error("nothing of the issuer whose document is another's")
	}
	if t.Failed() {
		t.Log(log)
	}
}

func TestSlipsAreSaidAndOthersVariablesAreNot(t *testing.T) {
	log := logged(t, map[string]string{
		"GOOGLE_CLIENTID": "id", "MICROSOFT_TENANT_ID": "x", "OIDC_ACME_CLIENTID": "id", "OIDC_CLIENT_ID": "id", "GITHUB_CLIENT_SECRET": "s",
		"OIDC_ACME_ISSUER": "https://id.example.com",
		// By Kubernetes, by continuous integration, by Google's own tools.
		"OIDC_ACME_SERVICE_HOST": "10.0.0.1", "OIDC_ACME_PORT": "tcp://10.0.0.1:80", "GITHUB_TOKEN": "t", "GOOGLE_APPLICATION_CREDENTIALS": "/x",
	}, "")
	var got []string
	for line := range strings.Lines(log) {
		if _, warning, ok := strings.Cut(line, "warning="); ok {
			name, _, _ := strings.Cut(strings.Trim(warning, `"`), " ")
			got = append(got, name)
		}
	}
	want := []string{"GITHUB_CLIENT_SECRET", "GOOGLE_CLIENTID", "MICROSOFT_TENANT_ID", "OIDC_ACME_CLIENTID", "OIDC_ACME_ISSUER", "OIDC_CLIENT_ID"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s\n%s", diff, log)
	}
}

func TestSecretsOfProvidersComeFromFiles(t *testing.T) {
	s := idp.Start(t, idp.Options{})
	folder, env := t.TempDir(), s.Env("apple", "google")
	s.Issuer("acme")
	maps.Copy(env, s.Env("acme"))
	for _, name := range []string{"GOOGLE_CLIENT_SECRET", "APPLE_PRIVATE_KEY", "OIDC_ACME_CLIENT_SECRET"} {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(env[name]+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		env[name+"_FILE"] = path
		if _, err := run.ParseConfig(env); err == nil || !strings.Contains(err.Error(), name+"_FILE") {
			t.Errorf("both a value and a file of %s: %v", name, err)
		}
		delete(env, name)
	}
	if _, err := run.ParseConfig(env); err != nil {
		t.Error(err)
	}
}
