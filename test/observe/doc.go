// Package observe checks what operators watch Signet by against a server that runs: the metrics and their list, dashboards, alerts, the fields of
// the log, and traces.
//
// promtool is Prometheus' own (Debian: prometheus). Without it what needs it is skipped, or fails where SIGNET_TEST_BACKENDS=required.
package observe

//go:generate go test -count=1 -run TestTheListOfMetricsIsCurrent -update .
