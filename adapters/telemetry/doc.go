// Package telemetry is what operators see: the log, the metrics and the traces.
//
// The flow of a record: code logs with slog and the context of its request; [NewLogger]'s handler adds the IDs of the request
// (sys.WithRequestID) and of the trace, then every attribute, however deep in groups, passes redact: values under names that speak of
// secrets are replaced, and all other text, errors and messages included, is scanned for what our own secrets look like. That is a net under the types
// that print as "[redacted]" by themselves, not a licence to log a token. Last, the names of ECS are put in place and JSON
// makes sure that a record stays one line.
//
// Metrics live in a registry that the caller owns; there is no global one. All that is measured is declared in cmd/run/metrics.go;
// docs/metrics.md lists it.
//
// Traces are made by [Tracing] where a collector is configured. Adapters get a tracer, or nil and do nothing; ports behind which something may
// be slow are decorated here ([Limiter], [Transport], [Provider]), which also counts what they do. A span has names, numbers and codes of ours
// and never text that somebody sent: no statement, no path, no error.
package telemetry
