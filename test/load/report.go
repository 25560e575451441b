package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// reportOperations writes the table of the operations.
func reportOperations(out io.Writer, targets []*target, r result) {
	figures := r.figures
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	line("| operation | server | per second | CPU ms | × livez (min–max) | Postgres ms | p50 | p99 ms | open loop p50 | p99 ms | answers | failed |")
	line("|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, f := range figures {
		line("| %s | %s | %.0f | %s | %.2f (%.2f–%.2f) | %s | %s | %s | %s | %s | %d | %d |",
			f.operation, f.target, f.perSecond, millis(f.cpu), f.toLivez, f.lowest, f.highest, millis(f.postgres),
			millis(f.p50), millis(f.p99), millis(f.openP50), millis(f.openP99), f.answered, f.failed)
	}
	line("\nOne ES256 signature %s ms, one verification %s ms", millis(r.sign), millis(r.verify))
	if len(targets) < 2 {
		return
	}
	line("\n| operation | CPU b/a | throughput b/a |\n|---|---|---|")
	for i := range figures[1:] {
		a, b := figures[i], figures[i+1]
		if a.operation != b.operation {
			continue
		}
		line("| %s | %.2f | %.2f |", a.operation, float64(b.cpu)/float64(a.cpu), b.perSecond/a.perSecond)
	}
}

// reportProcesses writes what the processes take.
func reportProcesses(out io.Writer, targets []*target) {
	_, _ = fmt.Fprint(out, "\n| server | program MiB | cold start ms | idle RSS MiB (anon + file) | after load |\n|---|---|---|---|---|\n")
	for _, t := range targets {
		size := int64(0)
		if info, err := os.Stat(t.program); err == nil {
			size = info.Size()
		}
		_, _ = fmt.Fprintf(out, "| %s | %s | %s | %s | %s |\n", t.name, mib(size), millis(median(t.starts)), t.idle, t.loaded)
	}
}

// reportHashing writes what passwords cost.
func reportHashing(out io.Writer, all []hashing) {
	for _, h := range all {
		_, _ = fmt.Fprintf(out, "\nServer %s at bcrypt cost %d: one bcrypt %s ms, login %s ms CPU (× %.3f) + %s ms Postgres, register %s ms CPU (× %.3f) + %s ms Postgres\n",
			h.target, h.cost, millis(h.primitive), millis(h.login.cpu), h.loginToBcrypt, millis(h.login.postgres),
			millis(h.register.cpu), h.registerTo, millis(h.register.postgres))
		shed, wrong := h.shed()
		_, _ = fmt.Fprintf(out, "me at %d/s: p50 %s, p99 %s ms; while %d clients log in (%d did, %d were shed, %d failed): p50 %s, p99 %s ms, %d failed\n",
			floodRate, millis(quantile(h.calm.took, 0.50)), millis(quantile(h.calm.took, 0.99)), floodClients, len(h.logins.took), shed, wrong,
			millis(quantile(h.flooded.took, 0.50)), millis(quantile(h.flooded.took, 0.99)), h.flooded.failed)
	}
}

// String is the form of the report.
func (m memory) String() string {
	return fmt.Sprintf("%s (%s + %s)", mib(m.rss), mib(m.anon), mib(m.file))
}

func mib(bytes int64) string {
	if bytes == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f", float64(bytes)/(1<<20))
}

func millis(d time.Duration) string {
	if d <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond))
}
