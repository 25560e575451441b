package run

import (
	"time"

	"github.com/signet-auth/signet/domain"
)

// redisSettings are where Redis is, if there is one.
type redisSettings struct {
	RedisURL      domain.Secret
	RedisHost     string
	RedisPort     int
	RedisDB       int
	RedisUser     string
	RedisPassword domain.Secret
	RedisTimeout  duration
}

func (r *redisSettings) group() group {
	return group{title: "Redis (optional): limits shared by replicas, revocations seen sooner", check: r.check, settings: []setting{
		{
			name: "REDIS_URL", into: &r.RedisURL, secret: true, text: "Where Redis is: redis:// or rediss://, or host and the rest",
			limit: form("redis[s]://[user[:password]@]host[:port][/db]"),
		},
		{name: "REDIS_HOST", into: &r.RedisHost, text: "Host of Redis, instead of REDIS_URL"},
		{name: "REDIS_PORT", into: &r.RedisPort, preset: "6379", text: "Port of REDIS_HOST"},
		{name: "REDIS_DB", into: &r.RedisDB, preset: "0", text: "Number of the database on REDIS_HOST"},
		{name: "REDIS_USERNAME", into: &r.RedisUser, text: "The user of an ACL; empty: the default one"},
		{name: "REDIS_PASSWORD", into: &r.RedisPassword, secret: true, text: "Password for REDIS_HOST"},
		{
			name: "REDIS_TIMEOUT", into: &r.RedisTimeout, preset: "100ms", text: "What one call may cost a request; after that limits count in this process",
			limit: times("from 1ms to 10s: every login waits for it when Redis hangs", func(d time.Duration) bool { return d >= time.Millisecond && d <= 10*time.Second }),
		},
	}}
}

func (r *redisSettings) redis() bool { return !r.RedisURL.IsZero() || r.RedisHost != "" }

func (r *redisSettings) check(bad func(ok bool, format string, args ...any)) {
	bad(r.RedisURL.IsZero() || r.RedisPassword.IsZero(), "REDIS_URL and REDIS_PASSWORD exclude each other: put the password into the URL")
	bad(r.RedisURL.IsZero() || hasScheme(r.RedisURL.Reveal(), "redis", "rediss"), "REDIS_URL must begin with redis:// or rediss://")
	bad(r.RedisURL.IsZero() || r.RedisUser == "", "REDIS_USERNAME and REDIS_URL exclude each other: put the name into the URL")
	bad(r.RedisUser == "" || !r.RedisPassword.IsZero(), "REDIS_USERNAME needs REDIS_PASSWORD")
	bad(r.RedisURL.IsZero() || r.RedisHost == "", "REDIS_URL and REDIS_HOST exclude each other: give one")
}
