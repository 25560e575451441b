package factor

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// VerifyInput is the challenge of a login, and the second proof.
type VerifyInput struct {
	From      domain.Origin
	Challenge domain.Secret
	Offer     Offer
	// Remember asks to remember the device. A recovery code does not: it replaces a factor that may be in other hands.
	Remember bool
	// MayCookie says whether the caller may get its refresh token by cookie, if the login asked for that; its error is the answer.
	MayCookie func() error
}

// Proved is the session in which something was proved.
type Proved struct {
	signin.Tokens

	CodesLeft *int // recovery codes; nil for an account without factors, which has none
}

// Verify completes a login that was challenged. It checks in this order: the form, the budget of the address block, the challenge, the budget
// of the account's codes, a try of the challenge, the proof, and then, in the transaction that begins the session, all again that may have
// changed. Of any number of parallel calls domain.ChallengeTries are judged, and one begins a session.
//
// domain.ErrInvalidCode, which counts the tries that are left; domain.ErrInvalidToken for a challenge that does not work; the errors of
// signin.Begin.
func (s *Service) Verify(ctx context.Context, in VerifyInput) (Proved, error) {
	offer, err := s.parse(in.Offer)
	if err != nil {
		return Proved{}, err
	}
	now := s.System.Now()
	login, err := s.signin.Pending(ctx, in.From, in.Challenge, now)
	if err != nil {
		return Proved{}, err
	}
	if login.Request.Cookie {
		if err := in.MayCookie(); err != nil {
			return Proved{}, err
		}
	}
	user := login.Proof.User
	budget, err := s.budget(ctx, offer, user.ID, in.From)
	if err != nil {
		return Proved{}, err
	}
	if offer.way == domain.WayWebAuthn {
		if offer.asked, err = s.opened(offer.state, toVerify, string(login.Flow.ID), now); err != nil {
			return Proved{}, err
		}
	}
	before, err := s.reserve(ctx, login.Flow.ID, now)
	if err != nil {
		budget.Return()
		return Proved{}, err
	}
	login.Proof.Remember = in.Remember && offer.way != domain.WayRecovery
	out, err := s.complete(ctx, login, offer, now)
	if !errors.Is(err, errUsed) || !isGuess(err) {
		budget.Return()
	}
	if errors.Is(err, errUsed) {
		err = s.missed(ctx, err, login, offer, before+1, now)
	}
	return out, err
}

// reserve counts a try, before anything is compared.
func (s *Service) reserve(ctx context.Context, id domain.FlowID, now time.Time) (before int, err error) {
	err = s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		n, ok, err := tx.Flows.ReserveTry(ctx, id, domain.ChallengeTries, now)
		if err == nil && !ok {
			err = signin.ErrChallenge
		}
		before = n
		return err
	})
	return before, err
}

func (s *Service) complete(ctx context.Context, login signin.Pending, offer offered, now time.Time) (Proved, error) {
	user, from := login.Proof.User, login.Request.From
	proved, err := s.judge(ctx, offer, user, from, now)
	if err != nil {
		return Proved{}, err
	}
	p := login.Proof
	// The whole login clears the run of failures; a right password alone does not (Keycloak GHSA-85v8).
	if p.Run, err = s.Store.Read().Lockouts.ByKey(ctx, s.guard.RunKey(user.Email)); err != nil {
		return Proved{}, err
	}
	p.Methods, p.At = domain.WithFactor(p.Methods, proved.methods...), now
	p.Redeem = func(ctx context.Context, tx *store.Tx) error {
		if err := proved.use(ctx, tx); err != nil {
			return err
		}
		consumed, err := tx.Flows.Consume(ctx, login.Flow.ID, now)
		if err == nil && !consumed {
			err = signin.ErrChallenge
		}
		return err
	}
	out := Proved{}
	if out.CodesLeft, err = s.codesLeft(ctx, offer, user.ID); err != nil {
		return Proved{}, err
	}
	out.Tokens, err = s.signin.Begin(ctx, p, login.Request, now)
	if errors.Is(err, domain.ErrInvalidCredentials) { // disabled, or its credentials replaced, since
		err = signin.ErrChallenge
	}
	if err != nil {
		return Proved{}, err
	}
	return out, nil
}

// codesLeft is how many recovery codes are left after an offer that is right.
func (s *Service) codesLeft(ctx context.Context, o offered, user domain.UserID) (*int, error) {
	codes, err := s.Store.Read().Factors.Codes(ctx, user)
	if err != nil {
		return nil, err
	}
	if o.way == domain.WayRecovery {
		codes.Left--
	}
	return &codes.Left, nil
}

// missed counts a wrong proof at a challenge, which its last try ends.
func (s *Service) missed(ctx context.Context, why error, login signin.Pending, offer offered, tries int, now time.Time) error {
	user, from := login.Proof.User, login.Request.From
	err := s.refuse(ctx, why, user, domain.Anonymous(), from, offer.way, now)
	if !errors.Is(err, domain.ErrInvalidCode) {
		return err
	}
	left := domain.ChallengeTries - tries
	if left == 0 {
		mails := s.guard.AllowGuessMail(ctx, user.ID)
		end := s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Flows.Consume(ctx, login.Flow.ID, now); err != nil || !mails {
				return err
			}
			return s.Mail.Notice(ctx, tx, outbox.MailTo(user, mailer.FactorGuessed, from, mailer.Data{AskedAt: now}), now)
		})
		if end != nil {
			return end
		}
	}
	var refusal *domain.Error
	errors.As(err, &refusal)
	return refusal.Noting(domain.FactTriesLeft, left)
}

// StepUpInput is a proof within a session: a password for accounts without factors, else a second factor.
type StepUpInput struct {
	Actor    domain.Actor
	From     domain.Origin
	Offer    Offer
	Password domain.Secret
	Service  string // key, id or name of the audience of the access token; empty: the platform
}

// StepUp proves something again in a session, and gives it new tokens: the level of what was proved, and the time. The refresh token before
// is void, and the access token before stays as it is. A proof does not renew a level that it can't prove.
//
// domain.ErrNoFactor when the account can't prove anything in this way; domain.ErrInvalidCode; domain.ErrInvalidCredentials for a wrong
// password.
func (s *Service) StepUp(ctx context.Context, in StepUpInput) (Proved, error) {
	var offer offered
	var err error
	byPassword := !in.Password.IsZero()
	if byPassword != in.Offer.isNone() { // both, or neither
		err = errOneProof.Saying("Give exactly one of password, code, recovery_code and, with its state, credential")
	} else if !byPassword {
		offer, err = s.parse(in.Offer)
	}
	if err != nil {
		return Proved{}, err
	}
	me, err := s.self(ctx, in.Actor, in.From)
	if err != nil {
		return Proved{}, err
	}
	audience, err := s.directory.Service(ctx, in.Service)
	if err != nil {
		return Proved{}, err
	}
	if err := s.signin.Admit(me.user, audience); err != nil {
		return Proved{}, err
	}
	if byPassword {
		tokens, err := s.stepUpByPassword(ctx, me, in.Password, audience)
		return Proved{Tokens: tokens}, err
	}
	if err := s.has(ctx, me.user, offer.way); err != nil {
		return Proved{}, err
	}
	budget, err := s.budget(ctx, offer, me.user.ID, in.From)
	if err != nil {
		return Proved{}, err
	}
	if offer.way == domain.WayWebAuthn {
		if offer.asked, err = s.opened(offer.state, toStepUp, string(me.session.ID), me.now); err != nil {
			return Proved{}, err
		}
	}
	proved, err := s.judge(ctx, offer, me.user, in.From, me.now)
	var out Proved
	if err == nil {
		out.CodesLeft, err = s.codesLeft(ctx, offer, me.user.ID)
	}
	if err == nil {
		out.Tokens, err = s.steppedUp(ctx, me, proves(me, proved.methods, proved.level), audience, proved.use)
	}
	if !errors.Is(err, errUsed) || !isGuess(err) {
		budget.Return()
	}
	if errors.Is(err, errUsed) {
		err = s.refuse(ctx, err, me.user, in.Actor, in.From, offer.way, me.now)
	}
	return out, err
}

// has tells by domain.ErrNoFactor that an account can't prove anything in a way, with the level that it can reach.
func (s *Service) has(ctx context.Context, user domain.User, way string) error {
	have, err := s.Of(ctx, user.ID)
	switch {
	case err != nil:
		return err
	case !user.HasFactors:
		return domain.ErrNoFactor.Demanding(domain.Demand{Level: domain.AAL1})
	case !slices.Contains(have.Ways, way):
		return domain.ErrNoFactor.Demanding(domain.Demand{Level: domain.AAL2, Ways: have.Ways})
	}
	return nil
}

func (s *Service) stepUpByPassword(ctx context.Context, me self, password domain.Secret, audience domain.Service) (signin.Tokens, error) {
	if me.user.HasFactors { // a password renews no second factor (pocket-id GHSA-hp74)
		return signin.Tokens{}, s.has(ctx, me.user, "")
	}
	if me.user.PasswordHash == "" {
		return signin.Tokens{}, domain.ErrNoFactor.Demanding(domain.Demand{Level: domain.AAL1})
	}
	judged, err := s.reauth.ByPassword(ctx, me.user, me.from, password)
	if err != nil {
		return signin.Tokens{}, err
	}
	me.user, me.now = judged, s.System.Now()
	session := me.session
	session.Level, session.AuthTime = domain.AAL1, me.now
	if !slices.Contains(session.AMR, domain.MethodPassword) {
		session.AMR = append(slices.Clip(session.AMR), domain.MethodPassword)
	}
	return s.steppedUp(ctx, me, session, audience, func(context.Context, *store.Tx) error { return nil })
}

func (s *Service) steppedUp(ctx context.Context, me self, session domain.Session, audience domain.Service, use func(context.Context, *store.Tx) error) (signin.Tokens, error) {
	return s.renew(ctx, me, session, audience, func(ctx context.Context, tx *store.Tx, _ domain.Principal) error {
		if err := use(ctx, tx); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, me.now, me.event(domain.EventSessionSteppedUp).With("acr", session.Level.String()))
	})
}
