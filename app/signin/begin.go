package signin

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// Proof says which account was proved, and how.
type Proof struct {
	User    domain.User    // as it was when the proof was judged
	Methods []string       // amr (RFC 8176)
	At      time.Time      // auth_time
	Run     domain.Lockout // the failed logins that a success clears
	// AsOf is what access.Directory.Applied was before the user was read.
	AsOf int64
	// Provider is the provider that proved it, for the audit log; empty if Signet itself did.
	Provider string
	// Remember asks to remember the device, on which a second factor was just proved.
	Remember bool
	// Redeem uses up a one-time proof, in the transaction that begins the session; nil if there is none. Its error rolls everything back.
	Redeem func(ctx context.Context, tx *store.Tx) error
}

// Request describes the requested session.
type Request struct {
	Client     domain.Client
	Audience   domain.Service // of the first access token
	From       domain.Origin
	DeviceName string
	Cookie     bool // its refresh tokens are delivered by cookie only
	// Device is the token of a remembered device, on which no second factor is asked for. One that does not count is as none.
	Device domain.Secret
}

// Begin makes a session, under the lock of the account's principal: parallel logins run one after the other, so the limit is exact, and a
// login with old credentials can't outlive their change.
//
// An account with second factors gets domain.ErrMFARequired, with a challenge, in place of a session whose proof has none of them, unless it
// remembers the device. That spares the factor and proves none: the session's level is that of the proof.
// domain.ErrEnrolmentRequired as Admit does; domain.ErrInvalidCredentials when the account changed since it was judged;
// domain.ErrSessionLimitReached under the policy that refuses.
func (s *Service) Begin(ctx context.Context, p Proof, r Request, now time.Time) (Tokens, error) {
	session := domain.NewSession(domain.SessionID(s.System.NewOrderedID()), p.User.ID, p.Methods, r.From, r.DeviceName, s.settings.Sessions, now)
	session.AuthTime, session.Cookie = p.At, r.Cookie
	family, token, err := domain.NewFamily(domain.FamilyID(s.System.NewID()), session.ID, r.Client.ID, s.keys, s.System.Entropy, now)
	if err != nil {
		return Tokens{}, err
	}
	trusted, err := s.newTrusted(p, r.From, now)
	if err != nil {
		return Tokens{}, err
	}
	var device claimed
	asks := p.User.HasFactors && session.Level < domain.AAL2 // the epoch says that this is still so
	if asks {
		device = s.claim(ctx, r.Device, r.From)
	}
	var challenge *domain.Challenge
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		challenge = nil
		principal, err := base.LockUnchanged(ctx, tx, p.User.Principal, now)
		if errors.Is(err, domain.ErrTokenInvalid) { // disabled or deleted since
			return domain.ErrInvalidCredentials
		}
		if err != nil {
			return err
		}
		if p.Redeem != nil {
			if err := p.Redeem(ctx, tx); err != nil {
				return err
			}
		}
		if err := s.Admit(p.User, r.Audience); err != nil {
			return err
		}
		if asks {
			if err := device.recognize(ctx, tx, principal, now); err != nil {
				return err
			}
			if device.live == "" {
				challenge, err = s.challenge(ctx, tx, p, r, now)
				return err
			}
		}
		if err := s.makeRoom(ctx, tx, p.User.ID, r.From, now); err != nil {
			return err
		}
		if err := s.trust(ctx, tx, principal, trusted, session, r.From, now); err != nil {
			return err
		}
		return s.write(ctx, tx, login{p, session, family, r.From, device.live}, now)
	})
	device.settle(err)
	if err == nil && challenge != nil { // only now: what the proof used up is used up
		s.challenged.Add(1)
		err = domain.ErrMFARequired.Challenging(*challenge)
	}
	if err != nil {
		return Tokens{}, err
	}
	user := p.User
	user.Principal, user.LastLoginAt = user.AsOf(now), now
	access, err := s.AccessToken(ctx, user, session, r.Audience, p.AsOf, now)
	return Tokens{
		User: user, Session: session, Access: access, RefreshToken: token.Text(), IdleUntil: session.IdleExpiresAt(s.settings.Sessions),
		MustEnrol: s.mustEnrol(p.User), DeviceToken: trusted.text, DeviceUntil: trusted.ExpiresAt,
	}, err
}

// login is what a login stores.
type login struct {
	Proof

	session domain.Session
	family  domain.Family
	from    domain.Origin
	device  domain.TrustedDeviceID // that spared a factor; empty: none did
}

// write stores a login. Statements without a result come last, so that the store can send them as one message.
func (s *Service) write(ctx context.Context, tx *store.Tx, l login, now time.Time) error {
	if err := s.noteDevice(ctx, tx, l.User, l.from, now); err != nil {
		return err
	}
	if err := tx.Sessions.Insert(ctx, l.session, l.family); err != nil {
		return err
	}
	if err := tx.Users.RecordLogin(ctx, l.User.ID, now); err != nil {
		return err
	}
	if l.Run.Failures > 0 || l.Run.Locks > 0 {
		if err := tx.Lockouts.Clear(ctx, l.Run.Key); err != nil {
			return err
		}
	}
	event := domain.UserEvent(domain.EventLoginSucceeded, actorOf(l.session), l.from, l.User.ID).
		With("acr", l.session.Level.String()).With("amr", strings.Join(l.session.AMR, " "))
	if l.Provider != "" {
		event = event.With("provider", l.Provider)
	}
	if l.device != "" {
		event = event.With("device_id", string(l.device))
	}
	return s.Audit.Record(ctx, tx, now, event)
}

// actorOf is the person who just got a session.
func actorOf(s domain.Session) domain.Actor {
	return domain.Actor{Kind: domain.ActorUser, ID: s.UserID.Principal(), SessionID: s.ID}
}

// makeRoom enforces the limit of live sessions: it ends the least recently refreshed ones or, under the other policy, refuses.
func (s *Service) makeRoom(ctx context.Context, tx *store.Tx, user domain.UserID, from domain.Origin, now time.Time) error {
	if s.settings.Sessions.Max == 0 {
		return nil
	}
	ending := base.Ending{By: domain.System(), From: from, Reason: domain.EndedByLimit}
	ended, err := s.EndSurplus(ctx, tx, user, s.settings.Sessions.Max-1, s.settings.Sessions, ending, now)
	if err == nil && len(ended) > 0 && s.settings.Sessions.Deny {
		return domain.ErrSessionLimitReached // none ends, since nothing is committed
	}
	return err
}

// noteDevice tells people of logins from a class of device that is new to them (ASVS 6.3.5). It only warns and keeps nobody out: an
// attacker with the password can claim to be any device.
func (s *Service) noteDevice(ctx context.Context, tx *store.Tx, user domain.User, from domain.Origin, now time.Time) error {
	news, err := tx.Devices.RecordLogin(ctx, user.ID, s.devices.Name(from.UserAgent), now)
	if err != nil || !news.ShouldNotify() {
		return err
	}
	return s.Mail.Notice(ctx, tx, outbox.MailTo(user, mailer.NewLogin, from, mailer.Data{AskedAt: now}), now)
}
