package run_test

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/signet-auth/signet/cmd/run"
)

// What people have met: the inputs are theirs.
func TestValuesAreTakenWithoutWhatSurroundsThem(t *testing.T) {
	base := map[string]string{"SIGNET_ENV": "development"}
	parse := func(env map[string]string) *run.Config {
		t.Helper()
		all := maps.Clone(base)
		maps.Copy(all, env)
		c, err := run.ParseConfig(all)
		if err != nil {
			t.Fatalf("%v: %v", env, err)
		}
		return c
	}
	for name, row := range map[string]struct{ env, as map[string]string }{
		"the end of a line, behind a secret":  {map[string]string{"REDIS_URL": "redis://127.0.0.1:6379/0\n"}, map[string]string{"REDIS_URL": "redis://127.0.0.1:6379/0"}},
		"the end of a line of Windows":        {map[string]string{"RATE_LIMITS": "on\r"}, map[string]string{"RATE_LIMITS": "on"}},
		"a blank":                             {map[string]string{"PUBLIC_URL": "https://auth.example.com \n"}, map[string]string{"PUBLIC_URL": "https://auth.example.com"}},
		"quotes that docker run leaves":       {map[string]string{"SIGNET_ENV": `"development"`, "LOG_REQUESTS": `'off'`}, map[string]string{"SIGNET_ENV": "development", "LOG_REQUESTS": "off"}},
		"a byte order mark":                   {map[string]string{"PORT": "\ufeff5000"}, map[string]string{"PORT": "5000"}},
		"another case":                        {map[string]string{"LOG_LEVEL": "INFO", "JWT_ALG": "es256"}, map[string]string{"LOG_LEVEL": "info", "JWT_ALG": "ES256"}},
		"variables of Kubernetes":             {map[string]string{"REDIS_PORT": "tcp://10.43.1.2:6379", "MAIL_PORT": "tcp://10.43.1.9:25", "PORT": "tcp://10.43.1.3:80", "REDIS_PORT_6379_TCP": "tcp://10.43.1.2:6379"}, nil},
		"a password that is inside its quote": {map[string]string{"MAIL_PASSWORD": "birch lake\r\n"}, map[string]string{"MAIL_PASSWORD": "birch lake"}},
		"a quote inside":                      {map[string]string{"MAIL_PASSWORD": `"birch"lake"`}, map[string]string{"MAIL_PASSWORD": `birch"lake`}},
	} {
		got, want := parse(row.env), parse(row.as)
		if a, b := plain(got), plain(want); a != b {
			t.Errorf("%s:\n%s\n%s", name, a, b)
		}
	}
	for _, row := range []struct {
		env  map[string]string
		host string
		port int
	}{
		{map[string]string{"MAIL_SERVER": "smtp.example.com:2525"}, "smtp.example.com", 2525},
		{map[string]string{"MAIL_SERVER": "[::1]:25"}, "::1", 25},
		{map[string]string{"MAIL_SERVER": "smtp.example.com", "MAIL_USE_SSL": "on"}, "smtp.example.com", 465},
		{map[string]string{"MAIL_SERVER": "smtp.example.com", "MAIL_USE_TLS": "on"}, "smtp.example.com", 587},
	} {
		if c := parse(row.env); c.MailServer != row.host || c.MailPort != row.port {
			t.Errorf("%v is %s, port %d", row.env, c.MailServer, c.MailPort)
		}
	}
	if c := parse(map[string]string{"TRUSTED_PROXIES": "::ffff:10.0.0.0/104"}); c.Proxies[0].String() != "10.0.0.0/8" {
		t.Errorf("a mapped block is %v", c.Proxies)
	}
}

// plain is what a test can compare: every setting, secrets revealed.
func plain(c *run.Config) string {
	var all strings.Builder
	v := reflect.ValueOf(c).Elem()
	for _, field := range reflect.VisibleFields(v.Type()) {
		if !field.IsExported() || field.Name == "System" {
			continue
		}
		value := v.FieldByIndex(field.Index)
		if s, ok := reflect.TypeAssert[interface{ Reveal() string }](value); ok {
			all.WriteString(field.Name + "=" + s.Reveal() + "\n")
			continue
		}
		if value.Kind() == reflect.Pointer && !value.IsNil() {
			value = value.Elem()
		}
		fmt.Fprintf(&all, "%s=%v\n", field.Name, value.Interface())
	}
	return all.String()
}

// A SECRET_KEY with the end of a line was another key. What it sealed must open.
func TestTheSecretKeyAsItWasReadBeforeIsAPreviousOne(t *testing.T) {
	const inner = "vJ2m8Qx4Lc7Rt0Wy5Bn9Zk3Hf6Dp1Sg-Ua"
	path := t.TempDir() + "/key"
	if err := os.WriteFile(path, []byte(" "+inner+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, env := range []map[string]string{{"SECRET_KEY": inner + "\n"}, {"SECRET_KEY": `"` + inner + `"`}, {"SECRET_KEY_FILE": path}, {"SECRET_KEY": inner}} {
		c, err := run.ParseConfig(env)
		if err != nil {
			t.Fatal(err)
		}
		former := env["SECRET_KEY"]
		if env["SECRET_KEY_FILE"] != "" {
			former = " " + inner // that is how files were read
		}
		want := []string{former}
		if former == inner {
			want = nil
		}
		var got []string
		for _, s := range c.SecretKeyPrevious {
			got = append(got, s.Reveal())
		}
		if c.SecretKey.Reveal() != inner || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: key %q, previous %q", env, c.SecretKey.Reveal(), got)
		}
	}
}

func TestARefusalShowsWhatWasFound(t *testing.T) {
	for _, row := range []struct {
		env   map[string]string
		lines int
		says  []string
		never string
	}{
		{map[string]string{"SIGNET_ENV": "prod"}, 1, []string{"SIGNET_ENV must be one of development, production", `"prod"`}, ""},
		{map[string]string{"REDIS_PORT": "6379x"}, 1, []string{"REDIS_PORT", `"6379x"`}, ""},
		{map[string]string{"LIMIT_LOGIN": "10 per hour"}, 1, []string{"10/15m", `"10 per hour"`}, ""},
		{map[string]string{"CORS_ORIGINS": "https://*.example.com"}, 1, []string{"exact origins", `"https://*.example.com"`}, ""},
		{map[string]string{"CORS_ORIGINS": "https://app.example.com:443"}, 1, []string{"default port"}, ""},
		{map[string]string{"CORS_ORIGINS": "https://app.example.com,capacitor://localhost"}, 1, []string{"http or https"}, ""},
		{map[string]string{"DATABASE_URI": "mysql://u:hunter2@db/x", "SIGNET_ENV": "development", "SECRET_KEY": key}, 1, []string{"DATABASE_URI"}, "hunter2"},
		{map[string]string{"PUBLIC_URL": "https://u:hunter2@auth.example.com"}, 1, []string{"PUBLIC_URL"}, "hunter2"},
		{map[string]string{"FIREBASE_SIGNER_KEYS": "hunter2"}, 1, []string{"FIREBASE_SIGNER_KEYS"}, "hunter2"},
	} {
		_, err := run.ParseConfig(row.env)
		if err == nil {
			t.Errorf("%v is taken", row.env)
			continue
		}
		text := err.Error()
		for _, word := range row.says {
			if !strings.Contains(text, word) {
				t.Errorf("%v: it does not say %s: %s", row.env, word, text)
			}
		}
		if n := strings.Count(text, "\n") + 1; n != row.lines || row.never != "" && strings.Contains(text, row.never) {
			t.Errorf("%v: %d lines: %s", row.env, n, text)
		}
	}
}

func TestANameThatIsAlmostASettingIsSaid(t *testing.T) {
	got := run.NearMisses(map[string]string{
		"MAIL_SEVER": "x", "MAIL_SERVER": "x", "PUBLIC_ULR": "x", "SECRET_KEYS": "x", "SECRET_KEY_FILE": "x", "PATH": "x", "HOSTNAME": "x", "POST": "x", "REDIS_SERVICE_HOST": "x",
	})
	want := []string{
		"MAIL_SEVER is no setting: did you mean MAIL_SERVER?", "PUBLIC_ULR is no setting: did you mean PUBLIC_URL?", "SECRET_KEYS is no setting: did you mean SECRET_KEY?",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

func TestDotEnvChangesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	content := "\ufeff# a comment\r\nMAIL_PASSWORD=birch$LAKE7moss\r\nexport A = 'one # two' # three\r\nB=x#y # z\nC=\nD=\"two\nlines\"\nE=C:\\temp\\n\nF=\"a\\\"\n"
	if err := os.WriteFile(".env", []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	environ, err := run.Environ()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"MAIL_PASSWORD": "birch$LAKE7moss", "A": "one # two", "B": "x#y", "C": "", "D": "two\nlines", "E": `C:\temp\n`, "F": `a\`,
	} {
		if got, ok := environ[name]; !ok || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func FuzzDotEnv(f *testing.F) {
	f.Add("A=b\n")
	f.Add("A=\"b\n")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := run.ParseDotEnv(text)
		for name, value := range values {
			if err != nil || name == "" || !strings.Contains(strings.ReplaceAll(text, "\r\n", "\n"), value) {
				t.Errorf("%q: %q is %q, %v", text, name, value, err)
			}
		}
	})
}
