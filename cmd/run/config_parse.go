package run

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
)

// ParseConfig reads the settings from an environment. Its error has one line for each value that can't be used, with what is
// accepted; it never repeats a secret.
func ParseConfig(environ map[string]string) (*Config, error) { return parseConfig(environ, all) }

// parseConfig is ParseConfig for a command that uses some settings: it says nothing about the others.
func parseConfig(environ map[string]string, used uses) (*Config, error) {
	c, err := readConfig(environ, used)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// readConfig always makes a configuration, for commands that look at it. What can't be read has its default there; only where everything
// that is used can be read is it looked at what can't be used together, so that one mistake is one line.
func readConfig(environ map[string]string, used uses) (*Config, error) {
	values, via, err := resolve(environ)
	c := &Config{System: RealSystem(), given: values, via: via, warnings: nearMisses(environ)}
	for _, prefix := range genericPrefixes(values) {
		c.Providers.Generic = append(c.Providers.Generic, genericProvider{prefix: prefix})
	}
	c.Providers.warnings = providerWarnings(values)
	unreadable, mistaken := []error{err}, []error{}
	for _, s := range c.declarations() {
		if err := c.read(s); errors.Is(err, errWord) {
			mistaken = append(mistaken, err)
		} else {
			unreadable = append(unreadable, err)
		}
	}
	c.keepFormerSecret(environ)
	c.fill()
	if err := used.concerning(errors.Join(unreadable...)); err != nil {
		return c, err
	}
	mistaken = append(mistaken, slices.DeleteFunc(c.check(), func(err error) bool {
		return slices.ContainsFunc(mistaken, func(m error) bool { return settingOf(m) == settingOf(err) })
	})...)
	slices.SortFunc(mistaken, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return c, used.concerning(errors.Join(mistaken...))
}

// read gives a setting its value, or its default.
func (c *Config) read(s setting) error {
	if s.preset != "" {
		if err := s.set(s.preset); err != nil {
			return fmt.Errorf("%s has a default that %w", s.name, err)
		}
	}
	text, given := c.given[s.name]
	if !given {
		return nil
	}
	if err := s.set(text); err != nil {
		return showing(fmt.Errorf("%s %w", s.name, err), c.given)
	}
	return nil
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

// resolve copies the environment with former names and files put under the names they stand for, and every value cleaned. An empty value is
// no value, and neither is one that Kubernetes invents. via tells which variable each value is from.
func resolve(environ map[string]string) (values, via map[string]string, err error) {
	values, via = make(map[string]string, len(environ)), map[string]string{}
	for name, value := range environ {
		if value = clean(value); value != "" && !isServiceLink(name, value) {
			values[name], via[name] = value, name
		}
	}
	for _, s := range declared {
		if v, ok := values[s.old]; ok && s.old != "" && values[s.name] == "" {
			values[s.name], via[s.name] = v, s.old
		}
	}
	var errs []error
	for _, name := range slices.Concat(names(declared, func(s setting) bool { return s.secret }), genericFiles(values)) {
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
		values[name], via[name] = clean(string(content)), name+"_FILE"
	}
	return values, via, errors.Join(errs...)
}

// fill sets what depends on other settings.
func (c *Config) fill() {
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
	if c.given["LOG_REQUESTS"] == "" {
		c.LogRequests = onOff(c.isDevelopment())
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

// check finds what can't be used, or can't be used together.
func (c *Config) check() []error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, showing(fmt.Errorf(format, args...), c.given))
		}
	}
	for _, g := range c.groups() {
		for _, s := range g.settings {
			if s.limit.holds != nil {
				bad(s.limit.holds(s.into), "%s must be %s", s.name, s.limit.accepted)
			}
		}
		if g.check != nil {
			g.check(bad)
		}
	}
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
	bad(c.CookieSite != "none" || hasScheme(c.PublicURL, "https"), "COOKIE_SAMESITE=none needs a PUBLIC_URL with https: browsers drop such a cookie otherwise")
	c.checkMail(bad)
	_, err := c.relying(c.nameOfServer())
	bad(err == nil, "%w", err)
	errs = append(errs, c.checkProviders()...)
	return errs
}

func hasScheme(text string, accepted ...string) bool {
	scheme, _, ok := strings.Cut(text, "://")
	return ok && slices.Contains(accepted, scheme)
}

func isBase(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func isOrigin(text string) bool {
	u, err := url.Parse(text)
	if err != nil || !isBase(text) || u.Path != "" || text != strings.ToLower(text) || strings.Contains(text, "*") {
		return false
	}
	return u.Port() != map[string]string{"http": "80", "https": "443"}[u.Scheme] // browsers leave it out
}
