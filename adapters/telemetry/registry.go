package telemetry

import (
	"fmt"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Registry is a set of metrics that the caller owns and serves: a prometheus.Registry that knows the process already. It is
// safe for concurrent use.
type Registry struct{ *prometheus.Registry }

// NewRegistry makes a registry with the metrics of the Go runtime and the process, and signet_build_info.
func NewRegistry(version string) (Registry, error) {
	r := Registry{prometheus.NewRegistry()}
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "signet_build_info",
		Help:        "1, with the versions of the program and of Go as labels.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
	return r, r.Add(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), build)
}

// Gauge registers a value that goes up and down, read at every scrape: the function must be quick and safe for concurrent use. Labels are
// constant; the same name with other labels is another series. The error means that the name is taken or invalid.
func (r Registry) Gauge(name, help string, labels map[string]string, read func() float64) error {
	return r.Add(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, read))
}

// Counter registers a value that only goes up; the rest is as for Gauge.
func (r Registry) Counter(name, help string, labels map[string]string, read func() float64) error {
	return r.Add(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, read))
}

// Add registers collectors. The error is a name that is taken.
func (r Registry) Add(all ...prometheus.Collector) error {
	for _, c := range all {
		if err := r.Register(c); err != nil {
			return fmt.Errorf("telemetry: %w", err) // it names the metric
		}
	}
	return nil
}
