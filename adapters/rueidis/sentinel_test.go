package rueidis_test

import (
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/rueidis"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/test/testkit/backend"
)

func behind(s *backend.Sentinels) rueidis.Options {
	return rueidis.Options{
		Sentinels: s.Addrs, Master: s.Master, Password: domain.NewSecret(s.Password), SentinelPassword: domain.NewSecret(s.SentinelPassword), DB: 1,
	}
}

// TestSentinelFailover: another server takes the master's place. Nobody waits for it, and limits and wake-ups go on there.
func TestSentinelFailover(t *testing.T) {
	for name, fail := range map[string]func(*backend.Sentinels){
		"the master dies":       (*backend.Sentinels).KillMaster,
		"the master is demoted": (*backend.Sentinels).Demote,
	} {
		t.Run(name, func(t *testing.T) {
			s := backend.RedisSentinels(t)
			log := &journal{}
			options := behind(s)
			options.Log = log.logger()
			a, b := open(t, options), open(t, behind(s))
			here, there := a.Limiter(newFallback()), b.Limiter(newFallback())
			from, to := a.Waker(), b.Waker()
			hears(t, to, "the subscription")
			timed(t, here, "a")
			if timed(t, there, "a"); here.Fallbacks()+there.Fallbacks() != 0 {
				t.Fatal("Redis was not used")
			}

			begin := time.Now()
			fail(s)
			eventually(t, "lost", func() bool {
				timed(t, here, "b")
				timed(t, there, "b")
				return !a.Healthy() && !b.Healthy()
			})
			for range 4 {
				timed(t, here, "b")
			}
			eventually(t, "healthy", func() bool { return a.Healthy() && b.Healthy() })
			t.Logf("lost and back within %v", time.Since(begin).Round(time.Millisecond))

			before := here.Fallbacks() + there.Fallbacks()
			timed(t, here, "c")
			if d := timed(t, there, "c"); d.Remaining != 1 || here.Fallbacks()+there.Fallbacks() != before {
				t.Errorf("Take = %+v with %d fallbacks more: they don't count together", d, here.Fallbacks()+there.Fallbacks()-before)
			}
			heard := false
			eventually(t, "heard again", func() bool {
				from.Wake()
				select {
				case <-to.Woken():
					heard = true
				default:
				}
				return heard
			})
			if text := log.String(); strings.Contains(text, s.Password) || strings.Contains(text, s.SentinelPassword) {
				t.Error("the log has a password")
			}
		})
	}
}

func TestSentinelsThatKnowNoSuchMaster(t *testing.T) {
	options := behind(backend.RedisSentinels(t))
	if err := rueidis.Check(t.Context(), options); err != nil {
		t.Errorf("the right one: %v", err)
	}
	options.Master = "another"
	if err := rueidis.Check(t.Context(), options); err == nil || !strings.Contains(err.Error(), `"another"`) {
		t.Errorf("another: %v", err)
	}
}
