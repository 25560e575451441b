package run

import (
	"net/http"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/sys"
)

// The environments.
const (
	development = "development"
	production  = "production"
)

// Config is every setting, by the name of its environment variable. The defaults are the ones of .env.example; a test keeps
// the two equal.
type Config struct {
	Env               string        `env:"SIGNET_ENV"` // development with SQLite, production with Postgres unless said
	SecretKey         domain.Secret `env:"SECRET_KEY"`
	SecretKeyPrevious secrets       `env:"SECRET_KEY_PREVIOUS"`
	SecretKeyForce    onOff         `env:"SECRET_KEY_FORCE" envDefault:"off"`

	Host      string   `env:"HOST"` // empty: loopback in development, every interface in production
	Port      int      `env:"PORT" envDefault:"5000"`
	AdminAddr string   `env:"ADMIN_ADDR" envDefault:"127.0.0.1:5001"`
	PublicURL string   `env:"PUBLIC_URL"`
	Proxies   prefixes `env:"TRUSTED_PROXIES"`
	DevPeers  prefixes `env:"DEV_PEERS"`
	Origins   list     `env:"CORS_ORIGINS"`
	StopDelay duration `env:"SHUTDOWN_DELAY" envDefault:"0s"`
	StopWait  duration `env:"SHUTDOWN_TIMEOUT" envDefault:"15s"`

	DataDir    string        `env:"DATA_DIR" envDefault:"./data"`
	Database   domain.Secret `env:"DATABASE_URI"` // holds a password
	MigrateURI domain.Secret `env:"MIGRATE_DATABASE_URI"`
	Pool       int           `env:"DATABASE_POOL" envDefault:"16"`

	RedisURL      domain.Secret `env:"REDIS_URL"`
	RedisHost     string        `env:"REDIS_HOST"`
	RedisPort     int           `env:"REDIS_PORT" envDefault:"6379"`
	RedisDB       int           `env:"REDIS_DB" envDefault:"0"`
	RedisUser     string        `env:"REDIS_USERNAME"`
	RedisPassword domain.Secret `env:"REDIS_PASSWORD"`
	RedisTimeout  duration      `env:"REDIS_TIMEOUT" envDefault:"100ms"`

	MailServer    string        `env:"MAIL_SERVER"`
	MailPort      int           `env:"MAIL_PORT"` // unset: 465 with MAIL_USE_SSL, else 587
	MailStartTLS  onOff         `env:"MAIL_USE_TLS" envDefault:"off"`
	MailTLS       onOff         `env:"MAIL_USE_SSL" envDefault:"off"`
	MailPlain     onOff         `env:"MAIL_PLAINTEXT" envDefault:"off"`
	MailUser      string        `env:"MAIL_USERNAME"`
	MailPassword  domain.Secret `env:"MAIL_PASSWORD"`
	MailFrom      string        `env:"MAIL_FROM" envDefault:"Signet <no-reply@localhost.localdomain>"`
	MailReplyTo   string        `env:"MAIL_REPLY_TO"`
	MailTemplates string        `env:"MAIL_TEMPLATES"`
	LinkVerify    string        `env:"LINK_VERIFY"`
	LinkReset     string        `env:"LINK_RESET"`
	LinkEmail     string        `env:"LINK_EMAIL_CHANGE"`

	ProductName string `env:"PRODUCT_NAME" envDefault:"Signet"`
	ProductLogo string `env:"PRODUCT_LOGO"` // a file
	AfterVerify string `env:"AFTER_VERIFY_URL"`
	AfterReset  string `env:"AFTER_RESET_URL"`

	Issuer      string           `env:"ISSUER"`
	IssuerForce onOff            `env:"ISSUER_FORCE" envDefault:"off"`
	Algorithm   domain.Algorithm `env:"JWT_ALG" envDefault:"ES256"`
	AccessTTL   duration         `env:"JWT_ACCESS_TOKEN_EXPIRES" envDefault:"15m"`
	KeyRotation duration         `env:"KEY_ROTATION" envDefault:"30d"` // 0: never by itself

	SessionTTL    duration `env:"JWT_REFRESH_TOKEN_EXPIRES" envDefault:"30d"`
	SessionIdle   duration `env:"SESSION_IDLE" envDefault:"14d"`
	MaxSessions   int      `env:"MAX_SESSIONS_PER_USER" envDefault:"10"`
	SessionPolicy string   `env:"SESSION_LIMIT_POLICY" envDefault:"evict_oldest"`
	RefreshGrace  duration `env:"REFRESH_GRACE" envDefault:"10s"`
	RefreshRetry  duration `env:"REFRESH_RETRY"` // unset: one access token's life
	RefreshBearer string   `env:"REFRESH_BEARER" envDefault:"rotate"`
	CookieSite    string   `env:"COOKIE_SAMESITE" envDefault:"strict"`
	RecentAuth    duration `env:"RECENT_AUTH" envDefault:"10m"`

	Registration     string   `env:"REGISTRATION" envDefault:"open"`
	RegistrationMode string   `env:"REGISTRATION_MODE" envDefault:"strict"`
	RegistrationTTL  duration `env:"REGISTRATION_TTL" envDefault:"7d"`
	RegistrationFrom list     `env:"REGISTRATION_DOMAINS"`
	Verification     string   `env:"EMAIL_VERIFICATION" envDefault:"required"`
	VerifyGet        string   `env:"VERIFY_GET" envDefault:"confirm"`
	VerifyTTL        duration `env:"VERIFY_TTL" envDefault:"24h"`
	CodeTTL          duration `env:"VERIFY_CODE_TTL" envDefault:"10m"`
	CodeTries        int      `env:"VERIFY_CODE_TRIES" envDefault:"5"`
	ResetTTL         duration `env:"RESET_TTL" envDefault:"30m"`
	EmailChangeTTL   duration `env:"EMAIL_CHANGE_TTL" envDefault:"24h"`
	CloseGrace       duration `env:"CLOSE_GRACE" envDefault:"14d"`

	PasswordHash string   `env:"PASSWORD_HASH" envDefault:"bcrypt"`
	BcryptCost   int      `env:"BCRYPT_COST" envDefault:"12"`
	PasswordMin  int      `env:"PASSWORD_MIN_LENGTH" envDefault:"8"`
	PasswordMax  int      `env:"PASSWORD_MAX_LENGTH" envDefault:"256"`
	HashWorkers  int      `env:"HASH_WORKERS" envDefault:"0"` // 0: one per core, less one when there are more than two
	HashWait     duration `env:"HASH_WAIT" envDefault:"2s"`

	FirebaseSigners base64Keys `env:"FIREBASE_SIGNER_KEYS"` // for hashes that come from Firebase

	RateLimits     onOff    `env:"RATE_LIMITS" envDefault:"on"`
	LimitLogin     quota    `env:"LIMIT_LOGIN" envDefault:"10/15m"`
	LimitFailures  quota    `env:"LIMIT_FAILURES" envDefault:"60/1m"`
	LimitMail      quota    `env:"LIMIT_MAIL"`                   // unset: 3/1h, in development 60/1h
	LimitMailBlock quota    `env:"LIMIT_MAIL_BLOCK"`             // unset: 20/1h, in development 400/1h
	LimitCalls     int      `env:"LIMIT_CALLS" envDefault:"600"` // per minute, like the next two
	LimitAnonymous int      `env:"LIMIT_ANONYMOUS" envDefault:"600"`
	LimitForged    int      `env:"LIMIT_FORGED" envDefault:"60"`
	LockFailures   int      `env:"LOCKOUT_FAILURES" envDefault:"100"`
	LockFirst      duration `env:"LOCKOUT_FIRST" envDefault:"15m"`
	LockLongest    duration `env:"LOCKOUT_LONGEST" envDefault:"24h"`

	Providers         providersConfig `env:"-"`
	Redirects         list            `env:"REDIRECT_ALLOWLIST"`
	RedirectDefault   string          `env:"REDIRECT_DEFAULT"`
	OAuthFlowTTL      duration        `env:"OAUTH_FLOW_TTL" envDefault:"10m"`
	OAuthCodeTTL      duration        `env:"OAUTH_CODE_TTL" envDefault:"60s"`
	OAuthContinueTTL  duration        `env:"OAUTH_CONTINUATION_TTL" envDefault:"30m"`
	OAuthTimeout      duration        `env:"OAUTH_TIMEOUT" envDefault:"10s"`
	OAuthTestProvider string          `env:"OAUTH_TEST_PROVIDER"`

	FeedPoll      duration `env:"FEED_POLL" envDefault:"500ms"`
	FeedStaleness duration `env:"FEED_MAX_STALENESS" envDefault:"30s"`
	OutboxLease   duration `env:"OUTBOX_LEASE" envDefault:"30s"`
	OutboxWorkers int      `env:"OUTBOX_WORKERS" envDefault:"4"`
	CleanupEvery  duration `env:"CLEANUP_EVERY" envDefault:"10m"`
	AuditKeep     duration `env:"AUDIT_RETENTION" envDefault:"0"` // 0: for ever

	LogLevel    string `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat   string `env:"LOG_FORMAT"`   // text in development, json in production unless said
	LogRequests *onOff `env:"LOG_REQUESTS"` // on in development unless said

	AdminEmail    string        `env:"BOOTSTRAP_ADMIN_EMAIL"`
	AdminPassword domain.Secret `env:"BOOTSTRAP_ADMIN_PASSWORD"`

	// System is the machine; tests replace it to move the clock.
	System sys.System `env:"-"`

	given    map[string]string // the values as they were read
	warnings []string          // for the log of the start
}

// aliases are the names that the Flask service used.
var aliases = map[string]string{
	"APP_BASE_URL":           "PUBLIC_URL",
	"MAIL_DEFAULT_SENDER":    "MAIL_FROM",
	"SESSION_LIMIT_PER_USER": "MAX_SESSIONS_PER_USER",

	"PASSWORD_RESET_TOKEN_EXPIRES": "RESET_TTL",
}

// fromFiles are the settings that may be given as NAME_FILE, the way container platforms hand secrets over.
var fromFiles = []string{
	"SECRET_KEY", "SECRET_KEY_PREVIOUS", "DATABASE_URI", "MIGRATE_DATABASE_URI", "REDIS_URL", "REDIS_PASSWORD",
	"MAIL_PASSWORD", "BOOTSTRAP_ADMIN_PASSWORD", "FIREBASE_SIGNER_KEYS",
}

// logsRequests tells whether every request is a line of the log.
func (c *Config) logsRequests() bool {
	if c.LogRequests == nil {
		return c.isDevelopment()
	}
	return bool(*c.LogRequests)
}

// embedded tells whether the record is the SQLite file in the data folder.
func (c *Config) embedded() bool { return c.Database.IsZero() }

func (c *Config) redis() bool { return !c.RedisURL.IsZero() || c.RedisHost != "" }

func (c *Config) isDevelopment() bool { return c.Env == development }

// inbox tells whether mails go to the development inbox.
func (c *Config) inbox() bool { return c.MailServer == "" }

func (c *Config) sameSite() http.SameSite {
	if c.CookieSite == "none" {
		return http.SameSiteNoneMode
	}
	return http.SameSiteStrictMode
}

func (c *Config) sessionPolicy() domain.SessionPolicy {
	return domain.SessionPolicy{
		Idle: time.Duration(c.SessionIdle), Absolute: time.Duration(c.SessionTTL),
		Max: c.MaxSessions, Deny: c.SessionPolicy == "deny",
	}
}
