package core_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/sys"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

func TestMailsThatALimitStopped(t *testing.T) {
	var log bytes.Buffer
	now := rig.Noon
	stops := guard.NewStops(sys.System{Now: func() time.Time { return now }}, slog.New(slog.NewTextHandler(&log, nil)))
	ctx, ada := t.Context(), rig.Email(t, "ada@example.com")
	lines := func(want ...string) {
		t.Helper()
		said := strings.Split(strings.TrimSpace(log.String()), "\n")
		log.Reset()
		if len(want) == 0 && said[0] == "" {
			return
		}
		if len(said) != len(want) {
			t.Fatalf("it says %q", said)
		}
		for i, line := range said {
			if !strings.Contains(line, want[i]) || strings.Contains(line, "ada") || strings.Contains(line, "example") {
				t.Errorf("it says %s, want %s", line, want[i])
			}
		}
	}

	stops.Add(ctx, mailer.Verify, guard.ForAddress, ada)
	lines("kind=verify over_limit_of_address=1 count=1") // the first at once
	stops.Add(ctx, mailer.Verify, guard.ForAddress, ada)
	stops.Add(ctx, mailer.Verify, guard.ForBlock, ada)
	stops.Tell(ctx)
	lines()
	stops.Add(ctx, mailer.Reset, guard.ForBlock, ada)
	lines("kind=reset over_limit_of_block=1 count=1") // of another kind
	now = now.Add(time.Minute)
	stops.Tell(ctx)
	lines("kind=verify over_limit_of_address=1 over_limit_of_block=1 count=2") // also when none comes after them
	now = now.Add(time.Hour)
	stops.Tell(ctx)
	lines()

	recent := stops.Recent()
	if len(recent) != 4 || recent[0].Kind != mailer.Reset || recent[3].Reason != guard.ForAddress || recent[0].To != "a***@example.com" || !recent[0].At.Equal(rig.Noon) {
		t.Errorf("%+v", recent)
	}
	if n := stops.Count(guard.Stop{Kind: mailer.Verify, Reason: guard.ForAddress}); n != 2 {
		t.Errorf("%d counted", n)
	}
}

func TestAFloodOfStoppedMailsIsCountedExactlyAndKeptInPart(t *testing.T) {
	stops := guard.NewStops(sys.System{Now: func() time.Time { return rig.Noon }}, slog.New(slog.DiscardHandler))
	ada := rig.Email(t, "ada@example.com")
	race.Together(30, func(int) error {
		for range 10 {
			stops.Add(context.Background(), mailer.Verify, guard.ForBlock, ada)
		}
		return nil
	})
	if n, kept := stops.Count(guard.Stop{Kind: mailer.Verify, Reason: guard.ForBlock}), len(stops.Recent()); n != 300 || kept != 50 {
		t.Errorf("%d counted, %d kept", n, kept)
	}
}

// Every mail that Add may record has a counter.
func TestEverySortOfStopIsListed(t *testing.T) {
	seen := map[guard.Stop]bool{}
	for _, sort := range new(guard.Stops).Sorts() {
		if seen[sort] {
			t.Errorf("%v twice", sort)
		}
		seen[sort] = true
	}
	if len(seen) != 9 || !seen[guard.Stop{Kind: mailer.OAuthCode, Reason: guard.ForLogin}] {
		t.Errorf("%v", seen)
	}
}
