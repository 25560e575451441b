package memory

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
)

// loadTimeout bounds a load, since all its callers may have left. It is the longest deadline of any statement.
const loadTimeout = 5 * time.Second

// forever is the deadline of entries that never expire.
const forever = math.MaxInt64

// Cache implements cache.Cache. Bounded by W-TinyLFU: a flood of keys that are asked for once does not push out the ones in
// use.
//
// We don't use otter's loads: otter loads again when a key is dropped meanwhile, so a key that changes quickly would block its callers for
// ever, and it does not define what happens to a load during InvalidateAll. Here every miss, drop and flush takes one mutex (a hit does
// not), and the result of a load is kept only if the load is still the one in flights. A flush raises the epoch, so all entries become
// invalid at once, before their memory is freed.
type Cache[K comparable, V any] struct {
	ttl    time.Duration
	now    func() time.Time
	expiry func(V) time.Time

	entries *otter.Cache[any, entry]
	epoch   atomic.Uint64

	mu      sync.Mutex
	flights map[K]*flight[V]

	hits, loads atomic.Uint64
}

// Usage is the statistics of a cache for operators.
type Usage struct {
	Entries     int
	Hits, Loads uint64 // since the start; callers that waited for another caller's load count as neither
}

// Usage returns the cache's statistics. Its numbers are from about the same moment.
func (c *Cache[K, V]) Usage() Usage {
	return Usage{Entries: c.entries.EstimatedSize(), Hits: c.hits.Load(), Loads: c.loads.Load()}
}

// entry and its key are of no type of the cache's: the compiler would make all of otter again for each pair of types, 5 MB to link into
// every program and test. A lookup pays for it with an allocation, of its key.
type entry struct {
	value any // V
	epoch uint64
	until int64 // Unix nanoseconds
}

// flight is a load under way; value and err may be read once done is closed.
type flight[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// NewCache makes a cache of about size entries. An entry is good for ttl after its load (0 = no limit), and no longer than expiry says of
// its value (nil, or a zero time = no limit): a permission set ends with the earliest grant in it, a token with its exp. An expired entry
// is loaded again. now may be nil when neither is used.
func NewCache[K comparable, V any](size int, ttl time.Duration, now func() time.Time, expiry func(V) time.Time) *Cache[K, V] {
	return newCache[K](otter.Options[any, entry]{MaximumSize: size}, ttl, now, expiry)
}

// NewWeighedCache is NewCache for values of very different sizes: it is bounded by the sum of their weights, in bytes or so.
func NewWeighedCache[K comparable, V any](maximum uint64, weigh func(V) int, now func() time.Time, expiry func(V) time.Time) *Cache[K, V] {
	return newCache[K](otter.Options[any, entry]{
		MaximumWeight: maximum, Weigher: func(_ any, e entry) uint32 {
			value, _ := e.value.(V)
			return uint32(min(weigh(value), math.MaxInt32))
		},
	}, 0, now, expiry)
}

func newCache[K comparable, V any](bounds otter.Options[any, entry], ttl time.Duration, now func() time.Time, expiry func(V) time.Time) *Cache[K, V] {
	return &Cache[K, V]{ttl: ttl, now: now, expiry: expiry, entries: otter.Must(&bounds), flights: map[K]*flight[V]{}}
}

// Get returns the remembered value, or waits for its load. The load runs apart from every caller, with the values of the first caller's
// context but not its cancellation, and 5 s: a client that hangs up does not affect others that wait for the same key, and the loaded value
// is kept. A caller whose own context ends gets the context's error. A panic in load is an error for the waiting callers, and the next
// caller loads again.
func (c *Cache[K, V]) Get(ctx context.Context, key K, load func(context.Context) (V, error)) (V, error) {
	if value, ok := c.peek(key); ok {
		return value, nil
	}
	f, value, found := c.join(ctx, key, load)
	if found {
		return value, nil
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// GetAll is Get for several keys. Each key has its own flight, so that a drop of one key discards only that key.
func (c *Cache[K, V]) GetAll(ctx context.Context, keys []K, load func(context.Context, []K) (map[K]V, error)) (map[K]V, error) {
	values, waiting := make(map[K]V, len(keys)), map[K]*flight[V]{}
	var missing []K
	for _, key := range keys {
		if value, ok := c.peek(key); ok {
			values[key] = value
			continue
		}
		if waiting[key] != nil {
			continue
		}
		f, value, found, mine := c.reserve(key)
		if found {
			values[key] = value
			continue
		}
		waiting[key] = f
		if mine {
			missing = append(missing, key)
		}
	}
	if len(missing) > 0 {
		mine := make(map[K]*flight[V], len(missing))
		for _, key := range missing {
			mine[key] = waiting[key]
		}
		go c.flyAll(context.WithoutCancel(ctx), mine, missing, load)
	}
	for key, f := range waiting {
		select {
		case <-f.done:
			if f.err != nil {
				return nil, f.err
			}
			values[key] = f.value
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return values, nil
}

// flyAll runs a load of several keys. Even if it fails, it wakes the waiters and frees the keys.
func (c *Cache[K, V]) flyAll(ctx context.Context, flights map[K]*flight[V], keys []K, load func(context.Context, []K) (map[K]V, error)) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	err := errLoadExited
	var loaded map[K]V
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("memory: load panicked: %v\n%s", cause, debug.Stack())
		}
		for key, f := range flights {
			f.value, f.err = loaded[key], err
		}
		c.land(flights)
	}()
	loaded, err = load(ctx, keys)
}

// Drop removes a key. A Get that begins after Drop has returned sees no earlier value and joins no earlier load.
func (c *Cache[K, V]) Drop(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flights, key)
	c.entries.Invalidate(key)
}

// Flush does what Drop does, for all keys.
func (c *Cache[K, V]) Flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.flights)
	c.epoch.Add(1)
	c.entries.InvalidateAll()
}

func (c *Cache[K, V]) peek(key K) (V, bool) {
	e, _ := c.entries.GetIfPresent(key)
	value, ok := e.value.(V)
	if ok && e.epoch == c.epoch.Load() && (e.until == forever || c.now().UnixNano() < e.until) {
		c.hits.Add(1)
		return value, true
	}
	var none V
	return none, false
}

// join returns the load under way or begins one, unless one has ended since the caller looked.
func (c *Cache[K, V]) join(ctx context.Context, key K, load func(context.Context) (V, error)) (*flight[V], V, bool) {
	f, value, found, mine := c.reserve(key)
	if mine {
		go c.fly(context.WithoutCancel(ctx), f, key, load)
	}
	return f, value, found
}

// reserve returns the load under way or, with mine, one that the caller must run; found when one has ended since the caller looked.
func (c *Cache[K, V]) reserve(key K) (f *flight[V], value V, found, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.flights[key]; ok {
		return f, value, false, false
	}
	if value, ok := c.peek(key); ok {
		return nil, value, true, false
	}
	f = &flight[V]{done: make(chan struct{})}
	c.loads.Add(1)
	c.flights[key] = f
	return f, value, false, true
}

// fly runs a load. Even if it fails, it wakes the waiters and frees the key.
func (c *Cache[K, V]) fly(ctx context.Context, f *flight[V], key K, load func(context.Context) (V, error)) {
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	f.err = errLoadExited // remains the error if load calls runtime.Goexit
	defer func() {
		if cause := recover(); cause != nil {
			f.err = fmt.Errorf("memory: load panicked: %v\n%s", cause, debug.Stack())
		}
		c.land(map[K]*flight[V]{key: f})
	}()
	f.value, f.err = load(ctx)
}

var errLoadExited = errors.New("memory: load ended its goroutine")

// land ends the flights of one load together: a caller who has its error, or one of its values, finds none of its keys under way.
func (c *Cache[K, V]) land(flights map[K]*flight[V]) {
	untils := make(map[K]int64, len(flights))
	for key, f := range flights {
		if f.err == nil {
			untils[key] = c.until(f.value)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, f := range flights {
		if c.flights[key] == f { // neither dropped nor flushed since it began
			delete(c.flights, key)
			if f.err == nil {
				c.entries.Set(key, entry{f.value, c.epoch.Load(), untils[key]})
			}
		}
	}
	for _, f := range flights {
		close(f.done)
	}
}

// until is when an entry that is loaded now expires.
func (c *Cache[K, V]) until(value V) int64 {
	until := int64(forever)
	if c.ttl > 0 {
		until = c.now().Add(c.ttl).UnixNano()
	}
	if c.expiry != nil {
		if end := c.expiry(value); !end.IsZero() {
			until = min(until, end.UnixNano())
		}
	}
	return until
}
