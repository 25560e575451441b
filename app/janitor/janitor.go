// Package janitor removes expired data.
//
//	every few minutes ─► each task in turn, a batch a transaction ─► tasks that had more again
//
// Nothing depends on its timing: every read of a row checks its times, so an expired row counts as absent. It only keeps the tables small,
// and personal data no longer than needed. Any number of replicas may run one; they skip each other's rows.
package janitor

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signet-auth/signet/ports/sys"
)

const (
	// batch is how many rows one transaction removes: few enough to fit the deadline of a statement, and to cause no noticeable wait with a
	// single writer.
	batch = 500
	// pause lets other work go first between the rounds of a long sweep.
	pause = 100 * time.Millisecond
)

// Task is one kind of work.
type Task struct {
	Kind string // in metrics and logs
	// Do does up to n pieces of the due work, and returns how many. If it returns n, there may be more.
	Do func(ctx context.Context, now time.Time, n int) (int, error)
	// Left returns how much is left to do, for operators who wait for the end; it may be nil.
	Left func(ctx context.Context) (int, error)
}

// Janitor runs its tasks periodically.
type Janitor struct {
	System sys.System
	Every  time.Duration
	Tasks  []Task
	Log    *slog.Logger

	done    counts
	failed  counts
	left    counts
	lastRun atomic.Int64 // Unix seconds of the end of the last sweep
}

// Run sweeps until ctx ends. Replicas that were started together drift apart by the jitter.
func (j *Janitor) Run(ctx context.Context) {
	for j.System.Sleep(ctx, j.wait()) == nil {
		j.Sweep(ctx)
	}
}

// wait is 75 % to 125 % of the interval.
func (j *Janitor) wait() time.Duration {
	var jitter [1]byte
	_, _ = j.System.Entropy.Read(jitter[:])
	return j.Every*3/4 + j.Every/2*time.Duration(jitter[0])/256
}

// Sweep does all due work. Tasks take turns, so that a large backlog of one does not hold up the others; a task that fails waits for the
// next sweep.
func (j *Janitor) Sweep(ctx context.Context) {
	now := j.System.Now()
	for tasks := j.Tasks; len(tasks) > 0; {
		var more []Task
		for _, task := range tasks {
			if j.round(ctx, task, now) {
				more = append(more, task)
			}
		}
		if tasks = more; len(tasks) > 0 && j.System.Sleep(ctx, pause) != nil {
			return
		}
	}
	if ctx.Err() == nil {
		j.lastRun.Store(j.System.Now().Unix())
	}
}

// round does one batch of a task and tells whether there may be more.
func (j *Janitor) round(ctx context.Context, task Task, now time.Time) (more bool) {
	n, err := task.Do(ctx, now, batch)
	j.done.add(task.Kind, n)
	if err == nil && task.Left != nil {
		var left int
		if left, err = task.Left(ctx); err == nil {
			j.left.set(task.Kind, left)
		}
	}
	if err != nil {
		if ctx.Err() == nil {
			j.failed.add(task.Kind, 1)
			j.Log.WarnContext(ctx, "the janitor could not do a task; it tries again later", "kind", task.Kind, "error", err)
		}
		return false
	}
	return n >= batch && ctx.Err() == nil
}

// Kinds are the kinds of its tasks.
func (j *Janitor) Kinds() []string {
	kinds := make([]string, len(j.Tasks))
	for i, task := range j.Tasks {
		kinds[i] = task.Kind
	}
	return kinds
}

// Done is how much of a kind this replica has done.
func (j *Janitor) Done(kind string) int { return j.done.of(kind) }

// Failed is how often a task of the kind failed.
func (j *Janitor) Failed(kind string) int { return j.failed.of(kind) }

// Left is how much of a kind was left to do at the last count.
func (j *Janitor) Left(kind string) int { return j.left.of(kind) }

// Counted are the kinds that Left knows.
func (j *Janitor) Counted() []string {
	var kinds []string
	for _, task := range j.Tasks {
		if task.Left != nil {
			kinds = append(kinds, task.Kind)
		}
	}
	return kinds
}

// LastRun is when the last sweep ended, in Unix seconds; 0 before the first.
func (j *Janitor) LastRun() int64 { return j.lastRun.Load() }

// counts is a number for each kind. Safe for concurrent use; the zero value is empty.
type counts struct {
	mu sync.Mutex
	by map[string]int
}

func (c *counts) add(kind string, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[string]int{}
	}
	c.by[kind] += n
}

func (c *counts) set(kind string, n int) { c.add(kind, n-c.of(kind)) }

func (c *counts) of(kind string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.by[kind]
}
