package auth

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
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

// RefreshOutput is the successor and a fresh access token. The session says how the successor may travel.
type RefreshOutput struct {
	Session      domain.Session
	Access       session.AccessToken
	RefreshToken domain.Secret
	IdleUntil    time.Time
}

// Refresh rotates refresh tokens (RFC 9700 §4.14.2). domain.Family decides; the store's conditional update makes it true.
type Refresh struct {
	Store     store.Store
	System    sys.System
	Directory *access.Directory
	Mint      *session.Mint
	Ender     session.Ender
	Postbox   outbox.Postbox
	Keys      domain.RefreshKeys
	Policy    domain.RefreshPolicy
	Sessions  domain.SessionPolicy
	MailTTL   time.Duration
	// KeepBearers lets clients that send their refresh token as bearer keep it for good (REFRESH_BEARER=static).
	KeepBearers bool

	turns turns
}

// rounds is how often a request that lost the race for an update looks again. The winner's row answers the loser in the next
// round; more are only needed when the token is used by many at the very moment of several transitions.
const rounds = 4

// Handle answers with the successor of the token and an access token. Every ordinary check of a login that can change later
// is made again: user, session, service.
func (u *Refresh) Handle(ctx context.Context, in RefreshInput) (RefreshOutput, error) {
	if in.Token.IsZero() {
		return RefreshOutput{}, domain.ErrInvalidFields(domain.Required("refresh_token"))
	}
	token, ok := domain.ParseRefreshToken(in.Token)
	if !ok {
		return RefreshOutput{}, domain.ErrTokenInvalid.Because(domain.ErrForged)
	}
	service, err := u.Directory.Service(ctx, in.Service)
	if err != nil {
		return RefreshOutput{}, err
	}
	end, first := u.turns.take(ctx, token.Family)
	defer end()
	now := u.System.Now()
	policy := u.Policy
	policy.Keep = u.KeepBearers && in.By == ByBearer
	if first && !policy.Keep && token.Genuine(u.Keys) { // a forgery must not get as far as a statement that writes
		if out, done, err := u.rotate(ctx, token, service, in, now); done || err != nil {
			return out, err
		}
	}
	for range rounds {
		out, settled, err := u.round(ctx, token, policy, service, in, now)
		if settled || err != nil {
			return out, err
		}
	}
	return RefreshOutput{}, domain.ErrUnavailable.Because(errors.New("a refresh lost every race for its family"))
}

// rotate is what nearly every refresh is, in one statement: the token is the live one of a live session. When it is not, the
// statement does nothing and says nothing, and the family is read. The rest is looked at after it: who may not go on gets no
// token, and a successor that nobody got can be had again when they may.
func (u *Refresh) rotate(ctx context.Context, token domain.RefreshToken, service domain.Service, in RefreshInput, now time.Time) (out RefreshOutput, done bool, err error) {
	claimed := token.Claimed()
	to, next, err := claimed.Advance(token, domain.Rotate, u.Keys, u.System.Entropy, now)
	if err != nil {
		return out, false, err
	}
	id, done, err := u.Store.Rotate(ctx, claimed, to, u.Sessions)
	if err != nil || !done {
		return out, false, err
	}
	s, err := u.Directory.Session(ctx, id)
	if errors.Is(err, domain.ErrNotFound) {
		err = domain.ErrTokenInvalid // it was erased with its user since
	}
	if err != nil {
		return out, true, err
	}
	s.LastSeenAt = now
	if misplaced(in, s) {
		return out, true, domain.ErrTokenInvalid
	}
	user, err := u.activeUser(ctx, s.UserID, now)
	if err != nil {
		return out, true, err
	}
	out, err = u.answer(ctx, next, user, s, service, now)
	return out, true, err
}

func (u *Refresh) answer(ctx context.Context, next domain.RefreshToken, user domain.User, s domain.Session, service domain.Service, now time.Time) (RefreshOutput, error) {
	access, err := u.Mint.Issue(ctx, user, s, service, now)
	return RefreshOutput{Session: s, Access: access, RefreshToken: next.Text(), IdleUntil: s.IdleExpiresAt(u.Sessions)}, err
}

// misplaced tells that a token came by cookie that Signet put into none: somebody else did.
func misplaced(in RefreshInput, s domain.Session) bool { return in.By == ByCookie && !s.Cookie }

// round reads the family, judges the token and acts on it. settled is false when another request changed the family between.
func (u *Refresh) round(ctx context.Context, token domain.RefreshToken, policy domain.RefreshPolicy, service domain.Service, in RefreshInput, now time.Time) (out RefreshOutput, settled bool, err error) {
	family, s, err := u.Store.Read().Sessions.Family(ctx, token.Family)
	if errors.Is(err, domain.ErrNotFound) {
		return out, true, u.unknown(token) // forged, or of a session so long over that its row is gone
	}
	if err != nil {
		return out, true, err
	}
	if !s.IsLive(u.Sessions, now) || misplaced(in, s) {
		return out, true, domain.ErrTokenInvalid
	}
	user, err := u.activeUser(ctx, s.UserID, now)
	if err != nil {
		return out, true, err
	}
	verdict, next := family.Present(token, u.Keys, policy, now)
	switch verdict {
	case domain.Rotate, domain.Recover, domain.Keep:
		if next, settled, err = u.advance(ctx, family, token, verdict, user, in.From, now); !settled || err != nil {
			return out, settled, err
		}
		s.LastSeenAt = now
	case domain.Replay:
	case domain.Reuse:
		return out, true, u.endReused(ctx, s, user, in.From, now)
	case domain.Refuse:
		return out, true, u.unknown(token)
	}
	out, err = u.answer(ctx, next, user, s, service, now)
	return out, true, err
}

// unknown refuses a token that no family takes; only one that Signet never made counts against its sender.
func (u *Refresh) unknown(token domain.RefreshToken) error {
	if token.Genuine(u.Keys) {
		return domain.ErrTokenInvalid
	}
	return domain.ErrTokenInvalid.Because(domain.ErrForged)
}

func (u *Refresh) activeUser(ctx context.Context, id domain.UserID, now time.Time) (domain.User, error) {
	user, err := u.Directory.User(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !user.IsActive(now) {
		return domain.User{}, domain.ErrTokenInvalid
	}
	return user, err
}

// advance writes the next state of the family, if nobody was faster.
func (u *Refresh) advance(ctx context.Context, family domain.Family, token domain.RefreshToken, verdict domain.Verdict, user domain.User, from domain.Origin, now time.Time) (next domain.RefreshToken, ok bool, err error) {
	to, next := family.Used(now), token
	if verdict != domain.Keep {
		if to, next, err = family.Advance(token, verdict, u.Keys, u.System.Entropy, now); err != nil {
			return next, false, err
		}
	}
	err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if ok, err = tx.Sessions.Advance(ctx, family, to); err != nil || !ok || verdict != domain.Recover {
			return err
		}
		return tx.Audit.Add(ctx, u.event(domain.EventRefreshRecovered, family.SessionID, user.ID, from, now))
	})
	return next, ok && err == nil, err
}

// endReused ends the session of a token that was used again after its time: either it was stolen, or whoever holds the newer
// one stole that. Both are logged out, and the owner hears of it. The refusal is the answer; the trace is committed.
func (u *Refresh) endReused(ctx context.Context, s domain.Session, user domain.User, from domain.Origin, now time.Time) error {
	// A thief must not be able to keep the alarm from ringing by hanging up.
	err := u.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		ended, err := u.Ender.End(ctx, tx, domain.System(), from, domain.EndedByReuse, s.ID)
		if err != nil || len(ended) == 0 {
			return err
		}
		event := u.event(domain.EventRefreshReused, s.ID, user.ID, from, now)
		event.Outcome = domain.Failed
		if err := tx.Audit.Add(ctx, event); err != nil {
			return err
		}
		letter := outbox.Letter{Kind: mailer.RefreshReused, Locale: user.Locale, Data: mailer.Data{
			Name: user.FirstName, AskedAt: now,
		}}.AskedBy(outbox.By(from))
		return u.Postbox.Mail(ctx, tx, letter.To(user.Email), now.Add(u.MailTTL))
	})
	if err != nil {
		return err
	}
	return domain.ErrTokenInvalid
}

func (u *Refresh) event(kind domain.EventType, s domain.SessionID, user domain.UserID, from domain.Origin, now time.Time) domain.Event {
	e := domain.NewEvent(domain.EventID(u.System.NewOrderedID()), now, kind, domain.Anonymous(), from, "user", string(user))
	e.SessionID = s
	return e
}
