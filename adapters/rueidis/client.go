package rueidis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	redis "github.com/redis/rueidis"
)

// retryAfter is how long a lost Redis is left alone before it is tried again.
const retryAfter = time.Second

// errLost is the answer while Redis is lost.
var errLost = errors.New("rueidis: Redis is lost")

// errCluster refuses a server in cluster mode: it has some keys and not others, so Redis would seem to come and go.
var errCluster = errors.New("this Redis is in cluster mode, which Signet can't use: give it a server of its own, what it keeps there is small (limits and wake-ups)")

// Client is the connection to one Redis, which may come and go. It is safe for concurrent use.
type Client struct {
	option redis.ClientOption
	budget time.Duration
	log    *slog.Logger

	conn    atomic.Pointer[redis.Client] // nil until the keeper has made it
	healthy atomic.Bool
	trouble chan error // to the keeper, which made healthy true

	life context.Context // ends with Close
	stop context.CancelFunc
	work sync.WaitGroup
}

// Open makes a client and returns at once, because Redis may be absent. The error is about the options only.
func Open(options Options) (*Client, error) {
	option, err := options.client()
	if err != nil {
		return nil, err
	}
	c := &Client{
		option:  option,
		budget:  cmp.Or(options.Budget, defaultBudget),
		log:     options.Log,
		trouble: make(chan error, 1),
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.life, c.stop = context.WithCancel(context.Background())
	c.work.Go(c.keep)
	return c, nil
}

// Check connects once, tries the commands that servers use, and returns why they fail.
func Check(ctx context.Context, options Options) error {
	option, err := options.client()
	if err != nil {
		return err
	}
	c := &Client{option: option, life: ctx}
	err = c.try()
	if conn := c.conn.Load(); conn != nil {
		(*conn).Close()
	}
	return err
}

// Healthy tells whether Redis is in use at the moment. Right after Open it is not yet.
func (c *Client) Healthy() bool { return c.healthy.Load() }

// Close closes the connection, and ends waiting calls. Limiters then count by their fallback; wakers are silent.
func (c *Client) Close() {
	c.stop()
	c.healthy.Store(false)
	c.work.Wait()
	if conn := c.conn.Load(); conn != nil {
		(*conn).Close()
	}
}

// keep connects, declares Redis healthy, waits for an error, and begins again. Only keep turns healthy on, so there is one trial at a time,
// and no request waits for it.
func (c *Client) keep() {
	told := false // only the first failure is logged
	for {
		err := c.try()
		if err == nil {
			c.log.Info("Redis is in use")
			told = false
			select { // an error of the previous connection
			case <-c.trouble: //nolint:errcheck // it was logged when it happened
			default:
			}
			c.healthy.Store(true)
			select {
			case err = <-c.trouble:
			case <-c.life.Done():
				return
			}
		}
		if !told && c.life.Err() == nil {
			c.log.Warn("Redis is lost; limits are counted per process until it is back", "error", err)
			told = true
		}
		if !wait(c.life, retryAfter) {
			return
		}
	}
}

// try connects if necessary and runs the limiter's script, so that a Redis that answers but may not or cannot count (a read-only replica,
// an ACL, full memory) stays lost.
func (c *Client) try() error {
	conn := c.conn.Load()
	if conn == nil {
		made, err := redis.NewClient(c.option)
		if made != nil { // also when Redis is down: it connects when used
			c.conn.Store(&made)
			conn = &made
		}
		if err != nil {
			return c.sentinelsSay(err)
		}
	}
	ctx, cancel := context.WithTimeout(c.life, dialTimeout)
	defer cancel()
	info, err := (*conn).Do(ctx, (*conn).B().Info().Section("cluster").Build()).ToString()
	if err == nil && strings.Contains(info, "cluster_enabled:1") { // an error means that an ACL forbids it, or shows in the next call
		return errCluster
	}
	return takeScript.Exec(ctx, *conn, []string{"signet:rl:{probe}"}, []string{"1", "1"}).Error()
}

// sentinelsSay adds the master's name to an error of finding it.
func (c *Client) sentinelsSay(err error) error {
	if master := c.option.Sentinel.MasterSet; master != "" {
		return fmt.Errorf("ask the Sentinels for the master %q: %w", master, err)
	}
	return err
}

// lose opens the circuit: callers use their fallbacks until the keeper has Redis back.
func (c *Client) lose(err error) {
	if c.healthy.CompareAndSwap(true, false) {
		select {
		case c.trouble <- err:
		default: // one is enough
		}
	}
}

// within runs a command with the budget. The command runs apart: the library waits for a dial that another caller began,
// or for a full pipeline, without looking at the context.
func (c *Client) within(ctx context.Context, command func(context.Context, redis.Client) redis.RedisResult) (redis.RedisResult, error) {
	if !c.healthy.Load() {
		return redis.RedisResult{}, errLost
	}
	conn := *c.conn.Load()
	ctx, cancel := context.WithTimeout(ctx, c.budget)
	answered := make(chan redis.RedisResult, 1)
	go func() {
		defer cancel()
		answered <- command(ctx, conn)
	}()
	var result redis.RedisResult
	select {
	case result = <-answered:
	case <-ctx.Done():
		select {
		case result = <-answered: // its own cancel
		default:
			c.lose(ctx.Err())
			return redis.RedisResult{}, ctx.Err()
		}
	}
	if err := result.Error(); err != nil {
		c.lose(err)
		return redis.RedisResult{}, err
	}
	return result, nil
}

// wait sleeps, and returns whether ctx is still alive.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
