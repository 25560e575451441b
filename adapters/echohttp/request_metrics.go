package echohttp

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the metrics of requests. nil parts are left out. Every label is from a fixed set.
type Metrics struct {
	// Durations are the seconds of answers, by method, route template and status.
	Durations *prometheus.HistogramVec
	// Outcomes count calls, by operation and by how they ended: "succeeded", "client_gone", or the code of the failure.
	Outcomes *prometheus.CounterVec
}

func (m Metrics) observe(method, route string, status int, took time.Duration) {
	if m.Durations != nil {
		m.Durations.WithLabelValues(knownMethod(method), route, strconv.Itoa(status)).Observe(took.Seconds())
	}
}

// outcomes count the calls of one operation.
type outcomes struct {
	all       *prometheus.CounterVec
	operation string
	succeeded prometheus.Counter // looked up once: nearly all calls succeed
}

// of is nil where nothing is counted.
func (m Metrics) of(operation string) *outcomes {
	if m.Outcomes == nil {
		return nil
	}
	return &outcomes{m.Outcomes, operation, m.Outcomes.WithLabelValues(operation, "succeeded")}
}

func (o *outcomes) count(status int, failure error) {
	switch {
	case o == nil:
	case status == statusClientGone:
		o.all.WithLabelValues(o.operation, "client_gone").Inc()
	case failure != nil:
		_, public := Classify(failure)
		o.all.WithLabelValues(o.operation, public.Code).Inc()
	case status >= http.StatusBadRequest: // a page without a failure behind it
		o.all.WithLabelValues(o.operation, "failed").Inc()
	default:
		o.succeeded.Inc()
	}
}
