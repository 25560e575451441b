package run

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/signet-auth/signet/adapters/telemetry"
	"github.com/signet-auth/signet/domain"
)

// tracingSettings are the standard ones of OpenTelemetry, as far as they concern traces.
type tracingSettings struct {
	Collector       string
	TracesCollector string
	TraceHeaders    domain.Secret
	TraceProtocol   string
	Sampler         string
	SamplerArg      string
	ServiceName     string
	ResourceAttrs   string
	TracesDisabled  onOff
}

func (t *tracingSettings) group() group {
	return group{title: "Traces (optional): OpenTelemetry over OTLP", check: t.check, settings: []setting{
		{
			name: "OTEL_EXPORTER_OTLP_ENDPOINT", into: &t.Collector, limit: texts("an http:// or https:// address such as http://127.0.0.1:4318", isBase), empty: "no traces",
			text: "Where a collector takes OTLP over HTTP; /v1/traces is added. Empty: no traces",
		},
		{
			name: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", into: &t.TracesCollector, limit: texts("an http:// or https:// address", isBase),
			text: "The same as a whole address, for traces alone; it comes first",
		},
		{
			name: "OTEL_EXPORTER_OTLP_HEADERS", into: &t.TraceHeaders, secret: true, limit: form("name=value,name=value"),
			text: "Headers that the collector wants, such as Authorization=Bearer%20abc: names and values percent-encoded",
		},
		{
			name: "OTEL_EXPORTER_OTLP_PROTOCOL", into: &t.TraceProtocol, preset: "http/protobuf",
			text: "http/protobuf is all that Signet speaks; the port of collectors for it is 4318",
		},
		{
			name: "OTEL_TRACES_SAMPLER", into: &t.Sampler, preset: "parentbased_always_on", words: telemetry.Samplers(),
			text: "Which traces are kept. A parent is what a proxy in TRUSTED_PROXIES names; nobody else chooses",
		},
		{
			name: "OTEL_TRACES_SAMPLER_ARG", into: &t.SamplerArg, preset: "1", text: "The share of traces that traceidratio keeps: 0.05 is one in twenty",
			limit: texts("a number from 0 to 1", func(text string) bool { _, ok := telemetry.ParseRatio(text); return ok }),
		},
		{name: "OTEL_SERVICE_NAME", into: &t.ServiceName, preset: "signet", text: "The name of this service in traces and in the log"},
		{
			name: "OTEL_RESOURCE_ATTRIBUTES", into: &t.ResourceAttrs, limit: form("name=value,name=value"),
			text: "What else is said of this service in traces: deployment.environment.name=production,service.namespace=shop",
		},
		{name: "OTEL_SDK_DISABLED", into: &t.TracesDisabled, preset: "off", text: "No traces, whatever the other settings say"},
	}}
}

func (t *tracingSettings) check(bad func(ok bool, format string, args ...any)) {
	_, err := pairs(t.TraceHeaders.Reveal())
	bad(err == nil, "OTEL_EXPORTER_OTLP_HEADERS %w", err)
	_, err = pairs(t.ResourceAttrs)
	bad(err == nil, "OTEL_RESOURCE_ATTRIBUTES %w", err)
	bad(t.tracesTo() == "" || t.TraceProtocol == "http/protobuf", "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf: collectors take that at port 4318")
}

// tracesTo is the whole address of the collector; empty for no traces.
func (t *tracingSettings) tracesTo() string {
	switch {
	case bool(t.TracesDisabled):
		return ""
	case t.TracesCollector != "" || t.Collector == "":
		return t.TracesCollector
	}
	return strings.TrimSuffix(t.Collector, "/") + "/v1/traces"
}

// pairs reads name=value,name=value, both percent-encoded.
func pairs(text string) (map[string]string, error) {
	all := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name, errName := url.PathUnescape(strings.TrimSpace(name))
		value, errValue := url.PathUnescape(strings.TrimSpace(value))
		if !ok || name == "" || errName != nil || errValue != nil || strings.ContainsAny(name+value, "\r\n\x00") {
			return nil, errors.New("must be name=value,name=value, percent-encoded where they hold a comma or an equals sign")
		}
		all[name] = value
	}
	return all, nil
}

// openTracing is nil without a collector.
func (t *tracingSettings) openTracing(log *slog.Logger) (*telemetry.Tracing, error) {
	to := t.tracesTo()
	if to == "" {
		return nil, nil //nolint:nilnil // nil makes no traces
	}
	named, err := pairs(t.TraceHeaders.Reveal())
	if err != nil {
		return nil, err
	}
	attributes, err := pairs(t.ResourceAttrs)
	if err != nil {
		return nil, err
	}
	headers := http.Header{}
	for name, value := range named {
		headers.Set(name, value)
	}
	ratio, _ := telemetry.ParseRatio(t.SamplerArg)
	return telemetry.NewTracing(telemetry.TracingOptions{
		Endpoint: to, Headers: headers, Sampler: t.Sampler, Ratio: ratio, Service: t.ServiceName, Version: Version(), Attributes: attributes, Log: log,
	})
}
