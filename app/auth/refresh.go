package auth

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// Carrier is where in a request a refresh token was.
type Carrier uint8

// The carriers.
const (
	ByBody Carrier = iota
	ByBearer
	ByCookie
)

// RefreshInput is a refresh token, and the audience the new access token is for.
type RefreshInput struct {
	From    domain.Origin
	Token   domain.Secret
	By      Carrier
	Service string // empty: the platform
}

// RefreshOutput is the successor and a new access token. The session says how the successor may be delivered.
type RefreshOutput = signin.Tokens

// refreshAttempts is how often a request that lost a race for an update tries again. The winner's row usually answers the loser in the
// second round; more rounds are only needed when many requests use the token during several transitions.
const refreshAttempts = 4

// ErrOvertaken is the cause behind domain.ErrTokenInvalid when the session goes on with newer tokens, as after a step-up.
var ErrOvertaken = errors.New("the session goes on with newer tokens")

// presented is one refresh request: the parsed token, the audience, the policy and the time.
type presented struct {
	RefreshInput

	token    domain.RefreshToken
	audience domain.Service
	policy   domain.RefreshPolicy
	asOf     int64 // of the feed
	now      time.Time
}

// Refresh rotates a refresh token (RFC 9700 §4.14.2) and answers with its successor and an access token. domain.Family decides; the store's
// conditional update makes it true. It repeats every check of a login whose result can change later: user, session, service.
func (s *Service) Refresh(ctx context.Context, in RefreshInput) (RefreshOutput, error) {
	if in.Token.IsZero() {
		return RefreshOutput{}, domain.ErrInvalidFields(domain.Required("refresh_token"))
	}
	token, ok := domain.ParseRefreshToken(in.Token)
	if !ok {
		return RefreshOutput{}, domain.ErrTokenInvalid.Because(domain.ErrForged)
	}
	asOf := s.directory.Applied()
	audience, err := s.directory.Service(ctx, in.Service)
	if err != nil {
		return RefreshOutput{}, err
	}
	end, first := s.refreshing.take(ctx, token.Family)
	defer end()
	p := presented{RefreshInput: in, token: token, audience: audience, policy: s.settings.Refresh, asOf: asOf, now: s.System.Now()}
	p.policy.Keep = s.settings.KeepBearers && in.By == ByBearer
	if first && !p.policy.Keep && !s.signin.MayRefuse(audience) && token.Genuine(s.keys) { // a forgery must not reach a statement that writes
		if out, done, err := s.rotate(ctx, p); done || err != nil {
			return out, err
		}
	}
	for range refreshAttempts {
		out, settled, err := s.judge(ctx, p)
		if settled || err != nil {
			return out, err
		}
	}
	return RefreshOutput{}, domain.ErrUnavailable.Because(errors.New("a refresh lost every race for its family"))
}

// rotate does nearly every refresh in one statement: the token is the live one of a live session. Otherwise the statement changes nothing
// and gives no reason, and the family is read. The remaining checks follow it: a user who may not act gets no token, and can get the
// undelivered successor again when they may.
func (s *Service) rotate(ctx context.Context, p presented) (out RefreshOutput, done bool, err error) {
	claimed := p.token.Claimed()
	to, next, err := claimed.Advance(p.token, domain.Rotate, s.keys, s.System.Entropy, p.now)
	if err != nil {
		return out, false, err
	}
	proved, done, err := s.Store.Rotate(ctx, claimed, to, s.settings.Sessions)
	if err != nil || !done {
		return out, false, err
	}
	session, err := s.directory.Session(ctx, proved.ID)
	if err == nil && !session.HasProved(proved) { // what is remembered is from before a step-up, or before a factor was removed
		session, err = s.directory.SessionAgain(ctx, proved.ID)
	}
	if errors.Is(err, domain.ErrNotFound) {
		err = domain.ErrTokenInvalid // the user was erased in the meantime, and the session with it
	}
	if err != nil {
		return out, true, err
	}
	session.LastSeenAt = p.now
	if p.isMisplaced(session) {
		return out, true, domain.ErrTokenInvalid
	}
	user, err := s.activeUser(ctx, session.UserID, p.now)
	if err != nil {
		return out, true, err
	}
	out, err = s.answer(ctx, p, next, user, session)
	return out, true, err
}

func (s *Service) answer(ctx context.Context, p presented, next domain.RefreshToken, user domain.User, session domain.Session) (RefreshOutput, error) {
	access, err := s.signin.AccessToken(ctx, user, session, p.audience, p.asOf, p.now)
	return RefreshOutput{
		User: user, Session: session, Access: access, RefreshToken: next.Text(), IdleUntil: session.IdleExpiresAt(s.settings.Sessions),
	}, err
}

// isMisplaced tells that a token came in a cookie although Signet did not deliver it in one: somebody else set that cookie.
func (p presented) isMisplaced(session domain.Session) bool {
	return p.By == ByCookie && !session.Cookie
}

// judge reads the family, judges the token and acts on it. settled is false when another request changed the family in between.
func (s *Service) judge(ctx context.Context, p presented) (out RefreshOutput, settled bool, err error) {
	family, session, err := s.Store.Read().Sessions.Family(ctx, p.token.Family)
	if errors.Is(err, domain.ErrNotFound) {
		return out, true, s.unknown(p.token) // forged, or its session ended so long ago that its row is gone
	}
	if err != nil {
		return out, true, err
	}
	if !session.IsLive(s.settings.Sessions, p.now) || p.isMisplaced(session) {
		return out, true, domain.ErrTokenInvalid
	}
	user, err := s.activeUser(ctx, session.UserID, p.now)
	if err != nil {
		return out, true, err
	}
	if err := s.signin.Admit(user, p.audience); err != nil { // before it rotates: a client that repeats its token would meet reuse
		return out, true, err
	}
	verdict, next := family.Present(p.token, s.keys, p.policy, p.now)
	switch verdict {
	case domain.Rotate, domain.Recover, domain.Keep:
		if next, settled, err = s.advance(ctx, p, family, verdict, user); !settled || err != nil {
			return out, settled, err
		}
		session.LastSeenAt = p.now
	case domain.Replay:
	case domain.Reuse:
		return out, true, s.endReused(ctx, p, session, user)
	case domain.Refuse:
		err := s.unknown(p.token)
		if !family.EndedAt.IsZero() && !errors.Is(err, domain.ErrForged) {
			err = domain.ErrTokenInvalid.Because(ErrOvertaken)
		}
		return out, true, err
	}
	out, err = s.answer(ctx, p, next, user, session)
	return out, true, err
}

// unknown refuses a token that belongs to no family; only a token that Signet never made counts against its sender.
func (s *Service) unknown(token domain.RefreshToken) error {
	if token.Genuine(s.keys) {
		return domain.ErrTokenInvalid
	}
	return domain.ErrTokenInvalid.Because(domain.ErrForged)
}

func (s *Service) activeUser(ctx context.Context, id domain.UserID, now time.Time) (domain.User, error) {
	user, err := s.directory.User(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !user.IsActive(now) {
		return domain.User{}, domain.ErrTokenInvalid
	}
	return user, err
}

// advance writes the next state of the family, unless another request was faster.
func (s *Service) advance(ctx context.Context, p presented, family domain.Family, verdict domain.Verdict, user domain.User) (next domain.RefreshToken, ok bool, err error) {
	to, next := family.Used(p.now), p.token
	if verdict != domain.Keep {
		if to, next, err = family.Advance(p.token, verdict, s.keys, s.System.Entropy, p.now); err != nil {
			return next, false, err
		}
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if ok, err = tx.Sessions.Advance(ctx, family, to); err != nil || !ok || verdict != domain.Recover {
			return err
		}
		return s.Audit.Record(ctx, tx, p.now, p.event(domain.EventRefreshRecovered, family.SessionID, user.ID))
	})
	return next, ok && err == nil, err
}

// endReused ends the session of a token that was used again after it was replaced: either this token was stolen, or the newer one was. Both
// holders are logged out, and the owner gets a mail. The client gets a refusal, but the trace is committed.
func (s *Service) endReused(ctx context.Context, p presented, session domain.Session, user domain.User) error {
	// A thief must not be able to prevent the alarm by hanging up.
	err := s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		ending := base.Ending{By: domain.System(), From: p.From, Reason: domain.EndedByReuse}
		ended, err := s.EndSessions(ctx, tx, ending, p.now, session.ID)
		if err != nil || len(ended) == 0 {
			return err
		}
		event := p.event(domain.EventRefreshReused, session.ID, user.ID)
		event.Outcome = domain.Failed
		if err := s.Audit.Record(ctx, tx, p.now, event); err != nil {
			return err
		}
		return s.Mail.Notice(ctx, tx, outbox.MailTo(user, mailer.RefreshReused, p.From, mailer.Data{AskedAt: p.now}), p.now)
	})
	if err != nil {
		return err
	}
	return domain.ErrTokenInvalid
}

func (p presented) event(kind domain.EventType, session domain.SessionID, user domain.UserID) domain.Event {
	e := domain.UserEvent(kind, domain.Anonymous(), p.From, user)
	e.SessionID = session
	return e
}

// turns lets one request of a process change a family while others with tokens of that family wait for the outcome. They then find the
// answer in the row and don't queue for its lock in the database. It is an optimization, not a guard: the conditional update decides, and a
// request that has waited once goes ahead in any case.
type turns struct {
	mu   sync.Mutex
	busy map[domain.FamilyID]chan struct{}
}

// take returns at once with a function that ends the turn, or waits for another's turn to end, and returns one that does
// nothing. first tells which it was.
func (t *turns) take(ctx context.Context, id domain.FamilyID) (end func(), first bool) {
	t.mu.Lock()
	if other, taken := t.busy[id]; taken {
		t.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
		}
		return func() {}, false
	}
	defer t.mu.Unlock()
	if t.busy == nil {
		t.busy = map[domain.FamilyID]chan struct{}{}
	}
	mine := make(chan struct{})
	t.busy[id] = mine
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.busy, id)
		close(mine)
	}, true
}
