package run

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/domain"
)

// maxProductName is what fits above a page and into a mail's subject.
const maxProductName = 60

// ParseConfig reads the settings from an environment. Its error has one line for each value that can't be used, with what is
// accepted; it never repeats a secret.
func ParseConfig(environ map[string]string) (*Config, error) { return parseConfig(environ, all) }

// parseConfig is ParseConfig for a command that uses some settings: it says nothing about the others.
func parseConfig(environ map[string]string, used uses) (*Config, error) {
	values, err := resolve(environ)
	if err := used.concerning(err); err != nil {
		return nil, err
	}
	c := Config{System: RealSystem(), given: values, warnings: nearMisses(environ)}
	err = env.ParseWithOptions(&c, env.Options{Environment: values, FuncMap: secretParser})
	if err != nil {
		err = parseErrors(err, "", reflect.TypeFor[Config](), values)
	}
	if err := used.concerning(errors.Join(err, c.Providers.parse(values))); err != nil {
		return nil, err
	}
	c.keepFormerSecret(environ)
	c.fill()
	return &c, used.concerning(errors.Join(c.check()...))
}

var secretParser = map[reflect.Type]env.ParserFunc{
	reflect.TypeFor[domain.Secret](): func(v string) (any, error) { return domain.NewSecret(v), nil },
}

// keepFormerSecret makes the SECRET_KEY as releases before have read it a previous one: they took white space and quotes for a part of it.
func (c *Config) keepFormerSecret(environ map[string]string) {
	former := environ["SECRET_KEY"]
	if path := environ["SECRET_KEY_FILE"]; former == "" && path != "" {
		if content, err := os.ReadFile(path); err == nil {
			former = strings.TrimRight(string(content), "\r\n")
		}
	}
	if former != "" && !c.SecretKey.IsZero() && former != c.SecretKey.Reveal() {
		c.SecretKeyPrevious = append(c.SecretKeyPrevious, domain.NewSecret(former))
	}
}

// resolve copies the environment with aliases and files put under the names they stand for, and every value cleaned. An empty value is no
// value, and neither is one that Kubernetes invents.
func resolve(environ map[string]string) (map[string]string, error) {
	values := make(map[string]string, len(environ))
	for name, value := range environ {
		if value = clean(value); value != "" && !isServiceLink(name, value) {
			values[name] = value
		}
	}
	for old, name := range aliases {
		if v, ok := values[old]; ok && values[name] == "" {
			values[name] = v
		}
	}
	var errs []error
	for _, name := range slices.Concat(fromFiles, providerFiles(values)) {
		path, ok := values[name+"_FILE"]
		if !ok {
			continue
		}
		if values[name] != "" {
			errs = append(errs, fmt.Errorf("%s and %s_FILE are both set: give one", name, name))
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s_FILE can't be read: %w", name, err))
			continue
		}
		values[name] = clean(string(content))
	}
	return values, errors.Join(errs...)
}

// parseErrors turns the parser's error into a line a setting, named as the operator knows it, of a struct whose settings have a prefix. The
// parser's own text is not used: it repeats secrets.
func parseErrors(err error, prefix string, of reflect.Type, values map[string]string) error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return err
	}
	var lines []error
	for _, e := range all.Errors {
		var p env.ParseError
		if !errors.As(e, &p) {
			lines = append(lines, e)
			continue
		}
		lines = append(lines, showing(fmt.Errorf("%s %s", variable(p.Name, prefix, of), accepted(p)), values))
	}
	return errors.Join(lines...)
}

func variable(field, prefix string, of reflect.Type) string {
	f, ok := of.FieldByName(field)
	if !ok {
		return field
	}
	return prefix + f.Tag.Get("env")
}

func accepted(p env.ParseError) string {
	switch p.Type.Kind() {
	case reflect.Int:
		return "must be a whole number"
	}
	return p.Err.Error()
}

// fill sets what depends on other settings.
func (c *Config) fill() {
	for _, choice := range c.choices() {
		*choice.value = strings.ToLower(*choice.value)
	}
	for _, alg := range []domain.Algorithm{domain.ES256, domain.RS256, domain.EdDSA} {
		if strings.EqualFold(string(alg), string(c.Algorithm)) {
			c.Algorithm = alg
		}
	}
	if c.Env == "" {
		c.Env = production
		if c.embedded() {
			c.Env = development
		}
	}
	if c.RefreshRetry == 0 {
		c.RefreshRetry = c.AccessTTL
	}
	if c.Host == "" && c.isDevelopment() {
		c.Host = "127.0.0.1"
	}
	if c.LogFormat == "" {
		c.LogFormat = "json"
		if c.isDevelopment() {
			c.LogFormat = "text"
		}
	}
	c.fillMail()
	ease := 1
	if c.isDevelopment() {
		ease = 20 // somebody who tries things out asks for more mails in an hour than anybody else in a year
	}
	c.LimitMail = cmp.Or(c.LimitMail, quota{3 * ease, time.Hour})
	c.LimitMailBlock = cmp.Or(c.LimitMailBlock, quota{20 * ease, time.Hour})
	c.PublicURL = strings.TrimRight(c.PublicURL, "/")
	c.Issuer = cmp.Or(c.Issuer, c.PublicURL)
	c.HashWait = cmp.Or(c.HashWait, duration(2*time.Second))
}

// choice is a setting that takes one of some words, in any case.
type choice struct {
	name     string
	value    *string
	accepted []string
}

func (c *Config) choices() []choice {
	return []choice{
		{"SIGNET_ENV", &c.Env, []string{development, production}},
		{"SESSION_LIMIT_POLICY", &c.SessionPolicy, []string{"evict_oldest", "deny"}},
		{"REGISTRATION", &c.Registration, []string{"open", "invite", "off"}},
		{"REGISTRATION_MODE", &c.RegistrationMode, []string{"strict", "friendly"}},
		{"EMAIL_VERIFICATION", &c.Verification, []string{"required", "optional"}},
		{"VERIFY_GET", &c.VerifyGet, []string{"confirm", "consume"}},
		{"REFRESH_BEARER", &c.RefreshBearer, []string{"rotate", "static"}},
		{"COOKIE_SAMESITE", &c.CookieSite, []string{"strict", "none"}},
		{"PASSWORD_HASH", &c.PasswordHash, []string{"bcrypt", "argon2id"}},
		{"LOG_LEVEL", &c.LogLevel, []string{"debug", "info", "warn", "error"}},
		{"LOG_FORMAT", &c.LogFormat, []string{"json", "text"}},
	}
}

// check finds what can't be used, or can't be used together.
func (c *Config) check() []error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, showing(fmt.Errorf(format, args...), c.given))
		}
	}
	for _, choice := range c.choices() {
		bad(slices.Contains(choice.accepted, *choice.value), "%s must be one of %s", choice.name, strings.Join(choice.accepted, ", "))
	}
	bad(slices.Contains([]domain.Algorithm{domain.ES256, domain.RS256, domain.EdDSA}, c.Algorithm), "JWT_ALG must be one of ES256, RS256, EdDSA")

	lowest := 4
	if c.Env == production { // or else one mistake in SIGNET_ENV would be several
		lowest = 10
		bad(!c.SecretKey.IsZero(), "SECRET_KEY is required in production: at least 32 random bytes, such as the output of `openssl rand -base64 48`")
		bad(c.MailServer != "", "MAIL_SERVER is required in production (SIGNET_ENV=development keeps mails in the development inbox)")
		bad(c.PublicURL != "", "PUBLIC_URL is required in production: the address that clients and the links in mails use")
		bad(len(c.DevPeers) == 0, "DEV_PEERS is for development: it is refused in production")
		bad(bool(c.RateLimits), "RATE_LIMITS=off is for tests: it is refused in production")
	}
	bad(c.BcryptCost >= lowest && c.BcryptCost <= 15, "BCRYPT_COST must be from %d to 15 here", lowest)
	bad(c.PasswordMin >= 8 && c.PasswordMin <= 64, "PASSWORD_MIN_LENGTH must be from 8 to 64")
	bad(c.PasswordMax >= 64 && c.PasswordMax <= 1024, "PASSWORD_MAX_LENGTH must be from 64 to 1024")
	bad(c.Port >= 0 && c.Port <= 65535, "PORT must be from 0 to 65535")
	_, adminPort, adminErr := net.SplitHostPort(c.AdminAddr)
	bad(c.AdminAddr == "off" || adminErr == nil && adminPort != "", "ADMIN_ADDR must be host:port such as 127.0.0.1:5001, or off")
	bad(c.MailPort > 0 && c.MailPort <= 65535, "MAIL_PORT must be from 1 to 65535")
	errs = append(errs, c.checkMail()...)
	bad(c.MaxSessions >= 0, "MAX_SESSIONS_PER_USER must be 0 (no limit) or more")
	bad(c.Pool >= 2, "DATABASE_POOL must be at least 2")
	bad(c.CodeTries >= 1 && c.CodeTries <= 10, "VERIFY_CODE_TRIES must be from 1 to 10")
	bad(c.LockFailures >= 1, "LOCKOUT_FAILURES must be at least 1")
	bad(c.OutboxWorkers >= 1, "OUTBOX_WORKERS must be at least 1")
	bad(c.LimitCalls >= 1 && c.LimitAnonymous >= 1 && c.LimitForged >= 1, "LIMIT_CALLS, LIMIT_ANONYMOUS and LIMIT_FORGED must be at least 1 (a minute)")
	bad(c.HashWorkers >= 0, "HASH_WORKERS must be 0 (by the number of cores) or more")
	bad(c.Verification == "required" || c.RegistrationMode == "friendly", "EMAIL_VERIFICATION=optional needs REGISTRATION_MODE=friendly: it tells whether an address is taken")
	for name, link := range map[string]string{"LINK_VERIFY": c.LinkVerify, "LINK_RESET": c.LinkReset, "LINK_EMAIL_CHANGE": c.LinkEmail} {
		bad(link == "" || isLink(link), "%s must be an address such as https://app.example.com/page?token={token}", name)
	}
	for name, address := range map[string]string{"AFTER_VERIFY_URL": c.AfterVerify, "AFTER_RESET_URL": c.AfterReset} {
		bad(address == "" || isDestination(address), "%s must be an https:// address, or http:// of this machine, such as https://app.example.com/sign-in: it is %q", name, address)
	}
	bad(domain.CheckLine("", c.ProductName, maxProductName) == nil && c.ProductName != "",
		"PRODUCT_NAME must be a name of 1 to %d characters in one line: it is %q", maxProductName, c.ProductName)
	bad(isDatabase(c.Database), "DATABASE_URI must begin with postgres:// or postgresql://; leave it empty for SQLite in DATA_DIR")
	bad(c.MigrateURI.IsZero() || !c.embedded(), "MIGRATE_DATABASE_URI needs DATABASE_URI: it names another role of the same database")
	bad(c.RedisURL.IsZero() || c.RedisPassword.IsZero(), "REDIS_URL and REDIS_PASSWORD exclude each other: put the password into the URL")
	bad(c.AuditKeep == 0 || c.AuditKeep >= duration(24*time.Hour), "AUDIT_RETENTION must be 24h or more, or 0: for ever")
	bad(c.KeyRotation == 0 || c.KeyRotation >= duration(domain.KeyNotice), "KEY_ROTATION must be 24h or more, which the next key is published for before it signs, or 0: only when an operator says so")
	bad(c.FeedPoll <= duration(500*time.Millisecond), "FEED_POLL must be at most 500ms: a revocation is promised everywhere within a second")
	for _, block := range c.Proxies {
		bad(block.Bits() > 0, "TRUSTED_PROXIES must not hold every address: anybody could choose the address they are counted by")
	}
	for _, block := range c.DevPeers {
		bad(block.Bits() > 0, "DEV_PEERS must not hold every address: mails of the inbox let anybody into accounts")
	}
	bad(isDatabase(c.MigrateURI), "MIGRATE_DATABASE_URI must begin with postgres:// or postgresql://")
	for name, uri := range map[string]domain.Secret{"DATABASE_URI": c.Database, "MIGRATE_DATABASE_URI": c.MigrateURI} {
		if isDatabase(uri) && !uri.IsZero() {
			err := postgres.CheckAddress(uri.Reveal())
			bad(err == nil, "%s: %w", name, err)
		}
	}
	bad(c.RedisURL.IsZero() || hasScheme(c.RedisURL.Reveal(), "redis", "rediss"), "REDIS_URL must begin with redis:// or rediss://")
	bad(c.RedisURL.IsZero() || c.RedisUser == "", "REDIS_USERNAME and REDIS_URL exclude each other: put the name into the URL")
	bad(c.RedisUser == "" || !c.RedisPassword.IsZero(), "REDIS_USERNAME needs REDIS_PASSWORD")
	bad(c.RedisTimeout >= duration(time.Millisecond) && c.RedisTimeout <= duration(10*time.Second), "REDIS_TIMEOUT must be from 1ms to 10s: every login waits for it when Redis hangs")
	bad(c.RedisURL.IsZero() || c.RedisHost == "", "REDIS_URL and REDIS_HOST exclude each other: give one")
	bad(c.CookieSite != "none" || hasScheme(c.PublicURL, "https"), "COOKIE_SAMESITE=none needs a PUBLIC_URL with https: browsers drop such a cookie otherwise")
	bad(c.PublicURL == "" || isBase(c.PublicURL), "PUBLIC_URL must be an http:// or https:// address without query")
	bad((c.AdminEmail == "") == c.AdminPassword.IsZero(), "BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD belong together")
	for _, origin := range c.Origins {
		bad(isOrigin(origin), "CORS_ORIGINS must be exact origins such as https://app.example.com, http or https, without path and default port; nothing else ever matches, so * is not accepted")
	}
	for name, d := range map[string]duration{
		"JWT_ACCESS_TOKEN_EXPIRES": c.AccessTTL, "JWT_REFRESH_TOKEN_EXPIRES": c.SessionTTL, "SESSION_IDLE": c.SessionIdle,
		"REGISTRATION_TTL": c.RegistrationTTL, "VERIFY_TTL": c.VerifyTTL, "VERIFY_CODE_TTL": c.CodeTTL,
		"FEED_POLL": c.FeedPoll, "FEED_MAX_STALENESS": c.FeedStaleness, "OUTBOX_LEASE": c.OutboxLease,
		"LOCKOUT_FIRST": c.LockFirst, "LOCKOUT_LONGEST": c.LockLongest, "RECENT_AUTH": c.RecentAuth,
		"RESET_TTL": c.ResetTTL, "EMAIL_CHANGE_TTL": c.EmailChangeTTL, "CLEANUP_EVERY": c.CleanupEvery,
		"OAUTH_FLOW_TTL": c.OAuthFlowTTL, "OAUTH_CODE_TTL": c.OAuthCodeTTL, "OAUTH_CONTINUATION_TTL": c.OAuthContinueTTL,
	} {
		bad(d > 0, "%s must be more than 0", name)
	}
	bad(c.OAuthFlowTTL <= duration(time.Hour), "OAUTH_FLOW_TTL must be at most 1h, which browsers keep the attempt for")
	bad(c.OAuthCodeTTL <= duration(10*time.Minute), "OAUTH_CODE_TTL must be at most 10m (RFC 6749): an application exchanges the code at once")
	bad(c.OAuthContinueTTL <= duration(24*time.Hour), "OAUTH_CONTINUATION_TTL must be at most 24h: what a provider said goes stale")
	_, err := domain.ParseEmailDomains(c.RegistrationFrom)
	bad(err == nil, "REGISTRATION_DOMAINS: %w", err)
	_, err = domain.ParseRedirectAllowlist(c.Redirects, false)
	bad(err == nil, "REDIRECT_ALLOWLIST: %w", err)
	_, err = c.redirectDefault()
	bad(err == nil, "REDIRECT_DEFAULT: %w", err)
	errs = append(errs, c.checkProviders()...)
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

func isDatabase(uri domain.Secret) bool {
	return uri.IsZero() || hasScheme(uri.Reveal(), "postgres", "postgresql")
}

func hasScheme(text string, accepted ...string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && slices.Contains(accepted, scheme)
}

func isBase(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// isLink takes the address of a page or of an app (app://…), and nothing that runs.
func isLink(text string) bool {
	u, err := url.Parse(strings.ReplaceAll(text, "{token}", "token"))
	return err == nil && strings.Contains(text, "{token}") && u.Scheme != "" && u.Host != "" &&
		!slices.Contains([]string{"javascript", "data", "vbscript", "file"}, u.Scheme)
}

// isDestination takes where a page leads on to: the browser of a person goes there, so over http to this machine only.
func isDestination(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Hostname() != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && isLoopback(text))
}

func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || !isBase(text) || u.Path != "" || text != strings.ToLower(text) || strings.Contains(text, "*") {
		return false
	}
	return u.Port() != map[string]string{"http": "80", "https": "443"}[u.Scheme] // browsers leave it out
}
