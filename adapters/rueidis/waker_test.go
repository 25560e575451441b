package rueidis_test

import (
	"testing"
	"time"

	"github.com/signet-auth/signet/adapters/rueidis"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/transient"
	"github.com/signet-auth/signet/test/testkit/backend"
)

// hears waits for a value.
func hears(t *testing.T, w transient.Waker, what string) {
	t.Helper()
	select {
	case <-w.Woken():
	case <-time.After(patience):
		t.Fatalf("nothing heard: %s", what)
	}
}

func TestWakerContract(t *testing.T) {
	server := backend.RedisServer(t)
	porttest.Waker(t, func(t *testing.T) (from, to transient.Waker) {
		a, b := open(t, patient(server.URL)).Waker(), open(t, patient(server.URL)).Waker()
		hears(t, a, "the subscription itself is news")
		hears(t, b, "the subscription itself is news")
		return a, b
	})
}

func TestWakerAfterALoss(t *testing.T) {
	server := backend.RedisServer(t)
	a := open(t, rueidis.Options{URL: domain.NewSecret(server.URL)})
	b := open(t, rueidis.Options{URL: domain.NewSecret(server.URL)})
	from, to := a.Waker(), b.Waker()
	hears(t, to, "the subscription")

	server.Stop()
	eventually(t, "unhealthy without any request", func() bool { return !a.Healthy() && !b.Healthy() })
	from.Wake() // lost, and does not block
	server.Start()
	hears(t, to, "a new subscription counts as news")
	eventually(t, "healthy", func() bool { return a.Healthy() && b.Healthy() })

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
}

func TestWakerIsSilentAfterClose(t *testing.T) {
	server := backend.RedisServer(t)
	client := open(t, rueidis.Options{URL: domain.NewSecret(server.URL)})
	w := client.Waker()
	hears(t, w, "the subscription")
	client.Close()
	client.Close() // twice is harmless
	w.Wake()
}
