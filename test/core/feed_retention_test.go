package core_test

import (
	"testing"
	"time"

	"github.com/signet-auth/signet/app/feed"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// TestAShorterLifeForgetsNothingThatLongerTokensNeed (integration.md §1): what one replica issues, all must remember changes for.
func TestAShorterLifeForgetsNothingThatLongerTokensNeed(t *testing.T) {
	r := rig.New(t)
	of := func(life time.Duration) *feed.Retention { return &feed.Retention{Store: r.Store, Own: life} }
	announce := func(x *feed.Retention) *feed.Retention {
		t.Helper()
		if err := x.Announce(t.Context(), r.Clock.Now()); err != nil {
			t.Fatal(err)
		}
		return x
	}
	const day = 24 * time.Hour
	before := announce(of(day))
	if before.Keep() != day+30*time.Minute {
		t.Errorf("tokens of a day are kept for %v", before.Keep())
	}
	after := announce(of(5 * time.Minute))
	if after.Longest() != day || after.Keep() != day+30*time.Minute {
		t.Errorf("after the change: %v, %v", after.Longest(), after.Keep())
	}
	r.Clock.Move(day + 30*time.Minute)
	if announce(after); after.Longest() != day {
		t.Errorf("while the last of them may live: %v", after.Longest())
	}
	r.Clock.Move(3 * time.Hour)
	if announce(after); after.Longest() != 5*time.Minute || after.Keep() != 2*time.Hour {
		t.Errorf("when the last has expired: %v, %v", after.Longest(), after.Keep())
	}
	if announce(before); announce(after).Longest() != day {
		t.Error("a replica that was started with the longer life again is not heard")
	}
}
