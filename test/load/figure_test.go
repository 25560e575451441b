package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 2, 9}, 3}} {
		given := append([]float64{}, test.values...)
		if got := median(test.values); got != test.want {
			t.Errorf("median of %v: %v, want %v", test.values, got, test.want)
		}
		if diff := cmp.Diff(given, append([]float64{}, test.values...)); diff != "" {
			t.Errorf("median sorted its argument:\n%s", diff)
		}
	}
}

func TestQuantileIsANearestRank(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[99-i] = time.Duration(i + 1)
	}
	for _, test := range []struct {
		values []time.Duration
		q      float64
		want   time.Duration
	}{{nil, 0.5, 0}, {hundred[:1], 0.99, 100}, {hundred, 0.50, 50}, {hundred, 0.99, 99}, {hundred, 1, 100}, {hundred, 0, 1}, {hundred[98:], 0.5, 1}} {
		if got := quantile(test.values, test.q); got != test.want {
			t.Errorf("%v of %d values: %d, want %d", test.q, len(test.values), got, test.want)
		}
	}
}

func TestSummary(t *testing.T) {
	round := func(cpu time.Duration, ratio float64, failed int, why string) sample {
		return sample{
			cpu: cpu, toLivez: ratio, postgres: -1,
			closed: outcome{took: []time.Duration{1, 2, 3, 4}, elapsed: 2 * time.Second, failed: failed, why: why},
			open:   outcome{took: []time.Duration{7}},
		}
	}
	got := summarize("me", "a", []sample{round(30, 3, 0, ""), round(10, 1, 2, "answer 500"), round(20, 2, 1, "answer 503")})
	want := figure{
		operation: "me", target: "a", perSecond: 2, cpu: 20, postgres: -1, toLivez: 2, lowest: 1, highest: 3,
		p50: 2, p99: 4, openP50: 7, openP99: 7, answered: 15, failed: 3, why: "answer 500",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(figure{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if failures([]figure{got}) == nil {
		t.Error("a run with failures is a success")
	}
}
