// Package telemetry is what operators see: the log and the metrics.
//
// The flow of a record: code logs with slog and the context of its request; [NewLogger]'s handler adds the request's ID (sys.WithRequestID), then
// every attribute, however deep in groups, passes redact: values under names that speak of secrets are replaced, and all
// other text, errors and messages included, is scanned for what our own secrets look like. That is a net under the types
// that print as "[redacted]" by themselves, not a licence to log a token. Last, the names of ECS are put in place and JSON
// makes sure that a record stays one line.
//
// Metrics live in a registry that the caller owns; there is no global one. What is measured is said in cmd/run/metrics.go, requests aside.
package telemetry
