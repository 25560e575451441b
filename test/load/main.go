// Load measures a running server from outside: throughput, latency, and what the server's process costs.
//
//	go run ./test/load                                            SQLite, everything in process
//	go run ./test/load -postgres postgresql://… -redis redis://…  the same against these
//	go run ./test/load -b ./bin/signet-before                     two builds in turn
//	go run ./test/load revocations -followers 100                 how soon services refuse a token after a logout
//
// It builds the server, starts it on loopback, makes its users through the API, and then drives each operation in rounds:
//
//	target ─► population ─► operation ─► closed loop, open loop ─► sample ─► median of the rounds ─► report
//
// CPU is read from /proc, of the server's process alone, so what the client spends does not count. Figures differ between
// machines and moments; the ratio to /livez of the same round is what the budgets are in, and what one may compare.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// longest bounds a whole run.
const longest = 20 * time.Minute

// options are the flags.
type options struct {
	a, b        string
	postgres    string
	redis       string
	postgresPID int
	cores       string
	rounds      int
	slot        time.Duration
	rate        float64
	bcrypt      int
	only        string
	profiles    string
	starts      int
	folder      string // for everything that is made
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	err := load(ctx, os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to defer: what was started is stopped
	}
}

func load(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "revocations" {
		return revocations(ctx, args[1:], os.Stdout)
	}
	o, err := parse(args, os.Stderr)
	if err != nil {
		return err
	}
	return measureServers(ctx, o, os.Stdout)
}

func parse(args []string, help io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("load", flag.ContinueOnError)
	f.SetOutput(help)
	const form = " a program, or URL,ADMIN_URL[,PID] of a server that runs already on this machine"
	f.StringVar(&o.a, "a", "", "the server:"+form+" (built from this tree)")
	f.StringVar(&o.b, "b", "", "a second server, measured in turn:"+form)
	f.StringVar(&o.postgres, "postgres", "", "DATABASE_URI of an empty database on this machine (SQLite)")
	f.StringVar(&o.redis, "redis", "", "REDIS_URL on this machine (none)")
	f.IntVar(&o.postgresPID, "postgres-pid", 0, "the postmaster, to report what Postgres costs")
	f.StringVar(&o.cores, "cores", "", "pin servers to these cores by taskset, such as 1")
	f.IntVar(&o.rounds, "rounds", 3, "rounds; figures are their medians")
	f.DurationVar(&o.slot, "slot", time.Second, "how long each operation is driven per round, in either loop")
	f.Float64Var(&o.rate, "rate", 200, "requests per second of the open loop; 0: no open loop")
	f.IntVar(&o.bcrypt, "bcrypt", 10, "cost at which login, register and the flood are measured; 0: not at all")
	f.StringVar(&o.only, "only", "", "only these operations, separated by commas; livez is always measured")
	f.StringVar(&o.profiles, "profiles", "", "folder for a CPU profile of each operation, taken in a round of its own")
	f.IntVar(&o.starts, "starts", 5, "how many cold starts are timed")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.rounds < 1 || o.rounds > 50 || o.slot <= 0 || o.slot > time.Minute || o.starts < 1 || o.starts > 50 {
		return o, errors.New("rounds and starts are from 1 to 50, slots up to 1m")
	}
	for _, url := range []string{o.postgres, o.redis} {
		if url != "" && !isLoopback(url) {
			return o, errors.New("databases must be on this machine: everything in them is load")
		}
	}
	return o, nil
}

// measureServers measures and reports.
func measureServers(ctx context.Context, o options, out io.Writer) (err error) {
	if o.folder, err = os.MkdirTemp("", "signet-load-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.folder)) }()
	targets, err := openTargets(ctx, o, lowestCost)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopAll(targets)) }()
	for _, t := range targets {
		if err := t.measureStarts(ctx, o.starts); err != nil {
			return err
		}
	}
	measured, err := measureOperations(ctx, o, targets)
	if err != nil {
		return err
	}
	for _, t := range targets {
		t.loaded = t.memory()
	}
	reportOperations(out, targets, measured)
	reportProcesses(out, targets)
	if o.bcrypt == 0 {
		return failures(measured.figures)
	}
	if err := stopAll(targets); err != nil {
		return err
	}
	targets = nil
	hashing, err := measureHashing(ctx, o)
	if err != nil {
		return err
	}
	reportHashing(out, hashing)
	return failures(measured.figures)
}

// failures makes a run that saw a wrong answer fail: a server that refuses is a fast one.
func failures(figures []figure) error {
	var wrong []string
	for _, f := range figures {
		if f.failed > 0 {
			wrong = append(wrong, fmt.Sprintf("%s at %s: %d (%s)", f.operation, f.target, f.failed, f.why))
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return errors.New("wrong answers: " + strings.Join(wrong, "; "))
}
