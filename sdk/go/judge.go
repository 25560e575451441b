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
}

// answered is what Signet said of a token.
type answered struct {
	active             bool
	permissions, roles []string
	own                bool // nobody answered: the token's own claims count
	number             int64
	epoch              int64
	until              time.Time // zero: as long as the token
}

func (a *answered) counts(epoch int64, now time.Time) bool {
	return a != nil && a.epoch == epoch && (a.until.IsZero() || now.Before(a.until))
}

// judge holds a token, and what Signet said of it last, against the facts. A token is older than a fact if its number is lower; an answer makes
// it as new as the answer.
func (f *facts) judge(c *claims, kid string, last *answered, now time.Time) (out finding, answer *answered) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	out.epoch = f.epoch
	if _, revoked := f.revoked[kid]; revoked {
		out.reason = ReasonKeyRevoked
		return out, nil
	}
	if last.counts(f.epoch, now) {
		answer = last
	}
	number, comparable := c.changes, c.changes > 0
	reset := !f.resetAt.IsZero() && now.Sub(f.resetAt) < f.ttl
	if reset {
		number, comparable = 0, false
	}
	if answer != nil {
		number = max(number, answer.number)
	}
	if reset && answer == nil {
		out.require(f.resetCS, false)
	}
	if long := f.ttl > 0 && time.Duration(c.expires-c.issuedAt)*time.Second > f.ttl-grace; long && answer == nil {
		out.require(0, false)
	}
	if f.floor > number {
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
		case r.session && r.ended, r.number > number && r.ended && comparable:
			return finding{reason: ReasonEnded, epoch: f.epoch}, answer
		case r.number > number:
			out.require(r.number, about.strict)
		}
	}
	return out, answer
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
