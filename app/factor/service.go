// Package factor keeps the factors of people (authenticator apps, passkeys and security keys), their recovery codes and remembered devices, and
// judges them: at the challenge of a login, within a session that needs a stronger or fresher proof, and where a passkey is the whole login.
//
//	EnrolTOTP ─► a secret of the session that asked ─► ConfirmTOTP (a code) ─► it counts; the first one ends all other sessions
//	EnrolKey  ─► a state, sealed                    ─► AddKey (a credential) ─► likewise
//	Verify (challenge + code or signature) ─► judge ─► signin.Begin, which uses proof and challenge up, and may remember the device
//	StepUp (bearer + code or signature)    ─► judge ─► a new family at the proved level; the old one ends
//	Login (signature of a passkey)         ─► judge ─► signin.Begin
//
// A code counts once, whatever the door, and so does a signature: one conditional update or one insert accepts it, in the transaction that
// counts on it.
package factor

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/signet-auth/signet/app/access"
	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/app/reauth"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
)

// Service is the use cases. Safe for concurrent use.
type Service struct {
	*base.Base

	guard     *guard.Guard
	reauth    *reauth.Service
	signin    *signin.Service
	directory *access.Directory
	proofs    *proof.Service
	sealer    secure.Sealer
	otp       factor.OTP
	passkeys  factor.Passkeys
	isUsable  func(domain.Identity) bool
	settings  Settings
	checks    map[Check]*atomic.Int64
}

// Check is a sort of judgement of a second proof.
type Check struct {
	Way   string // totp, webauthn or recovery
	Right bool
}

// Checks are all sorts.
func Checks() []Check {
	var all []Check
	for _, way := range []string{domain.WayTOTP, domain.WayWebAuthn, domain.WayRecovery} {
		all = append(all, Check{way, true}, Check{way, false})
	}
	return all
}

// Checked is how many of a sort this process has judged.
func (s *Service) Checked(c Check) int64 { return s.checks[c].Load() }

// Parts are what the service is made of.
type Parts struct {
	Guard     *guard.Guard
	Reauth    *reauth.Service
	SignIn    *signin.Service
	Directory *access.Directory
	Proofs    *proof.Service
	Sealer    secure.Sealer
	OTP       factor.OTP
	Passkeys  factor.Passkeys // nil: there are none
	// IsUsable tells whether one can log in through an identity now.
	IsUsable func(domain.Identity) bool
}

// Settings are what operators choose.
type Settings struct {
	Product  string // what authenticator apps call this server
	Sessions domain.SessionPolicy
	// NoPasskeys says to clients why there are no passkeys.
	NoPasskeys string
}

// New makes the service.
func New(b *base.Base, p Parts, s Settings) *Service {
	checks := map[Check]*atomic.Int64{}
	for _, c := range Checks() {
		checks[c] = &atomic.Int64{}
	}
	return &Service{
		Base: b, guard: p.Guard, reauth: p.Reauth, signin: p.SignIn, directory: p.Directory, proofs: p.Proofs, sealer: p.Sealer, otp: p.OTP,
		passkeys: p.Passkeys, isUsable: p.IsUsable, settings: s, checks: checks,
	}
}

// Overview is what a person has.
type Overview struct {
	Factors []domain.Factor // those that count, oldest first
	Codes   domain.RecoveryCodes
	Ways    []string // to prove one, the best first
	// Required tells that everybody needs a factor.
	Required bool
}

// List shows the caller's factors.
func (s *Service) List(ctx context.Context, actor domain.Actor) (Overview, error) {
	if err := access.RequirePlatformUser(actor); err != nil {
		return Overview{}, err
	}
	return s.Of(ctx, domain.UserID(actor.ID))
}

// Of is the factors of a user.
func (s *Service) Of(ctx context.Context, user domain.UserID) (out Overview, err error) {
	all, err := s.Store.Read().Factors.ByUser(ctx, user)
	if err != nil {
		return Overview{}, err
	}
	out.Factors = domain.Confirmed(all)
	out.Codes, err = s.Store.Read().Factors.Codes(ctx, user)
	out.Ways, out.Required = domain.WaysToProve(out.Factors, out.Codes, s.signin.RPID()), s.signin.RequiresFactor()
	return out, err
}

// Rename gives one of the caller's factors a name.
func (s *Service) Rename(ctx context.Context, actor domain.Actor, id domain.FactorID, name string) (domain.Factor, error) {
	if err := access.RequirePlatformUser(actor); err != nil {
		return domain.Factor{}, err
	}
	name, err := checkName(name)
	if err == nil && name == "" {
		err = domain.ErrInvalidFields(domain.Required("name"))
	}
	if err != nil {
		return domain.Factor{}, err
	}
	var renamed domain.Factor
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := base.LockActor(ctx, tx, actor, s.System.Now()); err != nil {
			return err
		}
		if err := tx.Factors.Rename(ctx, domain.UserID(actor.ID), id, name); err != nil {
			return err
		}
		all, err := tx.Factors.ByUser(ctx, domain.UserID(actor.ID))
		renamed, _ = byID(all, id)
		return err
	})
	return renamed, err
}

func checkName(name string) (string, error) {
	name = domain.Line(name)
	return name, domain.CheckLine("name", name, domain.MaxFactorName)
}

func byID(all []domain.Factor, id domain.FactorID) (domain.Factor, bool) {
	for _, f := range all {
		if f.ID == id {
			return f, true
		}
	}
	return domain.Factor{}, false
}

// self is the caller and the session of their token, as they are now. A transaction repeats what is decided by it.
type self struct {
	domain.Actor

	from    domain.Origin
	user    domain.User
	session domain.Session
	asOf    int64
	now     time.Time
}

func (s *Service) self(ctx context.Context, actor domain.Actor, from domain.Origin) (self, error) {
	if err := access.RequirePlatformUser(actor); err != nil {
		return self{}, err
	}
	me := self{Actor: actor, from: from, asOf: s.directory.Applied(), now: s.System.Now()}
	var err error
	if me.user, err = s.Store.Read().Users.ByID(ctx, domain.UserID(actor.ID)); err != nil {
		return self{}, access.TokenInvalidWhenGone(err)
	}
	me.session, err = s.Store.Read().Sessions.ByID(ctx, actor.SessionID)
	claims := domain.Claims{Level: actor.Level, AuthTime: actor.AuthTime} // let in by a session that may have been remembered at a higher level
	if err == nil && (!me.session.IsLive(s.settings.Sessions, me.now) || me.session.IsBelow(claims)) {
		err = domain.ErrTokenInvalid
	}
	return me, access.TokenInvalidWhenGone(err)
}

// renew replaces the tokens of the caller's session, which has proved what session says, together with what fn does. Nothing happens when the
// caller's credentials have changed since they were read, or the session has ended: domain.ErrTokenInvalid.
func (s *Service) renew(ctx context.Context, me self, session domain.Session, audience domain.Service, fn func(context.Context, *store.Tx, domain.Principal) error) (signin.Tokens, error) {
	tokens, family, err := s.signin.RenewAs(ctx, me.user, session, audience, me.asOf, me.now)
	if err != nil {
		return signin.Tokens{}, err
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		principal, err := me.lock(ctx, tx)
		if err != nil {
			return err
		}
		was, err := tx.Sessions.ByID(ctx, session.ID) // another tab may have raised it since
		if err != nil {
			return access.TokenInvalidWhenGone(err)
		}
		fact := domain.TokensUnaffected
		if session.Level < was.Level {
			fact = domain.TokensStale
		}
		if err := fn(ctx, tx, principal); err != nil {
			return err
		}
		renewed, err := tx.Sessions.Renew(ctx, family)
		if err == nil && !renewed {
			err = domain.ErrTokenInvalid
		}
		if err != nil {
			return err
		}
		tx.Changed(domain.ChangeSession, string(session.ID), fact)
		return tx.Sessions.Prove(ctx, session)
	})
	if err != nil {
		return signin.Tokens{}, err
	}
	return tokens, nil
}

// lock locks the caller's account as it was read.
func (me self) lock(ctx context.Context, tx *store.Tx) (domain.Principal, error) {
	p, err := base.LockUnchanged(ctx, tx, me.user.Principal, me.now)
	if errors.Is(err, domain.ErrInvalidCredentials) {
		err = domain.ErrTokenInvalid
	}
	return p, err
}

// replaceCredentials makes everything void that began under other factors: sessions, challenges, codes and changes of the address.
func (s *Service) replaceCredentials(ctx context.Context, tx *store.Tx, me self, p domain.Principal) error {
	p.ReplaceCredentials(me.now)
	if err := tx.Principals.Update(ctx, p); err != nil {
		return err
	}
	tx.Changed(domain.ChangePrincipal, string(p.ID), domain.TokensUnaffected)
	if err := s.proofs.Void(ctx, tx, domain.FactorsChanged, me.user, me.now); err != nil {
		return err
	}
	ending := base.Ending{By: me.Actor, From: me.from, Reason: domain.EndedByFactor}
	_, err := s.EndAllSessions(ctx, tx, me.user.ID, ending, me.now, me.kept()...)
	return err
}

// kept are the sessions that go on when the credentials change: the caller's, if there is one.
func (me self) kept() []domain.SessionID {
	if me.session.ID == "" {
		return nil
	}
	return []domain.SessionID{me.session.ID}
}

// note records events and tells the owner.
func (s *Service) note(ctx context.Context, tx *store.Tx, me self, kind mailer.Kind, data mailer.Data, events ...domain.Event) error {
	if err := s.Audit.Record(ctx, tx, me.now, events...); err != nil {
		return err
	}
	data.AskedAt = me.now
	return s.Mail.Notice(ctx, tx, outbox.MailTo(me.user, kind, me.from, data), me.now)
}

func (me self) event(kind domain.EventType) domain.Event {
	return domain.UserEvent(kind, me.Actor, me.from, me.user.ID)
}
