package janitor

import (
	"context"
	"time"
)

// Daily is a task that is done in the first sweep and once a day after it, whether or not it succeeds.
func Daily(task Task) Task {
	var last time.Time
	return Task{Kind: task.Kind, Do: func(ctx context.Context, now time.Time, n int) (int, error) {
		if !last.IsZero() && now.Sub(last).Abs() < 24*time.Hour {
			return 0, nil
		}
		last = now
		return task.Do(ctx, now, n)
	}}
}
