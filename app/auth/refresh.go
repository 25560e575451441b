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
	defer u.turns.take(ctx, token.Family)()
	now := u.System.Now()
	for range rounds {
		out, settled, err := u.round(ctx, token, service, in, now)
		if settled || err != nil {
			return out, err
		}
	}
	return RefreshOutput{}, domain.ErrUnavailable.Because(errors.New("a refresh lost every race for its family"))
}

// round reads the family, judges the token and acts on it. settled is false when another request changed the family between.
func (u *Refresh) round(ctx context.Context, token domain.RefreshToken, service domain.Service, in RefreshInput, now time.Time) (out RefreshOutput, settled bool, err error) {
	family, s, err := u.Store.Read().Sessions.Family(ctx, token.Family)
	if errors.Is(err, domain.ErrNotFound) {
		return out, true, domain.ErrTokenInvalid.Because(domain.ErrForged)
	}
	if err != nil {
		return out, true, err
	}
	if !s.IsLive(u.Sessions, now) || in.By == ByCookie && !s.Cookie { // Signet put no such token into a cookie: somebody else did
		return out, true, domain.ErrTokenInvalid
	}
	user, err := u.activeUser(ctx, s.UserID, now)
	if err != nil {
		return out, true, err
	}
	verdict, next := family.Present(token, u.Keys, u.Policy, now)
	switch verdict {
	case domain.Rotate, domain.Recover:
		if next, settled, err = u.advance(ctx, family, token, verdict, user, in.From, now); !settled || err != nil {
			return out, settled, err
		}
		s.LastSeenAt = now
	case domain.Replay:
	case domain.Reuse:
		return out, true, u.endReused(ctx, s, user, in.From, now)
	case domain.Refuse:
		err := domain.ErrTokenInvalid
		if !token.Genuine(u.Keys) {
			err = err.Because(domain.ErrForged)
		}
		return out, true, err
	}
	out.Session, out.RefreshToken, out.IdleUntil = s, next.Text(), s.IdleExpiresAt(u.Sessions)
	out.Access, err = u.Mint.Issue(ctx, user, s, service, now)
	return out, true, err
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
	to, next, err := family.Advance(token, verdict, u.Keys, u.System.Entropy, now)
	if err != nil {
		return next, false, err
	}
	err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if ok, err = tx.Sessions.Advance(ctx, family, to); err != nil || !ok || verdict == domain.Rotate {
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
			Name: user.FirstName, AskedAt: now, IP: from.IP, Device: s.DeviceName,
		}}
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
