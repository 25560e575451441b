package signet

import "time"

// finding is what the facts say of a token.
type finding struct {
	reason Reason // not empty: it is refused
	ask    bool   // Signet has to be asked
	// after is the number that the answer has to have, 0 for any.
	after int64
	// strict: a fact names the session, subject or app token. Without an answer there is no verdict then, whatever OnCut says.
	strict bool
	epoch  int64

	answer *answered // what Signet said; nil: the token's own claims count
	until  time.Time // how long this holds if there are no more facts; zero: as long as the token
}

// answered is what Signet said of a token.
type answered struct {
	active             bool
	permissions, roles []string
	number             int64
	epoch              int64
	until              time.Time // it is asked again then; zero: as long as the token lives
	valid              time.Time // a grant ends then; zero: none does
}

// reprieve lets a token pass for a while about which nobody answered, where OnCut allows that: facts up to the number that don't name it are passed
// over.
type reprieve struct {
	number, epoch int64
	until         time.Time
}

// judge holds a token, and what Signet said of it last, against the facts. A token is older than a fact if its number is lower; an answer makes
// it as new as the answer.
func (f *facts) judge(c *claims, kid string, last *answered, pause reprieve, now time.Time) (out finding) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	out.epoch = f.epoch
	if _, revoked := f.revoked[kid]; revoked {
		out.reason = ReasonKeyRevoked
		return out
	}
	number, ordered := c.changes, c.changes > 0
	reset := !f.resetAt.IsZero() && now.Sub(f.resetAt) < f.ttl
	if reset {
		number, ordered = 0, false
	}
	known := false
	if last != nil && last.epoch == f.epoch && (last.until.IsZero() || now.Before(last.until)) {
		number, known = max(number, last.number), true
		out.answer, out.until = last, last.until
	}
	passed := number
	if pause.epoch == f.epoch && now.Before(pause.until) {
		passed, known = max(number, pause.number), true
		out.until = earlier(out.until, pause.until)
		if last != nil && last.epoch == f.epoch && (last.valid.IsZero() || now.Before(last.valid)) {
			out.answer = last // what was taken stays taken
		}
	}
	long := f.ttl > 0 && time.Duration(c.expires-c.issuedAt)*time.Second > f.ttl-grace
	switch {
	case known:
	case reset:
		out.require(f.resetCS, false)
	case long:
		out.require(0, false)
	}
	if f.floor > passed {
		out.require(f.floor, false)
	}
	for _, about := range [...]struct {
		kind, id string
		strict   bool
	}{
		{kindSession, c.session, true},
		{kindKey, c.key, true},
		{kindSubject, c.subject, true},
		{kindAudience, f.audience, false},
		{kindAudience, everywhere, false},
	} {
		if about.id == "" {
			continue
		}
		r, there := f.known[f.id(about.kind, about.id)]
		switch {
		case !there:
		case r.session && r.ended, r.number > number && r.ended && ordered:
			out.reason = ReasonEnded
			return out
		case r.number > passed, about.strict && r.number > number:
			out.require(r.number, about.strict)
		}
	}
	return out
}

func (f *finding) require(after int64, strict bool) {
	f.ask, f.after, f.strict = true, max(f.after, after), f.strict || strict
}

// longest is until when an answer about a token may be remembered at most: facts that come later are forgotten token_ttl after that, and the
// token may live longer. Zero is no limit.
func (f *facts) longest(now time.Time) time.Time {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.ttl == 0 {
		return time.Time{}
	}
	return now.Add(f.ttl - grace)
}
