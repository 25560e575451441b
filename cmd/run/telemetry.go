package run

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/adapters/telemetry"
)

// telemetrySetup is what a server is watched by.
type telemetrySetup struct {
	registry telemetry.Registry
	meters   meters
	tracing  *telemetry.Tracing // nil: no traces
	tracer   trace.Tracer       // nil: likewise
}

// openTelemetry is the first that is opened, so that it is closed last: the last seconds of a stop are what operators look for.
func (s *Server) openTelemetry() (t telemetrySetup, err error) {
	if t.tracing, err = s.config.openTracing(s.log); err != nil {
		return t, err
	}
	t.tracer = t.tracing.Tracer()
	s.onClose(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		t.tracing.Stop(ctx)
	})
	if t.registry, err = telemetry.NewRegistry(Version()); err != nil {
		return t, err
	}
	t.meters, err = newMeters(t.registry, s.config.limits())
	return t, err
}
