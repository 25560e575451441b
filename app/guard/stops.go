package guard

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/sys"
)

// Reason is why a mail was not sent.
type Reason string

// The reasons.
const (
	ForAddress Reason = "address" // its address is over the limit
	ForBlock   Reason = "block"   // the requesting address block is over the limit
	ForLogin   Reason = "login"   // one login through a provider is over the limit
)

// Stop is a sort of mail that a limit stops.
type Stop struct {
	Kind   mailer.Kind
	Reason Reason
}

// Stopped is one mail that a limit stopped.
type Stopped struct {
	Stop

	At time.Time
	To string // masked
}

const (
	// stopLine is how often one kind of mail may have a line in the log: a flood must not fill it.
	stopLine = time.Minute
	// stopsKept is how many stopped mails are kept for display.
	stopsKept = 50
)

// Stops records every mail that a limit stopped. The caller is not told, because that would reveal which addresses have an account.
// Operators learn of it here: by counters, and by one log line a minute for each kind, which names nobody. Safe for concurrent use.
type Stops struct {
	system sys.System
	log    *slog.Logger

	mu     sync.Mutex
	counts map[Stop]int64
	untold map[mailer.Kind]map[Reason]int // since the last line
	told   map[mailer.Kind]time.Time
	kept   []Stopped // oldest first
}

// NewStops makes an empty record.
func NewStops(system sys.System, log *slog.Logger) *Stops {
	return &Stops{
		system: system, log: log, counts: map[Stop]int64{}, untold: map[mailer.Kind]map[Reason]int{}, told: map[mailer.Kind]time.Time{},
	}
}

// Sorts are all possible sorts.
func (s *Stops) Sorts() []Stop {
	sorts := []Stop{{mailer.OAuthCode, ForLogin}}
	for _, kind := range []mailer.Kind{mailer.Verify, mailer.Reset, mailer.ChangeEmail, mailer.OAuthCode} {
		sorts = append(sorts, Stop{kind, ForAddress}, Stop{kind, ForBlock})
	}
	return sorts
}

// Count is how many of a sort were stopped by this replica.
func (s *Stops) Count(sort Stop) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.counts[sort]
}

// Recent are the last stopped mails, newest first.
func (s *Stops) Recent() []Stopped {
	s.mu.Lock()
	defer s.mu.Unlock()
	recent := slices.Clone(s.kept)
	slices.Reverse(recent)
	return recent
}

// Add records a mail. The first of a kind is logged at once, those of the following minute together.
func (s *Stops) Add(ctx context.Context, kind mailer.Kind, why Reason, to domain.Email) {
	now := s.system.Now()
	s.mu.Lock()
	s.counts[Stop{kind, why}]++
	if s.untold[kind] == nil {
		s.untold[kind] = map[Reason]int{}
	}
	s.untold[kind][why]++
	if len(s.kept) == stopsKept {
		s.kept = slices.Delete(s.kept, 0, 1)
	}
	s.kept = append(s.kept, Stopped{Stop: Stop{kind, why}, At: now, To: to.String()})
	s.mu.Unlock()
	s.tell(ctx, kind, now)
}

// tell writes the line of a kind, unless it had one within the minute.
func (s *Stops) tell(ctx context.Context, kind mailer.Kind, now time.Time) {
	s.mu.Lock()
	untold, last := s.untold[kind], s.told[kind]
	due := len(untold) > 0 && now.Sub(last) >= stopLine
	if due {
		s.told[kind] = now
		delete(s.untold, kind)
	}
	s.mu.Unlock()
	if !due {
		return
	}
	attrs, sum := []any{"kind", kind}, 0
	for _, why := range []Reason{ForAddress, ForBlock, ForLogin} {
		if n := untold[why]; n > 0 {
			attrs, sum = append(attrs, "over_limit_of_"+string(why), n), sum+n
		}
	}
	s.log.WarnContext(ctx, "mails were not sent: a limit stopped them", append(attrs, "count", sum)...)
}

// Tell writes the lines that are due.
func (s *Stops) Tell(ctx context.Context) {
	now := s.system.Now()
	s.mu.Lock()
	var kinds []mailer.Kind
	for kind := range s.untold {
		kinds = append(kinds, kind)
	}
	s.mu.Unlock()
	slices.Sort(kinds)
	for _, kind := range kinds {
		s.tell(ctx, kind, now)
	}
}

// Run logs until ctx ends, so that the last mails of a series are logged, too.
func (s *Stops) Run(ctx context.Context) {
	for s.system.Sleep(ctx, stopLine) == nil {
		s.Tell(ctx)
	}
}
