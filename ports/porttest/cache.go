package porttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signet-auth/signet/ports/cache"
)

// hang is a timeout for quick operations; only a broken adapter reaches it.
const hang = 10 * time.Second

var errLoad = errors.New("load failed")

// Cache runs the contract of cache.Cache. open makes an empty cache of about size entries whose entries do not expire.
func Cache(t *testing.T, open func(size int) cache.Cache[string, int]) {
	always := func(v int) func(context.Context) (int, error) {
		return func(context.Context) (int, error) { return v, nil }
	}
	never := func(t *testing.T) func(context.Context) (int, error) {
		return func(context.Context) (int, error) { t.Error("loaded again"); return 0, errLoad }
	}
	want := func(t *testing.T, c cache.Cache[string, int], key string, want int, load func(context.Context) (int, error)) {
		t.Helper()
		if got, err := c.Get(t.Context(), key, load); got != want || err != nil {
			t.Fatalf("Get(%q) = %d, %v, want %d", key, got, err, want)
		}
	}

	t.Run("a loaded value is remembered", func(t *testing.T) {
		c := open(100)
		want(t, c, "a", 1, always(1))
		want(t, c, "a", 1, never(t))
	})

	t.Run("keys are apart", func(t *testing.T) {
		c := open(100)
		want(t, c, "a", 1, always(1))
		want(t, c, "b", 2, always(2))
		want(t, c, "a", 1, never(t))
	})

	t.Run("an error is returned and not remembered", func(t *testing.T) {
		c := open(100)
		_, err := c.Get(t.Context(), "a", func(context.Context) (int, error) { return 7, errLoad })
		if !errors.Is(err, errLoad) {
			t.Fatalf("error = %v, want that of load", err)
		}
		want(t, c, "a", 1, always(1))
	})

	t.Run("drop forgets one key", func(t *testing.T) {
		c := open(100)
		want(t, c, "a", 1, always(1))
		want(t, c, "b", 2, always(2))
		c.Drop("a")
		c.Drop("never seen")
		want(t, c, "a", 3, always(3))
		want(t, c, "b", 2, never(t))
	})

	t.Run("flush forgets everything", func(t *testing.T) {
		c := open(1000)
		for i := range 500 {
			want(t, c, fmt.Sprint(i), i, always(i))
		}
		c.Flush()
		for i := range 500 {
			want(t, c, fmt.Sprint(i), -i, always(-i))
		}
	})

	t.Run("parallel loads of one key are one", func(t *testing.T) {
		c := open(100)
		var loads atomic.Int32
		release := make(chan struct{})
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				got, err := c.Get(t.Context(), "a", func(context.Context) (int, error) {
					loads.Add(1)
					<-release
					return 1, nil
				})
				if got != 1 || err != nil {
					t.Errorf("Get = %d, %v, want 1", got, err)
				}
			})
		}
		close(release)
		callers.Wait()
		if n := loads.Load(); n != 1 {
			t.Errorf("%d loads, want 1", n)
		}
	})

	t.Run("several keys: what is missing is loaded together, once", func(t *testing.T) {
		c := open(100)
		want(t, c, "a", 1, always(1))
		l := begin(t, c, "b")
		var asked [][]string
		got := make(chan map[string]int)
		go func() {
			all, err := c.GetAll(t.Context(), []string{"a", "b", "c", "d", "c"}, func(_ context.Context, missing []string) (map[string]int, error) {
				asked = append(asked, missing)
				return map[string]int{"c": 3}, nil
			})
			if err != nil {
				t.Error(err)
			}
			got <- all
		}()
		l.finish(2, nil)
		l.returns(t, 2, nil)
		same(t, "values", <-got, map[string]int{"a": 1, "b": 2, "c": 3, "d": 0})
		same(t, "asked for", asked, [][]string{{"c", "d"}})
		want(t, c, "c", 3, never(t))
		want(t, c, "d", 0, never(t))
	})

	t.Run("several keys: an error is of all that were loaded, and not remembered", func(t *testing.T) {
		c := open(100)
		_, err := c.GetAll(t.Context(), []string{"a", "b"}, func(context.Context, []string) (map[string]int, error) { return map[string]int{"a": 7}, errLoad })
		if !errors.Is(err, errLoad) {
			t.Errorf("error = %v, want that of load", err)
		}
		_, err = c.GetAll(t.Context(), []string{"a", "b"}, func(context.Context, []string) (map[string]int, error) { panic("broken") })
		if err == nil {
			t.Error("a panic is no error")
		}
		want(t, c, "a", 1, always(1))
		want(t, c, "b", 2, always(2))
	})

	t.Run("several keys: a drop of one during the load makes that one unfit to be remembered", func(t *testing.T) {
		c := open(100)
		_, err := c.GetAll(t.Context(), []string{"a", "b"}, func(context.Context, []string) (map[string]int, error) {
			c.Drop("a")
			return map[string]int{"a": 1, "b": 2}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want(t, c, "a", 3, always(3))
		want(t, c, "b", 2, never(t))
	})

	t.Run("a slow load holds up no other key", func(t *testing.T) {
		c := open(100)
		l := begin(t, c, "slow")
		want(t, c, "quick", 1, always(1))
		l.finish(2, nil)
		l.returns(t, 2, nil)
	})

	for name, forget := range map[string]func(cache.Cache[string, int]){
		"a drop":  func(c cache.Cache[string, int]) { c.Drop("a") },
		"a flush": func(c cache.Cache[string, int]) { c.Flush() },
	} {
		t.Run(name+" during a load makes it unfit to be remembered", func(t *testing.T) {
			c := open(100)
			l := begin(t, c, "a")
			forget(c)
			l.finish(1, nil)
			l.returns(t, 1, nil) // it called Get before the drop
			want(t, c, "a", 2, always(2))
		})

		t.Run("a caller that asks after "+name+" does not join an older load", func(t *testing.T) {
			c := open(100)
			l := begin(t, c, "a")
			forget(c)
			want(t, c, "a", 2, always(2))
			l.finish(1, nil)
			l.returns(t, 1, nil)
			want(t, c, "a", 2, never(t)) // the older load, ending later, does not replace the newer value
		})

		t.Run("the late error of a load before "+name+" disturbs nobody", func(t *testing.T) {
			c := open(100)
			old := begin(t, c, "a")
			forget(c)
			young := begin(t, c, "a")
			old.finish(0, errLoad)
			old.returns(t, 0, errLoad)
			young.finish(2, nil)
			young.returns(t, 2, nil)
			want(t, c, "a", 2, never(t))
		})
	}

	t.Run("a caller who gives up takes nothing from the others", func(t *testing.T) {
		c := open(100)
		ctx, cancel := context.WithCancel(t.Context())
		started, release, gone := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			_, err := c.Get(ctx, "a", func(ctx context.Context) (int, error) {
				close(started)
				<-release
				return 1, ctx.Err()
			})
			gone <- err
		}()
		<-started
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("who gave up got %v, want the context's error while the load goes on", err)
		}
		close(release)
		want(t, c, "a", 1, always(1))
	})

	t.Run("a load has a deadline though its callers have none", func(t *testing.T) {
		c := open(100)
		_, err := c.Get(context.Background(), "a", func(ctx context.Context) (int, error) {
			if _, ok := ctx.Deadline(); !ok {
				t.Error("no deadline")
			}
			return 0, nil
		})
		if err != nil {
			t.Error(err)
		}
	})

	t.Run("a panic in load is an error and does not poison the key", func(t *testing.T) {
		c := open(100)
		_, err := c.Get(t.Context(), "a", func(context.Context) (int, error) { panic("boom") })
		if err == nil {
			t.Error("no error")
		}
		want(t, c, "a", 1, always(1))
	})

	t.Run("it is bounded", func(t *testing.T) {
		const size = 100
		c := open(size)
		for i := range 20 * size {
			want(t, c, fmt.Sprint(i), i, always(i))
		}
		// Eviction may be delayed.
		for deadline := time.Now().Add(hang); ; {
			kept := 0
			for i := range 20 * size {
				if _, err := c.Get(t.Context(), fmt.Sprint(i), func(context.Context) (int, error) { return 0, errLoad }); err == nil {
					kept++
				}
			}
			if kept <= size {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d entries kept, want at most %d", kept, size)
			}
		}
	})

	t.Run("a caller that asks after a change sees it, under any race", func(t *testing.T) {
		c := open(100)
		var version atomic.Int64 // the record; loads read it late and slowly
		stop := make(chan struct{})
		var readers sync.WaitGroup
		for range 4 {
			readers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					before := version.Load()
					got, err := c.Get(t.Context(), "a", func(context.Context) (int, error) { return int(version.Load()), nil })
					if err != nil || int64(got) < before-1 { // it may miss a change that is being dropped right now
						t.Errorf("read %d, %v after version %d was committed", got, err, before)
						return
					}
				}
			})
		}
		for i := range 500 {
			version.Add(1)
			if i%10 == 9 {
				c.Flush()
			} else {
				c.Drop("a")
			}
			if got, err := c.Get(t.Context(), "a", func(context.Context) (int, error) { return int(version.Load()), nil }); err != nil || got != i+1 {
				t.Errorf("read %d, %v after the drop of version %d", got, err, i+1)
				break
			}
		}
		close(stop)
		readers.Wait()
	})
}

// loading is a Get whose load waits for the test.
type loading struct {
	release chan func() (int, error)
	result  chan func() (int, error)
}

func begin(t *testing.T, c cache.Cache[string, int], key string) loading {
	t.Helper()
	l := loading{make(chan func() (int, error), 1), make(chan func() (int, error), 1)}
	started := make(chan struct{})
	go func() {
		value, err := c.Get(context.Background(), key, func(context.Context) (int, error) {
			close(started)
			return (<-l.release)()
		})
		l.result <- func() (int, error) { return value, err }
	}()
	select {
	case <-started:
	case <-time.After(hang):
		t.Fatal("the load did not start: another caller's was joined")
	}
	return l
}

func (l loading) finish(value int, err error) {
	l.release <- func() (int, error) { return value, err }
}

func (l loading) returns(t *testing.T, want int, wantErr error) {
	t.Helper()
	select {
	case result := <-l.result:
		if got, err := result(); got != want || !errors.Is(err, wantErr) {
			t.Fatalf("Get = %d, %v, want %d, %v", got, err, want, wantErr)
		}
	case <-time.After(hang):
		t.Fatal("Get did not return after its load")
	}
}
