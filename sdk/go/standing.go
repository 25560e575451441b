package signet

import (
	"context"
	"time"
)

// maxRounds is how often a verification asks again because facts came while it asked.
const maxRounds = 3

// standing is what counts of a token now: nil for its own claims, or what Signet said of it. An error is a refusal, or no verdict.
func (v *Verifier) standing(ctx context.Context, r *remembered, token string) (*answered, error) {
	for range maxRounds {
		now := v.now()
		version := v.facts.version.Load() // before judging: what comes meanwhile is seen the next time
		if c := r.clean.Load(); c != nil && c.version == version && now.Before(c.until) && !v.link.blocked(now) {
			return c.answer, nil
		}
		r.mu.Lock()
		last, pause := r.answer, r.pause
		r.mu.Unlock()
		found := v.facts.judge(r.claims, r.kid, last, pause, now)
		switch {
		case found.reason != "":
			return nil, refuse(r, found.reason)
		case v.link.blocked(now):
			return nil, unavailable("Signet's revocation stream is cut, and OnCut is deny")
		case found.ask:
			if err := v.question(ctx, r, token, found); err != nil {
				return nil, err
			}
		case found.answer != nil && !found.answer.active:
			return nil, refuse(r, ReasonInactive)
		default:
			until := earlier(found.until, time.Unix(r.claims.expires, 0).Add(v.set.leeway))
			r.clean.Store(&clean{version: version, until: until, answer: found.answer})
			return found.answer, nil
		}
	}
	return nil, unavailable("Signet's answers are older than its facts")
}

func refuse(r *remembered, reason Reason) error {
	return &Refusal{Reason: reason, Subject: r.claims.subject, KID: r.kid}
}

// question asks about a token, or waits for the answer that another caller asked for.
func (v *Verifier) question(ctx context.Context, r *remembered, token string, f finding) error {
	r.mu.Lock()
	flight := r.flight
	if flight == nil {
		flight = make(chan struct{})
		r.flight = flight
		go v.ask(r, token, f, flight)
	}
	r.mu.Unlock()
	select {
	case <-flight:
	case <-ctx.Done():
		return &Unavailable{Cause: ctx.Err(), RetryAfter: time.Second}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// ask runs apart from the caller that asked first, because others wait for the answer, too.
func (v *Verifier) ask(r *remembered, token string, f finding, done chan struct{}) {
	got, err := v.asker.introspect(token, f.after)
	v.report.question(err)
	now := v.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	defer close(done)
	r.flight, r.failed = nil, nil
	switch {
	case err == nil:
		if got.epoch = f.epoch; got.number == 0 || got.number < f.after { // a replica of the release before, which knows no order
			got.number, got.until = max(got.number, f.after), earlier(got.until, now.Add(unasked))
		}
		got.until = earlier(got.until, v.facts.longest(now))
		r.answer = &got
	case f.strict || v.set.OnCut == Deny:
		r.failed = &Unavailable{Cause: err, RetryAfter: time.Second}
	default:
		r.pause = reprieve{number: f.after, epoch: f.epoch, until: now.Add(unasked)}
	}
}

// earlier is the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
