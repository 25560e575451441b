package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// sample is one operation at one target in one round.
type sample struct {
	closed, open outcome
	cpu          time.Duration // of the server, per operation of the closed loop; negative: unknown
	postgres     time.Duration // likewise
	toLivez      float64       // cpu as a multiple of livez's in the same round
}

// result is what a run came to.
type result struct {
	figures      []figure
	sign, verify time.Duration // CPU of one ES256 signature and verification, in this process
}

// measureStarts starts a server again and again on the data it has, so that migrations are applied, and reads what it holds
// while nobody asks for anything.
func (t *target) measureStarts(ctx context.Context, count int) error {
	if t.program == "" {
		return nil
	}
	t.starts = nil
	for range count {
		if err := t.stop(); err != nil {
			return err
		}
		if err := t.start(ctx); err != nil {
			return err
		}
	}
	time.Sleep(2 * time.Second) // what only the start needed is given back
	t.settle()
	t.idle = t.memory()
	return nil
}

// measureOperations drives every operation at every target in rounds, so that a moment in which the machine was busy with
// something else falls on all alike.
func measureOperations(ctx context.Context, o options, targets []*target) (result, error) {
	var r result
	all := make([][]operation, len(targets))
	for i, t := range targets {
		var err error
		if all[i], err = operations(t.people); err != nil {
			return r, err
		}
	}
	var signs, verifies []time.Duration
	samples := map[string][]sample{}
	key := func(name string, t *target) string { return name + "@" + t.name }
	// A build from before an operation does not have it.
	at := func(i int, name string) (operation, bool) {
		n := slices.IndexFunc(all[i], func(op operation) bool { return op.name == name })
		if n < 0 || !o.wants(name) {
			return operation{}, false
		}
		return all[i][n], true
	}
	for round := range o.rounds {
		sign, verify, err := es256CPU(o.slot)
		if err != nil {
			return r, err
		}
		signs, verifies = append(signs, sign), append(verifies, verify)
		livezCPU := map[string]time.Duration{}
		for _, op := range all[0] {
			for i := range targets {
				i := (i + round) % len(targets) // who comes first is warm, or not
				t := targets[i]
				op, ok := at(i, op.name)
				if !ok {
					continue
				}
				s, err := t.measure(ctx, o, op)
				if err != nil {
					return r, fmt.Errorf("%s at %s: %w", op.name, t.name, err)
				}
				if op.name == livez {
					livezCPU[t.name] = s.cpu
				}
				s.toLivez = float64(s.cpu) / float64(livezCPU[t.name])
				samples[key(op.name, t)] = append(samples[key(op.name, t)], s)
			}
		}
	}
	for _, op := range all[0] {
		for i, t := range targets {
			op, ok := at(i, op.name)
			if !ok {
				continue
			}
			r.figures = append(r.figures, summarize(op.name, t.name, samples[key(op.name, t)]))
			if err := t.profile(ctx, o, op); err != nil {
				return r, err
			}
		}
	}
	r.sign, r.verify = median(signs), median(verifies)
	return r, nil
}

func (o options) wants(name string) bool {
	return name == livez || o.only == "" || slices.Contains(strings.Split(o.only, ","), name)
}

// measure drives one operation in both loops. What the server still does after its answers (mail, say) belongs to the cost.
func (t *target) measure(ctx context.Context, o options, op operation) (s sample, err error) {
	t.settle()
	cpu, database := t.cpu(), postgresCPU(o)
	if s.closed, err = closed(ctx, t.url, op, o.slot); err != nil {
		return s, err
	}
	t.settle()
	s.cpu = each(t.cpu()-cpu, cpu, s.closed)
	s.postgres = each(postgresCPU(o)-database, database, s.closed)
	if o.rate > 0 {
		s.open, err = open(ctx, t.url, op, o.slot, o.rate)
	}
	return s, err
}

// each is the share of one answer, good or not: both cost.
func each(spent, before time.Duration, o outcome) time.Duration {
	if before < 0 || len(o.took)+o.failed == 0 {
		return -1
	}
	return spent / time.Duration(len(o.took)+o.failed)
}

// settle waits until the server has nothing to do, for 20 s at most.
func (t *target) settle() {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		before := t.cpu()
		time.Sleep(150 * time.Millisecond)
		if t.cpu()-before <= tick {
			return
		}
	}
}

// cpu is what the server has used so far; negative when its process is not known.
func (t *target) cpu() time.Duration {
	u, err := usageOf(t.pid)
	if t.pid == 0 || err != nil {
		return -1
	}
	return u.own
}

func (t *target) memory() memory {
	m, _ := memoryOf(t.pid) // zero where it is not known, which the report shows as such
	return m
}

func postgresCPU(o options) time.Duration {
	if o.postgresPID == 0 {
		return -1
	}
	cpu, err := familyCPU(o.postgresPID)
	if err != nil {
		return -1
	}
	return cpu
}
