package rueidis_test

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"

	"github.com/signet-auth/signet/adapters/rueidis"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/transient"
	"github.com/signet-auth/signet/test/testkit/backend"
)

// slack is what a busy machine adds to the budget.
const slack = 400 * time.Millisecond

var hourly = transient.Limit{Name: "loss", Burst: 3, Window: time.Hour}

// timed takes once and fails the test when that took longer than the budget.
func timed(t *testing.T, l transient.Limiter, key string) transient.Decision {
	t.Helper()
	start := time.Now()
	d := l.Take(t.Context(), hourly, key)
	if took := time.Since(start); took > 100*time.Millisecond+slack {
		t.Errorf("Take took %v", took)
	}
	return d
}

func TestRedisAbsentAtStart(t *testing.T) {
	server := backend.RedisServer(t)
	server.Stop()
	start := time.Now()
	client, err := rueidis.Open(rueidis.Options{URL: domain.NewSecret(server.URL)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	l, w := client.Limiter(newFallback()), client.Waker()
	w.Wake()
	for i := range 4 {
		if d := timed(t, l, "a"); d.Allowed != (i < 3) {
			t.Errorf("Take %d = %+v: the fallback does not count", i, d)
		}
	}
	l.Return(t.Context(), hourly, "a")
	if d := timed(t, l, "a"); !d.Allowed {
		t.Error("the fallback does not take a reservation back")
	}
	if took := time.Since(start); took > time.Second+slack {
		t.Errorf("it took %v", took)
	}
	if client.Healthy() || l.Fallbacks() != 5 {
		t.Errorf("healthy = %v, fallbacks = %d, want 5", client.Healthy(), l.Fallbacks())
	}

	server.Start()
	eventually(t, "healthy by itself", client.Healthy)
	if d := timed(t, l, "a"); !d.Allowed || d.Remaining != 2 || l.Fallbacks() != 5 {
		t.Errorf("Take = %+v with %d fallbacks: Redis does not count", d, l.Fallbacks())
	}
}

func TestRedisLostAndBack(t *testing.T) {
	for name, way := range map[string]struct{ lose, restore func(*backend.Server) }{
		"killed and restarted": {func(s *backend.Server) { s.Stop() }, func(s *backend.Server) { s.Start() }},
		"cut off":              {func(s *backend.Server) { s.Cut() }, func(s *backend.Server) { s.Restore() }},
		"in a black hole":      {func(s *backend.Server) { s.Blackhole() }, func(s *backend.Server) { s.Restore() }},
	} {
		t.Run(name, func(t *testing.T) {
			server := backend.RedisServer(t)
			log := &journal{}
			client := open(t, rueidis.Options{URL: domain.NewSecret(server.URL), Log: log.logger()})
			l := client.Limiter(newFallback())
			if timed(t, l, "a"); l.Fallbacks() != 0 {
				t.Fatal("Redis was not used")
			}

			way.lose(server)
			for i := range 4 {
				if d := timed(t, l, "a"); d.Allowed != (i < 3) {
					t.Errorf("Take %d = %+v: not exactly the fallback's limit", i, d)
				}
			}
			if client.Healthy() || l.Fallbacks() != 4 {
				t.Errorf("healthy = %v, fallbacks = %d, want 4", client.Healthy(), l.Fallbacks())
			}
			var callers sync.WaitGroup
			for range 200 {
				callers.Go(func() { timed(t, l, "b") })
			}
			callers.Wait()

			way.restore(server)
			eventually(t, "healthy", client.Healthy)
			before := l.Fallbacks()
			if timed(t, l, "c"); l.Fallbacks() != before {
				t.Error("Redis is not used again")
			}
			if lost := strings.Count(log.String(), "Redis is lost"); lost != 1 {
				t.Errorf("the loss is logged %d times:\n%s", lost, log)
			}
			if password, _, _ := strings.Cut(strings.TrimPrefix(server.URL, "redis://default:"), "@"); strings.Contains(log.String(), password) {
				t.Error("the log has the password")
			}
		})
	}
}

func TestAListenerThatIsNotRedis(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	client, err := rueidis.Open(rueidis.Options{URL: domain.NewSecret("redis://" + silent.Addr().String())})
	if err != nil {
		t.Fatal(err)
	}
	l := client.Limiter(newFallback())
	timed(t, l, "a")
	start := time.Now()
	client.Close()
	if took := time.Since(start); took > 2*time.Second+slack {
		t.Errorf("Close took %v", took)
	}
	if d := timed(t, l, "a"); !d.Allowed || d.Remaining != 1 {
		t.Errorf("Take = %+v after Close, want the fallback's count", d)
	}
}

func TestARedisThatMayNotCountIsLost(t *testing.T) {
	server := miniredis.RunT(t)
	server.RequireAuth("right")
	log := &journal{}
	client, err := rueidis.Open(rueidis.Options{
		URL: domain.NewSecret("redis://:wr0ng-passw0rd@" + server.Addr()), Log: log.logger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	eventually(t, "told", func() bool { return strings.Contains(log.String(), "Redis is lost") })
	if client.Healthy() || strings.Contains(log.String(), "wr0ng") {
		t.Errorf("healthy = %v, log:\n%s", client.Healthy(), log)
	}
}

// Some keys would be found there and others not, so that Redis came and went with each call.
func TestARedisInClusterModeIsRefusedByName(t *testing.T) {
	t.Parallel()
	host := miniredis.RunT(t)
	host.Server().SetPreHook(func(peer *server.Peer, command string, _ ...string) bool {
		if command == "INFO" {
			peer.WriteBulk("# Cluster\r\ncluster_enabled:1\r\n")
		}
		return command == "INFO"
	})
	log := &journal{}
	client, err := rueidis.Open(rueidis.Options{URL: domain.NewSecret("redis://" + host.Addr()), Log: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	eventually(t, "told", func() bool { return strings.Contains(log.String(), "cluster mode") })
	time.Sleep(1500 * time.Millisecond) // longer than it is left alone
	if client.Healthy() || strings.Count(log.String(), "cluster mode") != 1 || strings.Contains(log.String(), "in use") {
		t.Errorf("healthy = %v, log:\n%s", client.Healthy(), log)
	}
}
