package memory_test

import (
	"testing"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/ports/porttest"
	"github.com/signet-auth/signet/ports/transient"
)

func TestWakerContract(t *testing.T) {
	porttest.Waker(t, func(*testing.T) (from, to transient.Waker) {
		w := memory.NewWaker()
		return w, w
	})
}
