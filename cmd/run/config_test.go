package run_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/cmd/run"
)

const key = "0123456789abcdefghijklmnopqrstuvwxyzABCD"

func TestBadSettingsOfPagesSayWhatWasFoundAndWhatIsAccepted(t *testing.T) {
	_, err := run.ParseConfig(map[string]string{"AFTER_RESET_URL": "ftp://app.example.com/x", "PRODUCT_NAME": "a\tb"})
	for _, want := range []string{`"ftp://app.example.com/x"`, "https://", `"a\tb"`, "1 to 60 characters"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %s", err, want)
		}
	}
}

func TestDevelopmentSendsMoreMail(t *testing.T) {
	for name, row := range map[string]struct {
		env            map[string]string
		address, block string
	}{
		"development": {nil, "60/1h", "400/1h"},
		"production": {map[string]string{
			"SIGNET_ENV": "production", "SECRET_KEY": key, "MAIL_SERVER": "mail.example.com", "PUBLIC_URL": "https://auth.example.com",
			"MAIL_FROM": "no-reply@example.com", "MAIL_USE_TLS": "on",
		}, "3/1h", "20/1h"},
		"what is said": {map[string]string{"LIMIT_MAIL": "5/1m", "LIMIT_MAIL_BLOCK": "6/1m"}, "5/1m", "6/1m"},
	} {
		c, err := run.ParseConfig(row.env)
		if err != nil || fmt.Sprint(c.LimitMail) != row.address || fmt.Sprint(c.LimitMailBlock) != row.block {
			t.Errorf("%s: %v %v, error %v", name, c.LimitMail, c.LimitMailBlock, err)
		}
	}
}

func TestNoSettingIsDevelopmentOnSQLite(t *testing.T) {
	c, err := run.ParseConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Env != "development" || c.Host != "127.0.0.1" || c.LogFormat != "text" || c.RefreshRetry != c.AccessTTL {
		t.Errorf("%+v", c)
	}
}

func TestBadSettingsAreNamedALineEach(t *testing.T) {
	production := map[string]string{
		"DATABASE_URI": "postgresql://u:hunter2@localhost/db", "SECRET_KEY": key, "MAIL_SERVER": "mail.example.com", "PUBLIC_URL": "https://auth.example.com",
		"MAIL_FROM": "no-reply@example.com", "MAIL_USE_TLS": "on",
	}
	tests := map[string]struct {
		env  map[string]string
		want []string // the first word of each line
	}{
		"production as it should be": {nil, nil},
		"what production requires":   {map[string]string{"SECRET_KEY": "", "MAIL_SERVER": "", "PUBLIC_URL": ""}, []string{"MAIL_SERVER", "PUBLIC_URL", "SECRET_KEY"}},
		"mail that goes nowhere":     {map[string]string{"MAIL_FROM": "", "MAIL_USE_TLS": ""}, []string{"MAIL_FROM", "MAIL_USE_TLS"}},
		"mail that may be read":      {map[string]string{"MAIL_USE_TLS": "off", "MAIL_PLAINTEXT": "on"}, nil},
		"mail by two ways":           {map[string]string{"MAIL_USE_SSL": "on"}, []string{"MAIL_USE_TLS"}},
		"a mail server with a port":  {map[string]string{"MAIL_SERVER": "smtp.example.com:587"}, nil},
		"a mail server with another": {map[string]string{"MAIL_SERVER": "smtp.example.com:587", "MAIL_PORT": "25"}, []string{"MAIL_SERVER"}},
		"a name without quotes":      {map[string]string{"MAIL_FROM": "Example, Inc. <no-reply@example.com>", "MAIL_REPLY_TO": "x"}, []string{"MAIL_FROM", "MAIL_REPLY_TO"}},
		"a password for all to see":  {map[string]string{"MAIL_USE_TLS": "off", "MAIL_PLAINTEXT": "on", "MAIL_USERNAME": "mailer"}, []string{"MAIL_USERNAME"}},
		"test switches":              {map[string]string{"RATE_LIMITS": "off", "BCRYPT_COST": "4"}, []string{"BCRYPT_COST", "RATE_LIMITS=off"}},
		"types": {
			map[string]string{"PORT": "http", "JWT_ACCESS_TOKEN_EXPIRES": "soon", "LIMIT_LOGIN": "10", "MAIL_USE_TLS": "maybe", "TRUSTED_PROXIES": "10.0.0.0/99", "RATE_LIMITS": "some"},
			[]string{"JWT_ACCESS_TOKEN_EXPIRES", "LIMIT_LOGIN", "MAIL_USE_TLS", "PORT", "RATE_LIMITS", "TRUSTED_PROXIES"},
		},
		"words":                        {map[string]string{"JWT_ALG": "HS256", "REGISTRATION": "yes"}, []string{"JWT_ALG", "REGISTRATION"}},
		"a wildcard origin":            {map[string]string{"CORS_ORIGINS": "*"}, []string{"CORS_ORIGINS"}},
		"a password that ends early":   {map[string]string{"DATABASE_URI": "postgres://u:p@hunter2/w#rd@host/db"}, []string{"DATABASE_URI:"}},
		"another database":             {map[string]string{"DATABASE_URI": "mysql://root:hunter2@localhost/db"}, []string{"DATABASE_URI"}},
		"two ways to Redis":            {map[string]string{"REDIS_URL": "redis://h", "REDIS_HOST": "h"}, []string{"REDIS_URL"}},
		"a link that carries no token": {map[string]string{"LINK_VERIFY": "https://app.example.com/"}, []string{"LINK_VERIFY"}},
		"a link that runs":             {map[string]string{"LINK_VERIFY": "javascript:alert({token})"}, []string{"LINK_VERIFY"}},
		"somewhere that runs":          {map[string]string{"AFTER_VERIFY_URL": "javascript:alert(1)", "AFTER_RESET_URL": "https:///x"}, []string{"AFTER_RESET_URL", "AFTER_VERIFY_URL"}},
		"somewhere in clear text":      {map[string]string{"AFTER_VERIFY_URL": "http://app.example.com", "AFTER_RESET_URL": "/sign-in"}, []string{"AFTER_RESET_URL", "AFTER_VERIFY_URL"}},
		"somewhere on this machine":    {map[string]string{"AFTER_VERIFY_URL": "http://127.0.0.1:4000/", "AFTER_RESET_URL": "http://localhost/a"}, nil},
		"a name of two lines":          {map[string]string{"PRODUCT_NAME": "Acme\nBcc: all@example.com"}, []string{"PRODUCT_NAME"}},
		"a name that is a story":       {map[string]string{"PRODUCT_NAME": strings.Repeat("a", 61)}, []string{"PRODUCT_NAME"}},
		"a proxy that is everybody":    {map[string]string{"TRUSTED_PROXIES": "0.0.0.0/0"}, []string{"TRUSTED_PROXIES"}},
		"peers of development":         {map[string]string{"DEV_PEERS": "172.16.0.0/12"}, []string{"DEV_PEERS"}},
		"a feed slower than promised":  {map[string]string{"FEED_POLL": "10m"}, []string{"FEED_POLL"}},
		"a password beside the URL":    {map[string]string{"REDIS_URL": "redis://h", "REDIS_PASSWORD": "hunter2"}, []string{"REDIS_URL"}},
		"Sentinels":                    {map[string]string{"REDIS_SENTINELS": "a,b:26380,[::1]:26379", "REDIS_SENTINEL_MASTER": "mymaster", "REDIS_PASSWORD": "hunter2", "REDIS_TLS": "on"}, nil},
		"Sentinels of nothing":         {map[string]string{"REDIS_SENTINELS": "a"}, []string{"REDIS_SENTINEL_MASTER"}},
		"Sentinels and a URL":          {map[string]string{"REDIS_SENTINELS": "redis://:hunter2@a", "REDIS_SENTINEL_MASTER": "m", "REDIS_URL": "redis://h", "REDIS_TLS": "on"}, []string{"REDIS_SENTINELS", "REDIS_SENTINELS:", "REDIS_TLS"}},
		"a password of no Sentinel":    {map[string]string{"REDIS_SENTINEL_PASSWORD": "hunter2"}, []string{"REDIS_SENTINEL_PASSWORD"}},
		"a cookie for other sites":     {map[string]string{"COOKIE_SAMESITE": "none"}, nil},
		"one that browsers drop":       {map[string]string{"COOKIE_SAMESITE": "none", "PUBLIC_URL": "http://auth.example.com"}, []string{"COOKIE_SAMESITE=none"}},
		"a cookie for friends":         {map[string]string{"COOKIE_SAMESITE": "lax"}, []string{"COOKIE_SAMESITE"}},
		"keys that never rotate":       {map[string]string{"KEY_ROTATION": "0"}, nil},
		"keys that sign for a day":     {map[string]string{"KEY_ROTATION": "24h"}, nil},
		"keys outlived by tokens":      {map[string]string{"KEY_ROTATION": "2d", "JWT_ACCESS_TOKEN_EXPIRES": "3d"}, nil}, // they verify on
		"keys that rotate at will":     {map[string]string{"KEY_ROTATION": "monthly"}, []string{"KEY_ROTATION"}},
		"half an administrator":        {map[string]string{"BOOTSTRAP_ADMIN_EMAIL": "a@example.com"}, []string{"BOOTSTRAP_ADMIN_EMAIL"}},
		"a provider":                   {map[string]string{"GOOGLE_CLIENT_ID": "id", "GOOGLE_CLIENT_SECRET": "hunter2"}, nil},
		"types of providers": {
			map[string]string{"GOOGLE_CLIENT_ID": "id", "GOOGLE_SIGNUP": "maybe", "OIDC_A_B_CLIENT_ID": "id", "OIDC_A_B_SIGNUP": "maybe", "PORT": "http"},
			[]string{"GOOGLE_SIGNUP", "OIDC_A_B_SIGNUP", "PORT"},
		},
		"what providers lack": {
			map[string]string{"GOOGLE_CLIENT_ID": "id", "OIDC_ACME_CLIENT_ID": "id", "OIDC_ACME_EMAIL_VERIFIED": "yes"},
			[]string{"GOOGLE_CLIENT_SECRET", "OIDC_ACME_EMAIL_VERIFIED", "OIDC_ACME_ISSUER"},
		},
		"a provider without TLS in front": {
			map[string]string{"DISCORD_CLIENT_ID": "id", "DISCORD_CLIENT_SECRET": "hunter2", "PUBLIC_URL": "http://auth.example.com"},
			[]string{"PUBLIC_URL"},
		},
		"a provider of tests":             {map[string]string{"OAUTH_TEST_PROVIDER": "http://127.0.0.1:9090"}, []string{"OAUTH_TEST_PROVIDER"}},
		"a wait that outlasts the answer": {map[string]string{"OAUTH_TIMEOUT": "21s"}, []string{"OAUTH_TIMEOUT"}},
		"traces": {map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_EXPORTER_OTLP_HEADERS": "a=b%2Cc, d=e=", "OTEL_TRACES_SAMPLER_ARG": "0.05",
			"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
		}, nil},
		"traces by gRPC": {
			map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, []string{"OTEL_EXPORTER_OTLP_PROTOCOL"},
		},
		"traces that nobody can take": {
			map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT": "127.0.0.1:4318", "OTEL_TRACES_SAMPLER": "xray", "OTEL_TRACES_SAMPLER_ARG": "5%", "OTEL_RESOURCE_ATTRIBUTES": "a",
				"OTEL_EXPORTER_OTLP_HEADERS": "hunter2%zz",
			},
			[]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS", "OTEL_RESOURCE_ATTRIBUTES", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG",
			},
		},
		"logins that wait for days": {
			map[string]string{"OAUTH_CODE_TTL": "11m", "OAUTH_CONTINUATION_TTL": "25h", "OAUTH_FLOW_TTL": "61m"},
			[]string{"OAUTH_CODE_TTL", "OAUTH_CONTINUATION_TTL", "OAUTH_FLOW_TTL"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			env := maps.Clone(production)
			maps.Copy(env, test.env)
			_, err := run.ParseConfig(env)
			var got []string
			if err != nil {
				for line := range strings.Lines(err.Error()) {
					word, _, _ := strings.Cut(line, " ")
					got = append(got, word)
				}
				if strings.Contains(err.Error(), "hunter2") {
					t.Errorf("the error repeats a secret: %v", err)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s\n%v", diff, err)
			}
		})
	}
}

func TestNotEverybodyIsAPeerOfDevelopment(t *testing.T) {
	if _, err := run.ParseConfig(map[string]string{"DEV_PEERS": "172.16.0.0/12"}); err != nil {
		t.Error(err)
	}
	if _, err := run.ParseConfig(map[string]string{"DEV_PEERS": "0.0.0.0/0"}); err == nil || !strings.HasPrefix(err.Error(), "DEV_PEERS ") {
		t.Errorf("got %v", err)
	}
}

func TestSecretsComeFromFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := run.ParseConfig(map[string]string{"SECRET_KEY_FILE": path})
	if err != nil || c.SecretKey.Reveal() != key {
		t.Errorf("key %v, error %v", c, err)
	}
	if _, err := run.ParseConfig(map[string]string{"SECRET_KEY_FILE": path, "SECRET_KEY": key}); err == nil {
		t.Error("both a value and a file were accepted")
	}
	if _, err := run.ParseConfig(map[string]string{"SECRET_KEY_FILE": path + "x"}); err == nil {
		t.Error("a file that is not there was accepted")
	}
}

func TestAnUnreadableDotEnvIsAnErrorThatRepeatsNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	if _, err := run.Environ(); err != nil {
		t.Fatalf("without a .env: %v", err)
	}
	if err := os.WriteFile(".env", []byte("DATABASE_URI=x\nthis is hunter2, no setting\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := run.Environ(); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestMigrationsAreNotTakenBackByAccident(t *testing.T) {
	production := map[string]string{
		"SIGNET_ENV": "production", "DATA_DIR": t.TempDir(), "SECRET_KEY": key, "MAIL_SERVER": "mail.example.com", "PUBLIC_URL": "https://auth.example.com",
	}
	migrate := func(args ...string) (int, string) {
		var out, errs strings.Builder
		code := run.Main(t.Context(), append([]string{"migrate"}, args...), production, run.Stdio{In: strings.NewReader(""), Out: &out, Err: &errs})
		return code, errs.String()
	}
	if code, errs := migrate("up"); code != 0 {
		t.Fatal(errs)
	}
	for _, args := range [][]string{
		{"down", "--steps", "99"}, {"down", "--all", "--yes"}, {"down", "--all"}, {"down", "--steps", "0"}, {"down", "--steps=-1"}, {"up", "--steps=-3"},
	} {
		if code, errs := migrate(args...); code != 1 || errs == "" {
			t.Errorf("%v: %d %q", args, code, errs)
		}
	}
	if code, errs := migrate("down"); code != 1 || !strings.Contains(errs, "takes back ") || !strings.Contains(errs, "--yes") {
		t.Errorf("one step is not asked about: %d %s", code, errs)
	}
	if code, errs := migrate("down", "--yes"); code != 0 {
		t.Errorf("one step: %s", errs)
	}
}
