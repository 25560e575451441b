package signet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	maxChecks   = 100
	checksBlind = time.Minute // without a stream nobody tells what changes
)

// checked is the answer to one question about a token.
type checked struct {
	allowed bool
	until   time.Time
}

// wired are the permissions that this service asks for, as far as it is known: one question is for all of them.
type wired struct {
	mu    sync.Mutex
	names []string
}

func (w *wired) add(names ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range names {
		if len(w.names) < maxChecks && !slices.Contains(w.names, name) {
			w.names = append(w.names, name)
		}
	}
}

// with is all of them and this one, at most maxChecks.
func (w *wired) with(name string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if slices.Contains(w.names, name) {
		return slices.Clone(w.names)
	}
	return append([]string{name}, w.names[:min(len(w.names), maxChecks-1)]...)
}

// check asks whether the bearer of a token may do something, with the token itself: so the answer stays as narrow as the token is.
func (v *Verifier) check(ctx context.Context, r *remembered, token, permission string) (bool, error) {
	for range maxRounds {
		r.mu.Lock()
		if known, there := r.checks[permission]; there && v.now().Before(known.until) {
			r.mu.Unlock()
			return known.allowed, nil
		}
		flight := r.asking
		if flight == nil {
			flight = make(chan struct{})
			r.asking = flight
			r.mu.Unlock()
			return v.checkNow(ctx, r, token, permission, flight)
		}
		r.mu.Unlock()
		select {
		case <-flight:
		case <-ctx.Done():
			return false, &Unavailable{Cause: ctx.Err(), RetryAfter: time.Second}
		}
	}
	return false, unavailable("Signet could not be asked for permissions")
}

func (v *Verifier) checkNow(ctx context.Context, r *remembered, token, permission string, done chan struct{}) (bool, error) {
	names := v.wired.with(permission)
	results, until, err := v.checkCall(context.WithoutCancel(ctx), token, r.claims.changes, names)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asking = nil
	close(done)
	if err != nil {
		if errors.Is(err, ErrInvalid) {
			err = refuse(r, ReasonInactive)
		}
		return false, err
	}
	if r.checks == nil || len(r.checks) > 10*maxChecks {
		r.checks = map[string]checked{}
	}
	allowed := false
	for i, name := range names {
		r.checks[name] = checked{allowed: results[i], until: until} // a fact that the token is older than has it asked about as a whole
		allowed = allowed || results[i] && name == permission
	}
	return allowed, nil
}

func (v *Verifier) checkCall(ctx context.Context, token string, after int64, names []string) ([]bool, time.Time, error) {
	type question struct {
		Service    string `json:"service"`
		Permission string `json:"permission"`
	}
	questions := make([]question, len(names))
	for i, name := range names {
		questions[i] = question{Service: v.set.Audience, Permission: name}
	}
	body, err := json.Marshal(map[string]any{"checks": questions})
	if err != nil {
		return nil, time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	header := http.Header{"Authorization": {"Bearer " + token}, "Content-Type": {"application/json"}, "Accept": {"application/json"}}
	if after > 0 { // the replica that is asked may lag behind the one that made the token
		header.Set("Signet-After", strconv.FormatInt(after, 10))
	}
	got, err := v.client.retrying(ctx, call{method: http.MethodPost, path: "/api/authz/check", body: string(body), header: header}, 1)
	switch {
	case err != nil:
		v.report.question(err)
		return nil, time.Time{}, &Unavailable{Cause: err, RetryAfter: time.Second}
	case got.status == http.StatusUnauthorized:
		return nil, time.Time{}, &Refusal{Reason: ReasonInactive}
	case got.status != http.StatusOK:
		err := fmt.Errorf("the answer to a question for permissions is %d", got.status)
		v.report.question(err)
		return nil, time.Time{}, &Unavailable{Cause: err, RetryAfter: max(time.Second, retryAfter(got.header))}
	}
	results, number, until, err := readResults(got.body, len(names))
	if err != nil {
		v.report.question(err)
		return nil, time.Time{}, &Unavailable{Cause: err, RetryAfter: time.Second}
	}
	now := v.now()
	if !v.link.live() {
		until = earlier(until, now.Add(checksBlind))
	}
	if number < after {
		until = earlier(until, now.Add(unasked))
	}
	return results, earlier(until, now.Add(24*time.Hour)), nil // the token ends earlier
}

func readResults(body []byte, n int) ([]bool, int64, time.Time, error) {
	all, ok := decodeAnswer(body)
	list, is := all["results"].([]any)
	number, until, timed := readAge(all)
	if !ok || !is || !timed || len(list) != n {
		return nil, 0, time.Time{}, errNonsense
	}
	results := make([]bool, n)
	for i, member := range list {
		object, _ := member.(map[string]any)
		if results[i], ok = object["allowed"].(bool); !ok {
			return nil, 0, time.Time{}, errNonsense
		}
	}
	return results, number, until, nil
}
