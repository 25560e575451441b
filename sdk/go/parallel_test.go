package signet_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	signet "github.com/signet-auth/signet/sdk/go"
)

// together runs f in n goroutines that begin at once.
func together(n int, f func(i int)) {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-begin
			f(i)
		})
	}
	close(begin)
	all.Wait()
}

func TestAThousandUnknownKidsAreOneFetch(t *testing.T) {
	o := newOrigin(t)
	v := o.verifier(t, nil)
	before := o.count("/.well-known/jwks.json")
	together(1000, func(i int) {
		token := o.token(t, fmt.Sprint("unknown-", i), nil)
		var refusal *signet.Refusal
		if _, err := v.Verify(t.Context(), token); !errors.As(err, &refusal) || refusal.Reason != signet.ReasonKeyUnknown {
			t.Error(err)
		}
	})
	if n := o.count("/.well-known/jwks.json") - before; n != 1 {
		t.Error(n, "fetches")
	}
}

// slowly answers introspection after a while, and counts how many are asked at once.
func slowly(o *origin, body string, at, most *atomic.Int64) {
	o.answer = func(r *http.Request) *http.Response {
		if r.URL.Path != "/oauth2/introspect" {
			return nil
		}
		now := at.Add(1)
		defer at.Add(-1)
		for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		return respond(http.StatusOK, body)
	}
}

func TestATokenIsAskedAboutOnceHoweverManyPresentIt(t *testing.T) {
	o := newOrigin(t)
	var at, most atomic.Int64
	slowly(o, `{"active":true,"permissions":["invoice:void"],"cs":11}`, &at, &most)
	v := o.verifier(t, nil)
	token := o.token(t, o.kid, nil)
	v.Learn("subject", "stale", "u-1", 11)
	together(200, func(int) {
		p, err := v.Verify(t.Context(), token)
		if err != nil || len(p.Permissions) != 1 || p.Permissions[0] != "invoice:void" {
			t.Error(p, err)
		}
	})
	if n := o.count("/oauth2/introspect"); n != 1 {
		t.Error(n, "questions")
	}
}

func TestNoMoreThan32QuestionsAtOnce(t *testing.T) {
	o := newOrigin(t)
	var at, most atomic.Int64
	slowly(o, `{"active":true,"permissions":[],"cs":11}`, &at, &most)
	v := o.verifier(t, nil)
	v.Learn("audience", "stale", "*", 11)
	together(400, func(int) {
		if _, err := v.Verify(t.Context(), o.token(t, o.kid, nil)); err != nil {
			t.Error(err)
		}
	})
	if n := o.count("/oauth2/introspect"); n != 400 || most.Load() > 32 {
		t.Error(n, "questions, at once", most.Load())
	}
}

func TestACallerThatHangsUpTakesNobodysAnswerAlong(t *testing.T) {
	o := newOrigin(t)
	asked, proceed := make(chan struct{}), make(chan struct{})
	o.answer = func(r *http.Request) *http.Response {
		if r.URL.Path != "/oauth2/introspect" {
			return nil
		}
		close(asked)
		<-proceed
		return respond(http.StatusOK, `{"active":true,"permissions":[],"cs":11}`)
	}
	v := o.verifier(t, nil)
	token := o.token(t, o.kid, nil)
	v.Learn("subject", "stale", "u-1", 11)
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := v.Verify(ctx, token)
		first <- err
	}()
	<-asked
	go func() {
		_, err := v.Verify(t.Context(), token)
		second <- err
	}()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(proceed)
	if err := <-second; err != nil {
		t.Error(err)
	}
}

func TestTheBreakerHoldsUnderLoad(t *testing.T) {
	o := newOrigin(t)
	v := o.verifier(t, nil)
	v.Learn("subject", "stale", "u-1", 11)
	together(500, func(int) {
		if _, err := v.Verify(t.Context(), o.token(t, o.kid, nil)); !errors.Is(err, signet.ErrUnavailable) {
			t.Error(err)
		}
	})
	if n := o.count("/oauth2/introspect"); n > 5+31 { // those that were on their way
		t.Error(n, "questions")
	}
}

// A fact that comes while a question about its token is on its way is never lost.
func TestAFactDuringAQuestionIsAskedAboutAgain(t *testing.T) {
	o := newOrigin(t)
	v := o.verifier(t, nil)
	var number atomic.Int64
	number.Store(11)
	o.answer = func(r *http.Request) *http.Response {
		if r.URL.Path != "/oauth2/introspect" {
			return nil
		}
		answer := fmt.Sprintf(`{"active":%t,"permissions":[],"cs":%d}`, number.Load() == 11, number.Load())
		if number.CompareAndSwap(11, 12) {
			v.Learn("subject", "stale", "u-1", 12)
		}
		return respond(http.StatusOK, answer)
	}
	v.Learn("subject", "stale", "u-1", 11)
	var refusal *signet.Refusal
	if _, err := v.Verify(t.Context(), o.token(t, o.kid, nil)); !errors.As(err, &refusal) || refusal.Reason != signet.ReasonInactive {
		t.Error(err)
	}
}

func TestVerifyWhileFactsKeysAndTokensChange(t *testing.T) {
	o := newOrigin(t)
	o.answer = func(r *http.Request) *http.Response {
		if r.URL.Path == "/oauth2/introspect" {
			return respond(http.StatusOK, `{"active":true,"permissions":[],"cs":1000000}`)
		}
		return nil
	}
	v := o.verifier(t, nil)
	tokens := make([]string, 20)
	for i := range tokens {
		tokens[i] = o.token(t, o.kid, map[string]any{"sid": fmt.Sprint("s-", i)})
	}
	v.Learn("session", "ended", "s-0", 50)
	together(16, func(g int) {
		for i := range 300 {
			switch {
			case g == 0:
				v.Learn("subject", "stale", "u-1", int64(100+i))
			case g == 1:
				v.Learn("session", "ended", fmt.Sprint("other-", i), int64(1000+i))
			case g == 2 && i%50 == 0:
				v.Refetch()
			default:
				_, err := v.Verify(t.Context(), tokens[i%20])
				if ended := errors.Is(err, signet.ErrInvalid); ended != (i%20 == 0) {
					t.Error(i%20, err)
				}
			}
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	if n := signet.RememberAll(15_500); n > 10_000 || n < 9_000 {
		t.Error(n)
	}
}
