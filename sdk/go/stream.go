package signet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"
)

const (
	helloWithin = 5 * time.Second  // or something on the way keeps events back
	pollsFor    = 10 * time.Minute // then, and the stream is tried again
	refusedWait = time.Minute      // after 401, 403 and 404
	firstRetry  = time.Second
	leastRetry  = 500 * time.Millisecond
	mostRetry   = 30 * time.Second
)

// follower hears what becomes of tokens.
type follower struct {
	set    settings
	now    func() time.Time
	client *client
	token  *appToken
	facts  *facts
	link   *link
	keys   *keySet
	report *report

	greeting time.Duration // helloWithin
	quiet    time.Duration // silence
	cursor   string
	retries  int
	polls    time.Time // until when the long poll is used instead of the stream
}

// ending is how a stream, or a poll, ended.
type ending struct {
	was     bool // ready before
	bye     string
	status  int
	after   time.Duration // Retry-After
	err     error
	buffers bool // no hello came
}

// run follows until the context ends.
func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		var end ending
		if f.now().Before(f.polls) {
			end = f.poll(ctx)
		} else {
			end = f.stream(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		f.pause(ctx, f.settle(end))
	}
}

// settle notes the end, and says how long to wait for the next try.
func (f *follower) settle(end ending) time.Duration {
	refused := end.status == http.StatusUnauthorized || end.status == http.StatusForbidden || end.status == http.StatusNotFound
	end.was = f.link.end(refused) || end.was
	if end.was {
		f.retries = 0
	}
	f.report.stream(end)
	switch {
	case end.buffers:
		f.polls = f.now().Add(pollsFor)
		return 0
	case end.status == http.StatusBadRequest && f.cursor != "":
		f.cursor = ""
		return jitter(0, firstRetry)
	case refused && end.status == http.StatusUnauthorized && f.token.reload():
		return 0
	case refused:
		return refusedWait
	case end.after > 0:
		return end.after
	case end.was || end.bye == "renew":
		return jitter(0, firstRetry)
	}
	f.retries++
	most := min(leastRetry*10<<min(f.retries-1, 10), mostRetry)
	return jitter(most/10, most)
}

func jitter(least, most time.Duration) time.Duration {
	return least + rand.N(most-least) //nolint:gosec // so that not everybody comes back at once
}

// pause waits, and not longer than until there is another app token.
func (f *follower) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.token.news():
	case <-ctx.Done():
	}
}

// stream opens the stream and reads it to its end.
func (f *follower) stream(ctx context.Context) ending {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var greeted atomic.Bool
	watch := time.AfterFunc(f.greeting, func() {
		if greeted.Load() {
			cancel(errSilent)
		} else {
			cancel(errNoHello)
		}
	})
	defer watch.Stop()
	header := http.Header{"Authorization": {bearer(f.token.get())}, "Accept": {"text/event-stream"}, "Cache-Control": {"no-store"}}
	if f.cursor != "" {
		header.Set("Last-Event-ID", f.cursor)
	}
	request, err := f.client.request(ctx, call{method: http.MethodGet, path: "/api/authz/revocations/stream", header: header})
	if err != nil {
		return ending{err: err}
	}
	response, err := f.client.http.Do(request)
	if err != nil {
		err = cause(ctx, plain(err))
		return ending{err: err, buffers: errors.Is(err, errNoHello)}
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		_, _ = io.CopyN(io.Discard, response.Body, 4096)
		return ending{status: response.StatusCode, after: retryAfter(response.Header), err: fmt.Errorf("the answer is %d", response.StatusCode)}
	}
	events := newEventReader(response.Body, func() {
		f.link.hear()
		if greeted.Load() {
			watch.Reset(f.quiet)
		}
	})
	for {
		e, err := events.next()
		if err != nil {
			err = cause(ctx, err)
			return ending{err: err, buffers: errors.Is(err, errNoHello)}
		}
		if e.name == "hello" {
			greeted.Store(true)
			watch.Reset(f.quiet)
		}
		if end := f.handle(e); end != nil {
			return *end
		}
	}
}

var (
	errNoHello = errors.New("nothing came within 5 s: something on the way keeps events back")
	errSilent  = errors.New("nothing came for 15 s")
)

// cause tells a deadline of ours from what it broke.
func cause(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return context.Cause(ctx)
}

// handle takes an event. It returns the end if the event is one.
func (f *follower) handle(e event) *ending {
	var data struct {
		fact

		TokenTTL int64  `json:"token_ttl"`
		Service  string `json:"service"`
		Reason   string `json:"reason"`
	}
	if err := json.Unmarshal([]byte(e.data), &data); err != nil {
		return &ending{err: errors.New("an event of the stream is no JSON")}
	}
	switch e.name {
	case "hello":
		if data.Service != "" && data.Service != f.set.Audience {
			f.report.service(data.Service)
			return &ending{status: http.StatusForbidden, err: errForeign}
		}
		f.facts.hello(time.Duration(data.TokenTTL) * time.Second)
	case "ready":
		f.facts.mark(data.CS)
		f.live()
	case "tick":
		f.facts.mark(data.CS)
	case "bye":
		return &ending{bye: data.Reason}
	case "", "message", kindReset:
		f.learn(data.fact)
	}
	if e.id != "" {
		f.cursor = e.id
	}
	return nil
}

var errForeign = errors.New("the app token is another service's than Audience (SIGNET_AUDIENCE)")

func (f *follower) live() {
	f.link.ready()
	f.keys.refresh(true)
}

func (f *follower) learn(in fact) {
	f.facts.learn(in)
	if in.Kind == kindSigningKey {
		f.keys.refresh(true)
	}
}

const (
	pollWait  = 10 * time.Second // less than silence
	pollLimit = 1000
)

// poll follows by calls that wait for news, until the stream is to be tried again.
func (f *follower) poll(ctx context.Context) ending {
	wait := time.Duration(0) // the first answer says where the feed stands
	ready := false
	for f.now().Before(f.polls) {
		page, end := f.page(ctx, wait)
		if end != nil {
			end.was = ready
			return *end
		}
		f.link.hear()
		f.facts.hello(time.Duration(page.TokenTTL) * time.Second)
		for _, in := range page.Facts {
			f.learn(in)
		}
		f.cursor = page.Cursor
		f.facts.mark(page.CS)
		if wait = pollWait; page.More {
			wait = 0
		} else if !ready {
			ready = true
			f.live()
		}
	}
	return ending{was: ready, bye: "renew"}
}

type page struct {
	Facts    []fact `json:"facts"`
	Cursor   string `json:"cursor"`
	TokenTTL int64  `json:"token_ttl"`
	CS       int64  `json:"cs"`
	More     bool   `json:"more"`
}

func (f *follower) page(ctx context.Context, wait time.Duration) (page, *ending) {
	ctx, cancel := context.WithTimeout(ctx, wait+helloWithin)
	defer cancel()
	query := url.Values{"limit": {fmt.Sprint(pollLimit)}, "wait": {fmt.Sprint(int(wait / time.Second))}}
	if f.cursor != "" {
		query.Set("cursor", f.cursor)
	}
	got, err := f.client.do(ctx, call{
		method: http.MethodGet, path: "/api/authz/revocations?" + query.Encode(),
		header: http.Header{"Authorization": {bearer(f.token.get())}, "Accept": {"application/json"}},
	})
	switch {
	case err != nil:
		return page{}, &ending{err: err}
	case got.status != http.StatusOK:
		return page{}, &ending{status: got.status, after: retryAfter(got.header), err: fmt.Errorf("the answer is %d", got.status)}
	}
	var p page
	if json.Unmarshal(got.body, &p) != nil || p.Cursor == "" {
		return page{}, &ending{err: errNonsense}
	}
	return p, nil
}
