package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/ports/sys"
)

// TracingOptions say where traces are sent, and which are kept.
type TracingOptions struct {
	Endpoint   string // the collector's address for traces, whole
	Headers    http.Header
	Sampler    string // one of Samplers
	Ratio      float64
	Service    string
	Version    string
	Attributes map[string]string // of the resource
	Log        *slog.Logger
}

// Tracing makes spans and sends them to a collector. nil makes none and costs nothing.
type Tracing struct{ provider *sdktrace.TracerProvider }

// exportTimeout is how long a batch of spans is tried to be sent.
const exportTimeout = 10 * time.Second

// NewTracing begins to send; a collector that is down is no error. The only error is an unknown sampler.
func NewTracing(o TracingOptions) (*Tracing, error) {
	sampler, known := samplers(o.Ratio)[o.Sampler]
	if !known {
		return nil, fmt.Errorf("telemetry: no sampler is called %q", o.Sampler)
	}
	attributes := make([]attribute.KeyValue, 0, len(o.Attributes)+2)
	for key, value := range o.Attributes {
		attributes = append(attributes, attribute.String(key, value))
	}
	attributes = append(attributes, attribute.String("service.name", o.Service), attribute.String("service.version", o.Version))
	return &Tracing{sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sampler),
		sdktrace.WithResource(resource.NewSchemaless(attributes...)),
		sdktrace.WithoutPanicRecording(), // the text of a panic may contain anything
		sdktrace.WithBatcher(otlptrace.NewUnstarted(newCollector(o)), sdktrace.WithExportTimeout(exportTimeout)),
	)}, nil
}

// Samplers are the standard names of samplers, which decide which traces are kept.
func Samplers() []string {
	return []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}
}

func samplers(ratio float64) map[string]sdktrace.Sampler {
	all := map[string]sdktrace.Sampler{
		"always_on": sdktrace.AlwaysSample(), "always_off": sdktrace.NeverSample(), "traceidratio": sdktrace.TraceIDRatioBased(ratio),
	}
	for _, root := range []string{"always_on", "always_off", "traceidratio"} {
		all["parentbased_"+root] = sdktrace.ParentBased(all[root])
	}
	return all
}

// ParseRatio reads the argument of a sampler.
func ParseRatio(text string) (ratio float64, ok bool) {
	ratio, err := strconv.ParseFloat(text, 64)
	return ratio, err == nil && ratio >= 0 && ratio <= 1
}

// Tracer is what adapters make spans with; nil without traces.
func (t *Tracing) Tracer() trace.Tracer {
	if t == nil {
		return nil
	}
	return t.provider.Tracer("github.com/signet-auth/signet")
}

// Begin is sys.System.Trace; nil without traces.
func (t *Tracing) Begin() func(context.Context, string) (context.Context, func(error)) {
	tracer := t.Tracer()
	if tracer == nil {
		return nil
	}
	return func(ctx context.Context, name string) (context.Context, func(error)) {
		ctx, span := tracer.Start(ctx, name)
		if id := sys.RequestID(ctx); id != "" {
			span.SetAttributes(attribute.String("http.request.id", id))
		}
		return ctx, func(err error) { end(span, err) }
	}
}

// end records that a step failed, but not how: errors may contain data of clients.
func end(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(attribute.String("error.type", code(err)))
	}
	span.End()
}

// Stop sends what is left, as far as there is time.
func (t *Tracing) Stop(ctx context.Context) {
	if t != nil {
		_ = t.provider.Shutdown(ctx) // failures are in the log
	}
}
