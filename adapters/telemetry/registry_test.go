package telemetry_test

import (
	"slices"
	"sync/atomic"
	"testing"

	"github.com/signet-auth/signet/adapters/telemetry"
)

// values are the values of the series of a metric, sorted.
func values(t *testing.T, r telemetry.Registry, name string) []float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var found []float64
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			found = append(found, m.GetGauge().GetValue()+m.GetCounter().GetValue())
		}
	}
	slices.Sort(found)
	return found
}

func TestRegistry(t *testing.T) {
	r, err := telemetry.NewRegistry("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"signet_build_info", "go_goroutines", "process_start_time_seconds"} {
		if len(values(t, r, name)) != 1 {
			t.Errorf("no %s", name)
		}
	}

	t.Run("a function is read at every scrape", func(t *testing.T) {
		var n atomic.Int64
		read := func() float64 { return float64(n.Load()) }
		if err := r.Counter("signet_fallbacks_total", "Decisions without Redis.", nil, read); err != nil {
			t.Fatal(err)
		}
		if err := r.Gauge("signet_healthy", "1 when it is.", map[string]string{"what": "redis"}, read); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int64{0, 7} {
			n.Store(want)
			for _, name := range []string{"signet_fallbacks_total", "signet_healthy"} {
				if got := values(t, r, name); !slices.Equal(got, []float64{float64(want)}) {
					t.Errorf("%s = %v, want %d", name, got, want)
				}
			}
		}
	})

	t.Run("one name with other labels is another series, with the same ones an error", func(t *testing.T) {
		one := func() float64 { return 1 }
		for i, labels := range []map[string]string{{"cache": "a"}, {"cache": "b"}, {"cache": "a"}} {
			if err := r.Gauge("signet_cache_entries", "Entries.", labels, one); (err != nil) != (i == 2) {
				t.Errorf("%v: %v", labels, err)
			}
		}
		if got := values(t, r, "signet_cache_entries"); len(got) != 2 {
			t.Errorf("%v", got)
		}
	})

	t.Run("a name that is not legal is an error", func(t *testing.T) {
		if err := r.Gauge("", "Nothing.", nil, func() float64 { return 0 }); err == nil {
			t.Error("no error")
		}
	})

	t.Run("registries are apart", func(t *testing.T) {
		if _, err := telemetry.NewRegistry("1.2.3"); err != nil {
			t.Error(err)
		}
	})
}
