// Package telemetry is what operators see: the log, the metrics and the traces.
//
// The flow of a record: code logs with slog and the context of its request; [NewLogger]'s handler adds the IDs of the request
// (sys.WithRequestID) and of the trace, then every attribute, however deep in groups, passes redact: values under names that speak of
// secrets are replaced, and all other text, including errors and messages, is scanned for text that looks like one of our secrets. This is
// a safety net for the types that print as "[redacted]" by themselves, not a licence to log a token. Finally the names of ECS are set, and
// JSON keeps each record on one line.
//
// Metrics live in a registry that the caller owns; there is no global one. All metrics are declared in cmd/run/metrics.go; docs/metrics.md
// lists it.
//
// Traces are made by [Tracing] where a collector is configured. Adapters get a tracer, or nil and do nothing; ports behind which something
// may be slow are decorated here ([Limiter], [Transport], [Provider]), which also counts what they do. A span has our names, numbers and
// codes, and never text from outside: no statement, no path, no error.
package telemetry
