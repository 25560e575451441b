package rueidis

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	redis "github.com/redis/rueidis"

	"github.com/signet-auth/signet/ports/transient"
)

// The stored value is the theoretical arrival time (TAT) in microseconds of the server's clock, which all replicas share;
// the key ends when the TAT is reached. "%.0f" because Lua prints large numbers as 1.7e+15. A TAT is never taken to be further
// ahead than the limit can reach: a clock that was set back, or a limit that was lowered, locks nobody out.
const (
	takeSource = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2])
local tat = tonumber(redis.call('GET', KEYS[1]) or now) or now
tat = math.min(math.max(tat, now), now + tolerance)
local new = tat + interval
if new - tolerance > now then return {0, 0, new - tolerance - now, tat - now} end
redis.call('SET', KEYS[1], string.format('%.0f', new), 'PX', math.ceil((new - now) / 1000))
return {1, math.floor((tolerance - (new - now)) / interval), 0, new - now}`

	returnSource = `
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local tat = tonumber(redis.call('GET', KEYS[1]) or now) or now
local new = tat - tonumber(ARGV[1])
if new <= now then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], string.format('%.0f', new), 'PX', math.ceil((new - now) / 1000))
return 1`
)

var (
	takeScript   = redis.NewLuaScript(takeSource)
	returnScript = redis.NewLuaScript(returnSource)
)

// Limiter implements transient.Limiter by GCRA in Redis, for all replicas together. While Redis is lost the fallback counts,
// for this process alone, from its own memory: limits then hold per replica.
//
// A Return goes to the limiter that counts at the moment. If Redis was lost or came back between Take and Return, the other limiter returns
// a reservation of another request for the same key: that allows one more guess, to a client that has just given the right password.
type Limiter struct {
	client    *Client
	fallback  transient.Limiter
	fallbacks atomic.Uint64
}

// Limiter makes a limiter that counts by fallback when Redis does not.
func (c *Client) Limiter(fallback transient.Limiter) *Limiter {
	return &Limiter{client: c, fallback: fallback}
}

// Fallbacks is how many Takes the fallback has decided.
func (l *Limiter) Fallbacks() uint64 { return l.fallbacks.Load() }

var errAnswer = errors.New("rueidis: the script's answer is not four numbers")

// Take reserves one event. It continues when ctx ends, so that an attacker who hangs up is counted, too.
func (l *Limiter) Take(ctx context.Context, limit transient.Limit, key string) transient.Decision {
	interval, tolerance := gcra(limit)
	result, err := l.exec(ctx, takeScript, limit, key, interval, tolerance)
	if err == nil {
		if answer, err := result.AsIntSlice(); err == nil && len(answer) == 4 {
			return transient.Decision{
				Allowed:    answer[0] == 1,
				Remaining:  int(answer[1]),
				RetryAfter: micros(answer[2]),
				Reset:      micros(answer[3]),
			}
		}
		l.client.lose(errAnswer)
	}
	l.fallbacks.Add(1)
	return l.fallback.Take(ctx, limit, key)
}

// Return gives one reservation back.
func (l *Limiter) Return(ctx context.Context, limit transient.Limit, key string) {
	interval, _ := gcra(limit)
	if _, err := l.exec(ctx, returnScript, limit, key, interval); err != nil {
		l.fallback.Return(ctx, limit, key)
	}
}

// Forgive gives all reservations back by deleting the key.
func (l *Limiter) Forgive(ctx context.Context, limit transient.Limit, key string) {
	_, err := l.client.within(context.WithoutCancel(ctx), func(ctx context.Context, conn redis.Client) redis.RedisResult {
		return conn.Do(ctx, conn.B().Del().Key(keyOf(limit, key)).Build())
	})
	if err != nil {
		l.fallback.Forgive(ctx, limit, key)
	}
}

func keyOf(limit transient.Limit, key string) string {
	return "signet:rl:{" + limit.Name + ":" + key + "}"
}

func (l *Limiter) exec(ctx context.Context, script *redis.Lua, limit transient.Limit, key string, args ...int64) (redis.RedisResult, error) {
	keys := []string{keyOf(limit, key)}
	texts := make([]string, len(args))
	for i, n := range args {
		texts[i] = strconv.FormatInt(n, 10)
	}
	return l.client.within(context.WithoutCancel(ctx), func(ctx context.Context, conn redis.Client) redis.RedisResult {
		return script.Exec(ctx, conn, keys, texts)
	})
}

// gcra is the limit in microseconds: the emission interval, and how far ahead of now a TAT may be. The tolerance is a multiple of the
// interval, so that a burst is exact even if the window does not divide evenly.
func gcra(limit transient.Limit) (interval, tolerance int64) {
	interval = max(limit.Window.Microseconds()/int64(max(limit.Burst, 1)), 1)
	return interval, interval * int64(max(limit.Burst, 0))
}

func micros(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
