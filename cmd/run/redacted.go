package run

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/domain"
)

// redacted is what stands in place of a password, as net/url writes it.
const redacted = "xxxxx"

// concealed shows of a secret that it is there; of an address, everything but the password.
func concealed(secret string) string {
	switch {
	case secret == "":
		return ""
	case hasScheme(secret, "postgres", "postgresql") && postgres.CheckAddress(secret) == nil, hasScheme(secret, "redis", "rediss"):
		return withoutPassword(secret)
	}
	return fmt.Sprintf("[set, %d bytes]", len(secret))
}

func concealedList(secrets []domain.Secret) string {
	switch len(secrets) {
	case 0:
		return ""
	case 1:
		return "[set, 1 value]"
	}
	return fmt.Sprintf("[set, %d values]", len(secrets))
}

// withoutPassword takes the password out of an address. What can't be taken apart, or in more than one way, is not shown at all.
func withoutPassword(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || !strings.ContainsAny(rest, "@?") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || strings.Count(rest, "@") > 1 || strings.Contains(rest, "@") && u.User == nil {
		return scheme + "://[not shown: it can't be taken apart]"
	}
	query, changed := u.Query(), false
	for name := range query {
		if lower := strings.ToLower(name); strings.Contains(lower, "pass") || strings.Contains(lower, "secret") || strings.Contains(lower, "key") {
			query.Set(name, redacted)
			changed = true
		}
	}
	if changed {
		u.RawQuery = query.Encode()
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), redacted)
		changed = true
	}
	if !changed {
		return text
	}
	return u.String()
}
