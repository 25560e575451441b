package janitor

import "sync"

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

func (c *counts) of(kind string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.by[kind]
}
