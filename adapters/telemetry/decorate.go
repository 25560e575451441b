package telemetry

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/provider"
	"github.com/signet-auth/signet/ports/transient"
)

// The types below decorate ports behind which something may be slow or refuse. Each counts calls of the next one, and makes a span of each
// call within a trace.

// Limiter is a transient.Limiter.
type Limiter struct {
	Next    transient.Limiter
	Refused *prometheus.CounterVec // by limit
	Tracer  trace.Tracer           // nil: no spans
	System  string                 // what counts, for spans
}

// Take counts refusals only: nearly every call is allowed, and every request makes one.
func (l *Limiter) Take(ctx context.Context, limit transient.Limit, key string) transient.Decision {
	defer l.begin(ctx, "take", limit)()
	decision := l.Next.Take(ctx, limit, key)
	if !decision.Allowed {
		l.Refused.WithLabelValues(limit.Name).Inc()
	}
	return decision
}

// Return passes on.
func (l *Limiter) Return(ctx context.Context, limit transient.Limit, key string) {
	defer l.begin(ctx, "return", limit)()
	l.Next.Return(ctx, limit, key)
}

// Forgive passes on.
func (l *Limiter) Forgive(ctx context.Context, limit transient.Limit, key string) {
	defer l.begin(ctx, "forgive", limit)()
	l.Next.Forgive(ctx, limit, key)
}

func (l *Limiter) begin(ctx context.Context, call string, limit transient.Limit) func() {
	if l.Tracer == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return nothing
	}
	_, span := l.Tracer.Start(ctx, "limit "+call, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("db.system.name", l.System), attribute.String("signet.limit", limit.Name),
	))
	return func() { span.End() }
}

func nothing() {}

// Transport is a mailer.Transport.
type Transport struct {
	Next   mailer.Transport
	Took   *prometheus.HistogramVec // seconds by outcome: those of MailOutcomes
	Tracer trace.Tracer             // nil: no spans
}

// MailOutcomes are the possible results of a mail: accepted, refused for good, or to be tried again.
func MailOutcomes() []string { return []string{"sent", "refused", "failed"} }

// Send measures how long the mail server took.
func (t *Transport) Send(ctx context.Context, m mailer.Message) error {
	begun := time.Now()
	ctx, done := step(ctx, t.Tracer, "mail send")
	err := t.Next.Send(ctx, m)
	done(err)
	outcome := "sent"
	switch {
	case errors.Is(err, mailer.ErrPermanent):
		outcome = "refused"
	case err != nil:
		outcome = "failed"
	}
	t.Took.WithLabelValues(outcome).Observe(time.Since(begun).Seconds())
	return err
}

// Provider is a provider.Provider.
type Provider struct {
	provider.Provider

	Took   *prometheus.HistogramVec // seconds by provider, call and outcome: "succeeded" or the code of the failure
	Tracer trace.Tracer             // nil: no spans
}

// Begin measures how long it takes to find out where to send the browser.
func (p *Provider) Begin(ctx context.Context, a provider.Attempt) (string, error) {
	ctx, done := p.call(ctx, "begin")
	url, err := p.Provider.Begin(ctx, a)
	done(err)
	return url, err
}

// Complete measures how long the provider takes to identify a person.
func (p *Provider) Complete(ctx context.Context, a provider.Attempt, answer provider.Answer) (provider.Profile, error) {
	ctx, done := p.call(ctx, "complete")
	profile, err := p.Provider.Complete(ctx, a, answer)
	done(err)
	return profile, err
}

func (p *Provider) call(ctx context.Context, call string) (context.Context, func(error)) {
	begun, name := time.Now(), p.Info().Name
	ctx, done := step(ctx, p.Tracer, "provider "+call, attribute.String("signet.provider", name))
	return ctx, func(err error) {
		done(err)
		p.Took.WithLabelValues(name, call, code(err)).Observe(time.Since(begun).Seconds())
	}
}

// step begins a span within a trace.
func step(ctx context.Context, tracer trace.Tracer, name string, attributes ...attribute.KeyValue) (context.Context, func(error)) {
	if tracer == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, func(error) {}
	}
	ctx, span := tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	return ctx, func(err error) { end(span, err) }
}

// code is the result of a call, from a small set.
func code(err error) string {
	if err == nil {
		return "succeeded"
	}
	if known, ok := errors.AsType[*domain.Error](err); ok {
		return known.Code
	}
	return "failed"
}
