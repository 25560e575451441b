package rueidis_test

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	redis "github.com/redis/rueidis"

	"github.com/signet-auth/signet/adapters/rueidis"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/transient"
	"github.com/signet-auth/signet/test/testkit/backend"
)

var (
	_ transient.Limiter = (*rueidis.Limiter)(nil)
	_ transient.Waker   = (*rueidis.Waker)(nil)
)

func TestLimiterContract(t *testing.T) {
	check := func(t *testing.T, l *rueidis.Limiter) {
		t.Cleanup(func() {
			if n := l.Fallbacks(); n != 0 {
				t.Errorf("%d decisions were the fallback's: the suite did not run on Redis", n)
			}
		})
	}

	t.Run("miniredis", func(t *testing.T) {
		porttest.Limiter(t, func(t *testing.T) porttest.LimiterRig {
			server := miniredis.RunT(t)
			now := time.Date(2026, 11, 23, 19, 2, 0, 0, time.UTC)
			server.SetTime(now)
			l := open(t, patient("redis://"+server.Addr())).Limiter(newFallback())
			check(t, l)
			return porttest.LimiterRig{Limiter: l, Window: 10 * time.Hour, Advance: func(d time.Duration) {
				now = now.Add(d)
				server.SetTime(now)
				server.FastForward(d)
			}}
		})
	})

	t.Run("redis", func(t *testing.T) {
		porttest.Limiter(t, func(t *testing.T) porttest.LimiterRig {
			url := backend.Redis(t)
			l := open(t, patient(url)).Limiter(newFallback())
			check(t, l)
			return porttest.LimiterRig{Limiter: l, Window: 1500 * time.Millisecond, Advance: func(d time.Duration) {
				await(t, url, d)
			}}
		})
	})
}

// await returns when the server's clock has moved by d.
func await(t *testing.T, url string, d time.Duration) {
	t.Helper()
	conn := raw(t, url)
	clock := func() time.Time {
		parts, err := conn.Do(t.Context(), conn.B().Time().Build()).AsIntSlice()
		if err != nil {
			t.Fatal(err)
		}
		return time.Unix(parts[0], parts[1]*1000)
	}
	start := clock()
	eventually(t, "later", func() bool { return clock().Sub(start) > d })
}

func raw(t *testing.T, url string) redis.Client {
	t.Helper()
	option, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	option.DisableCache, option.ForceSingleClient = true, true
	conn, err := redis.NewClient(option)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	return conn
}

func TestLimiterKeysEndWithTheWindow(t *testing.T) {
	url := backend.Redis(t)
	l := open(t, patient(url)).Limiter(newFallback())
	conn := raw(t, url)
	limit := transient.Limit{Name: "login", Burst: 2, Window: time.Hour}
	ttl := func() time.Duration {
		ms, err := conn.Do(t.Context(), conn.B().Pttl().Key("signet:rl:{login:a}").Build()).AsInt64()
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(ms) * time.Millisecond
	}
	near := func(what string, want time.Duration) {
		t.Helper()
		if got := ttl(); got > want || got < want-time.Minute {
			t.Errorf("%s: the key lives for %v, want %v", what, got, want)
		}
	}
	l.Take(t.Context(), limit, "a")
	near("after one Take", 30*time.Minute)
	l.Take(t.Context(), limit, "a")
	near("after two", time.Hour)
	l.Return(t.Context(), limit, "a")
	near("after a Return", 30*time.Minute)
	l.Return(t.Context(), limit, "a")
	if got := ttl(); got >= 0 {
		t.Errorf("with nothing reserved the key lives for %v", got)
	}
}

func TestLimiterSurvivesWhatItDidNotWrite(t *testing.T) {
	server := miniredis.RunT(t)
	l := open(t, patient("redis://"+server.Addr())).Limiter(newFallback())
	limit := transient.Limit{Name: "x", Burst: 1, Window: time.Hour}
	for key, value := range map[string]string{
		"garbage":        "no number",
		"the far future": "9999999999999999",
	} {
		if err := server.Set("signet:rl:{x:"+key+"}", value); err != nil {
			t.Fatal(err)
		}
		if d := l.Take(t.Context(), limit, key); d.RetryAfter > time.Hour {
			t.Errorf("%s: %+v locks out for longer than the window", key, d)
		}
	}
	if n := l.Fallbacks(); n != 0 {
		t.Errorf("%d fallbacks", n)
	}
}

func BenchmarkTake(b *testing.B) {
	server := backend.RedisServer(b)
	client, err := rueidis.Open(rueidis.Options{URL: domain.NewSecret(server.URL)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(client.Close)
	for !client.Healthy() {
		time.Sleep(time.Millisecond)
	}
	l := client.Limiter(newFallback())
	limit := transient.Limit{Name: "bench", Burst: 1000, Window: time.Second}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Take(b.Context(), limit, "key")
		}
	})
	if n := l.Fallbacks(); n > 0 {
		b.Errorf("%d fallbacks", n)
	}
}
