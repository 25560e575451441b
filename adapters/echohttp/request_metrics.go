package echohttp

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts and times answers by method, route template and status: every label from a set that we chose.
type metrics struct{ durations *prometheus.HistogramVec }

// newMetrics registers with reg, which may be nil: then nothing is measured. The public and the admin listener share what is
// registered.
func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	if reg == nil {
		return &metrics{}, nil
	}
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "signet", Subsystem: "http", Name: "request_duration_seconds",
		Help:    "Time from the end of the request's headers to the end of its answer.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"method", "route", "status"})
	err := reg.Register(durations)
	if registered, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if same, ok := registered.ExistingCollector.(*prometheus.HistogramVec); ok {
			return &metrics{same}, nil
		}
	}
	return &metrics{durations}, err
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	if m.durations != nil {
		m.durations.WithLabelValues(knownMethod(method), route, strconv.Itoa(status)).Observe(took.Seconds())
	}
}
