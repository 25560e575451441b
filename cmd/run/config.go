package run

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/sys"
)

// The environments.
const (
	development = "development"
	production  = "production"
)

// Config is every setting, in groups. A group is a struct in a file of its own, which declares its settings and what is wrong with them; what
// concerns several groups is in config_parse.go.
type Config struct {
	deploymentSettings
	listenerSettings
	databaseSettings
	redisSettings
	mailSettings
	pageSettings
	tokenSettings
	sessionSettings
	factorSettings
	registrationSettings
	loginSettings
	passwordSettings
	limitSettings
	streamSettings
	insideSettings
	tracingSettings
	bootstrapSettings

	// System is the machine; tests replace it to move the clock.
	System sys.System

	given    map[string]string // the values as they were read
	via      map[string]string // the variables that they were read from
	warnings []string          // for the log of the start
}

// groups are the settings in the order of .env.example.
func (c *Config) groups() []group {
	return slices.Concat(
		[]group{c.deploymentSettings.group(), c.listenerSettings.group(), c.databaseSettings.group(), c.redisSettings.group(), c.mailSettings.group()},
		[]group{c.pageSettings.group(), c.tokenSettings.group(), c.sessionSettings.group(), c.factorSettings.group(), c.registrationSettings.group()},
		c.loginSettings.groups(),
		[]group{c.passwordSettings.group(), c.limitSettings.group(), c.streamSettings.group(), c.insideSettings.group(), c.tracingSettings.group(), c.bootstrapSettings.group()},
	)
}

// declarations are all settings, one after the other.
func (c *Config) declarations() []setting {
	var all []setting
	for _, g := range c.groups() {
		all = append(all, g.settings...)
	}
	return all
}

// declared are all settings with their defaults, those of a provider called ACME among them.
var declared = func() []setting {
	var all []setting
	for _, g := range documented() {
		for _, s := range g.settings {
			if s.preset != "" {
				_ = s.set(s.preset) // a default that can't be read is an error of every start
			}
			all = append(all, s)
		}
	}
	return all
}()

// documented are the groups with a sample of the providers that there may be any number of.
func documented() []group {
	c := Config{loginSettings: loginSettings{Providers: providersConfig{Generic: []genericProvider{{prefix: sampleProvider}}}}}
	return c.groups()
}

// declaration finds a setting by its name, by a former one, or as NAME_FILE.
func declaration(name string) (setting, bool) {
	if prefix, suffix := splitGeneric(strings.TrimSuffix(name, "_FILE")); suffix != "" && prefix != sampleProvider {
		s, ok := declaration(sampleProvider + "_" + suffix)
		s.name = prefix + "_" + suffix
		return s, ok
	}
	i := slices.IndexFunc(declared, func(s setting) bool {
		return s.name == name || s.old == name || s.secret && s.name+"_FILE" == name
	})
	if i < 0 {
		return setting{}, false
	}
	return declared[i], true
}

// names are those of the settings that a condition holds for.
func names(of []setting, holds func(setting) bool) []string {
	var all []string
	for _, s := range of {
		if holds(s) {
			all = append(all, s.name)
		}
	}
	return all
}

// deploymentSettings are what makes a deployment one.
type deploymentSettings struct {
	Env               string
	SecretKey         domain.Secret
	SecretKeyPrevious secrets
	SecretKeyForce    onOff
}

func (d *deploymentSettings) group() group {
	return group{title: "The two that production always wants", settings: []setting{
		{
			name: "SIGNET_ENV", into: &d.Env, words: []string{development, production}, empty: "development with SQLite, production with Postgres",
			text: "development (default with SQLite) or production (default with Postgres; wants SECRET_KEY, MAIL_SERVER and PUBLIC_URL)",
		},
		{
			name: "SECRET_KEY", into: &d.SecretKey, secret: true, limit: form("at least 32 random bytes"), empty: "in development one is made in DATA_DIR",
			text: "At least 32 random bytes: openssl rand -base64 48. Encrypts what is stored; development makes one in DATA_DIR",
		},
		{
			name: "SECRET_KEY_PREVIOUS", into: &d.SecretKeyPrevious, secret: true,
			text: "Former keys, separated by commas: they still open, and never encrypt",
		},
		{
			name: "SECRET_KEY_FORCE", into: &d.SecretKeyForce, preset: "off",
			text: "Start although a former key is lost that sealed waiting mail or asked changes of address: they expire unread",
		},
	}}
}

func (d *deploymentSettings) isDevelopment() bool { return d.Env == development }

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
