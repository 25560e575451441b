package run

import (
	"time"

	"github.com/signet-auth/signet/adapters/rueidis"
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
	RedisTLS      onOff
	RedisTimeout  duration

	RedisSentinels        list
	RedisMaster           string
	RedisSentinelUser     string
	RedisSentinelPassword domain.Secret
}

func (r *redisSettings) group() group {
	return group{title: "Redis (optional): limits shared by replicas, revocations seen sooner", check: r.check, settings: []setting{
		{
			name: "REDIS_URL", into: &r.RedisURL, secret: true, text: "Where Redis is: redis:// or rediss://, or host and the rest",
			limit: form("redis[s]://[user[:password]@]host[:port][/db]"),
		},
		{name: "REDIS_HOST", into: &r.RedisHost, text: "Host of Redis, instead of REDIS_URL"},
		{name: "REDIS_PORT", into: &r.RedisPort, preset: "6379", text: "Port of REDIS_HOST"},
		{name: "REDIS_DB", into: &r.RedisDB, preset: "0", text: "Number of the database on REDIS_HOST, or on what the Sentinels name"},
		{name: "REDIS_USERNAME", into: &r.RedisUser, text: "The user of an ACL; empty: the default one"},
		{name: "REDIS_PASSWORD", into: &r.RedisPassword, secret: true, text: "Password for REDIS_HOST, or for what the Sentinels name"},
		{name: "REDIS_TLS", into: &r.RedisTLS, preset: "off", text: "TLS to REDIS_HOST, or to the Sentinels and what they name; in REDIS_URL it is rediss://"},
		{
			name: "REDIS_SENTINELS", into: &r.RedisSentinels, limit: form("hosts, or host:port, with commas between"),
			text: "Sentinels that know where Redis is, instead of REDIS_URL and REDIS_HOST: sentinel-0:26379,sentinel-1:26379",
		},
		{name: "REDIS_SENTINEL_MASTER", into: &r.RedisMaster, text: "The name by which the Sentinels watch it, often mymaster"},
		{name: "REDIS_SENTINEL_USERNAME", into: &r.RedisSentinelUser, text: "The user of the Sentinels' own ACL; empty: the default one"},
		{name: "REDIS_SENTINEL_PASSWORD", into: &r.RedisSentinelPassword, secret: true, text: "Password for the Sentinels, where they have one"},
		{
			name: "REDIS_TIMEOUT", into: &r.RedisTimeout, preset: "100ms", text: "What one call may cost a request; after that limits count in this process",
			limit: times("from 1ms to 10s: every login waits for it when Redis hangs", func(d time.Duration) bool { return d >= time.Millisecond && d <= 10*time.Second }),
		},
	}}
}

func (r *redisSettings) redis() bool {
	return !r.RedisURL.IsZero() || r.RedisHost != "" || len(r.RedisSentinels) > 0
}

func (r *redisSettings) check(bad func(ok bool, format string, args ...any)) {
	bad(r.RedisURL.IsZero() || r.RedisPassword.IsZero(), "REDIS_URL and REDIS_PASSWORD exclude each other: put the password into the URL")
	bad(r.RedisURL.IsZero() || hasScheme(r.RedisURL.Reveal(), "redis", "rediss"), "REDIS_URL must begin with redis:// or rediss://")
	bad(r.RedisURL.IsZero() || r.RedisUser == "", "REDIS_USERNAME and REDIS_URL exclude each other: put the name into the URL")
	bad(r.RedisUser == "" || !r.RedisPassword.IsZero(), "REDIS_USERNAME needs REDIS_PASSWORD")
	bad(r.RedisURL.IsZero() || r.RedisHost == "", "REDIS_URL and REDIS_HOST exclude each other: give one")
	bad(r.RedisURL.IsZero() || !bool(r.RedisTLS), "REDIS_TLS and REDIS_URL exclude each other: write rediss:// in the URL")
	sentinels := len(r.RedisSentinels) > 0
	bad(!sentinels || r.RedisURL.IsZero() && r.RedisHost == "", "REDIS_SENTINELS takes the place of REDIS_URL and REDIS_HOST: give one")
	bad(sentinels == (r.RedisMaster != ""), "REDIS_SENTINEL_MASTER and REDIS_SENTINELS belong together")
	bad(sentinels || r.RedisSentinelPassword.IsZero(), "REDIS_SENTINEL_PASSWORD needs REDIS_SENTINELS")
	bad(r.RedisSentinelUser == "" || !r.RedisSentinelPassword.IsZero(), "REDIS_SENTINEL_USERNAME needs REDIS_SENTINEL_PASSWORD")
	for _, sentinel := range r.RedisSentinels {
		err := rueidis.CheckSentinel(sentinel)
		bad(err == nil, "REDIS_SENTINELS: %w", err)
	}
}
