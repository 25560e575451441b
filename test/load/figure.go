package main

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// figure is what the rounds of one operation at one target came to: medians, and all failures.
type figure struct {
	operation, target string
	perSecond         float64
	cpu, postgres     time.Duration // per operation; negative: unknown
	toLivez           float64
	lowest, highest   float64       // of toLivez
	p50, p99          time.Duration // closed loop
	openP50, openP99  time.Duration // open loop
	answered, failed  int
	why               string
}

func summarize(operation, target string, samples []sample) figure {
	f := figure{operation: operation, target: target}
	ratios := collect(samples, func(s sample) float64 { return s.toLivez })
	f.toLivez, f.lowest, f.highest = median(ratios), slices.Min(ratios), slices.Max(ratios)
	f.perSecond = median(collect(samples, func(s sample) float64 { return float64(len(s.closed.took)) / s.closed.elapsed.Seconds() }))
	f.cpu = median(collect(samples, func(s sample) time.Duration { return s.cpu }))
	f.postgres = median(collect(samples, func(s sample) time.Duration { return s.postgres }))
	f.p50 = median(collect(samples, func(s sample) time.Duration { return quantile(s.closed.took, 0.50) }))
	f.p99 = median(collect(samples, func(s sample) time.Duration { return quantile(s.closed.took, 0.99) }))
	f.openP50 = median(collect(samples, func(s sample) time.Duration { return quantile(s.open.took, 0.50) }))
	f.openP99 = median(collect(samples, func(s sample) time.Duration { return quantile(s.open.took, 0.99) }))
	for _, s := range samples {
		f.answered += len(s.closed.took) + len(s.open.took)
		f.failed += s.closed.failed + s.open.failed
		f.why = cmp.Or(f.why, s.closed.why, s.open.why)
	}
	return f
}

func collect[T any](samples []sample, of func(sample) T) []T {
	all := make([]T, len(samples))
	for i, s := range samples {
		all[i] = of(s)
	}
	return all
}

// median is the middle of the values, or the mean of the two in the middle; zero of none.
func median[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return sorted[middle-1]/2 + sorted[middle]/2
}

// quantile is the smallest value that at least the fraction q of the values does not exceed (nearest rank); zero of none.
func quantile(values []time.Duration, q float64) time.Duration {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
