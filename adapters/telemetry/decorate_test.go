package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/adapters/telemetry"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/provider"
)

// failing is a provider and a mail server that end as they are told.
type failing struct {
	provider.Provider

	err error
}

func (f *failing) Info() provider.Info { return provider.Info{Name: "acme"} }

func (f *failing) Begin(context.Context, provider.Attempt) (string, error) { return "", f.err }

func (f *failing) Complete(context.Context, provider.Attempt, provider.Answer) (provider.Profile, error) {
	return provider.Profile{}, f.err
}

func (f *failing) Send(context.Context, mailer.Message) error { return f.err }

// observed are the labels of what a histogram has seen.
func observed(t *testing.T, h *prometheus.HistogramVec) (labels []string) {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(h)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range families[0].GetMetric() {
		text := fmt.Sprint(m.GetHistogram().GetSampleCount())
		for _, l := range m.GetLabel() {
			text += " " + l.GetValue()
		}
		labels = append(labels, text)
	}
	return labels
}

func TestWhatIsSlowIsMeasured(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	within, root := tracer.Start(t.Context(), "request")
	defer root.End()
	outside := &failing{}
	ends := []error{nil, domain.ErrProviderFailed, errors.New("ada@example.com"), fmt.Errorf("550: %w", mailer.ErrPermanent)}
	for name, part := range map[string]struct {
		labels []string
		call   func(context.Context, *prometheus.HistogramVec, trace.Tracer)
		want   []string
		spans  []string
	}{
		"of a provider": {
			[]string{"provider", "call", "outcome"},
			func(ctx context.Context, took *prometheus.HistogramVec, tracer trace.Tracer) {
				p := &telemetry.Provider{Provider: outside, Took: took, Tracer: tracer}
				_, _ = p.Begin(ctx, provider.Attempt{})
				_, _ = p.Complete(ctx, provider.Attempt{}, provider.Answer{})
			},
			[]string{"1 begin provider_failed acme", "1 begin succeeded acme", "2 begin failed acme", "1 complete provider_failed acme", "1 complete succeeded acme", "2 complete failed acme"},
			[]string{"provider begin", "provider complete"},
		},
		"of a mail server": {
			[]string{"outcome"},
			func(ctx context.Context, took *prometheus.HistogramVec, tracer trace.Tracer) {
				_ = (&telemetry.Transport{Next: outside, Took: took, Tracer: tracer}).Send(ctx, mailer.Message{})
			},
			[]string{"1 refused", "1 sent", "2 failed"},
			[]string{"mail send"},
		},
	} {
		took := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "x"}, part.labels)
		for _, outside.err = range ends {
			part.call(t.Context(), took, nil)
		}
		got := observed(t, took)
		slices.Sort(got)
		slices.Sort(part.want)
		if !slices.Equal(got, part.want) {
			t.Errorf("%s: %q", name, got)
		}
		outside.err = nil
		part.call(t.Context(), took, tracer) // in no trace
		part.call(within, took, tracer)
		var names []string
		for _, span := range spans.Ended() {
			names = append(names, span.Name())
		}
		if spans.Reset(); !slices.Equal(names, part.spans) {
			t.Errorf("%s: spans %q", name, names)
		}
	}
}
