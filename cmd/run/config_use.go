package run

import (
	"errors"
	"slices"
	"strings"
)

// uses tells whether a command has anything to do with a setting.
type uses func(setting string) bool

// all is what the server uses.
func all(string) bool { return true }

// only is what a command uses that uses few.
func only(settings ...string) uses {
	return func(setting string) bool { return slices.Contains(settings, setting) }
}

// onData is what commands on the stored data use: whatever the core is made of, but not the listeners, the mail and the limits of a server.
func onData(setting string) bool {
	for _, prefix := range []string{"MAIL_", "LIMIT_", "LOG_", "LINK_", "REDIS_", "BOOTSTRAP_", "SHUTDOWN_", "FEED_", "OUTBOX_", "OAUTH_", "PRODUCT_", "AFTER_", "OTEL_", "WEBAUTHN_"} {
		if strings.HasPrefix(setting, prefix) {
			return false
		}
	}
	return !slices.Contains([]string{
		"HOST", "PORT", "ADMIN_ADDR", "PUBLIC_URL", "TRUSTED_PROXIES", "CORS_ORIGINS", "DEV_PEERS", "COOKIE_SAMESITE", "RATE_LIMITS",
	}, setting)
}

// concerning keeps the errors about settings that are used. Every one begins with its setting.
func (u uses) concerning(err error) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		var kept []error
		for _, e := range several.Unwrap() {
			kept = append(kept, u.concerning(e))
		}
		return errors.Join(kept...)
	}
	if err == nil || !u(settingOf(err)) {
		return nil
	}
	return err
}

// settingOf is the setting that an error is about.
func settingOf(err error) string {
	name, _, _ := strings.Cut(err.Error(), " ")
	name = strings.TrimRight(name, ":,")
	if setting, ok := strings.CutSuffix(name, "_FILE"); ok {
		return setting
	}
	name, _, _ = strings.Cut(name, "=")
	return name
}
