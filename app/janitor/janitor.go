// Package janitor removes what is over.
//
//	every few minutes ─► each task in turn, a batch a transaction ─► again, those that had more
//
// Nothing depends on it being in time: every read of a row looks at its times, so a row that is still there is as dead as one
// that is gone. It only keeps the tables as small as the work, and personal data no longer than it is needed. Any number of
// replicas may run one; they pass by each other's rows.
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
	// batch is how many rows one transaction removes: few enough that it fits the deadline of a statement, and that nobody notices
	// the wait where there is one writer.
	batch = 500
	// pause lets others go first between the rounds of a long sweep.
	pause = 100 * time.Millisecond
)

// Task is one kind of work.
type Task struct {
	Kind string // in metrics and logs
	// Do does up to n pieces of the work that is due, and says how many. n of them: there may be more.
	Do func(ctx context.Context, now time.Time, n int) (int, error)
	// Left says how much there is left to do, for operators who wait for the end; nil: nobody does.
	Left func(ctx context.Context) (int, error)
}

// Janitor does its tasks again and again.
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

// wait is three to five quarters of the interval.
func (j *Janitor) wait() time.Duration {
	var jitter [1]byte
	_, _ = j.System.Entropy.Read(jitter[:])
	return j.Every*3/4 + j.Every/2*time.Duration(jitter[0])/256
}

// Sweep does all that is due. Tasks take turns, so that a large backlog of one does not hold up the others; a task that fails
// waits for the next sweep.
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

// Done is how much of a kind was done by this replica; Failed is how often it could not be. LastRun is when the last sweep was
// over; zero before the first.
func (j *Janitor) Done(kind string) int { return j.done.of(kind) }

// Failed is how often a task of the kind failed.
func (j *Janitor) Failed(kind string) int { return j.failed.of(kind) }

// Left is how much of a kind there was left to do when it was last looked at.
func (j *Janitor) Left(kind string) int { return j.left.of(kind) }

// Counted are the kinds of which Left tells.
func (j *Janitor) Counted() []string {
	var kinds []string
	for _, task := range j.Tasks {
		if task.Left != nil {
			kinds = append(kinds, task.Kind)
		}
	}
	return kinds
}

// LastRun is when the last sweep was over, in Unix seconds; 0 before the first.
func (j *Janitor) LastRun() int64 { return j.lastRun.Load() }

// counts is how much there was of each kind. Safe for concurrent use; the zero value is empty.
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
