package factor

import (
	"context"
	"slices"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/app/credential"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// errUnproved keeps a factor from an account whose mailbox may be another person's.
var errUnproved = domain.ErrEmailNotVerified.Saying("Verify the address of the account first")

// EnrolInput asks for an authenticator app. Name may be empty.
type EnrolInput struct {
	Actor domain.Actor
	From  domain.Origin
	Name  string
}

// Enrolment is what the app takes over, once.
type Enrolment struct {
	Factor domain.Factor
	Key    factor.OTPKey
}

// EnrolTOTP makes a secret for an authenticator app. It counts once ConfirmTOTP gets a code of it, from the same session and within
// domain.EnrolTTL; one that still waits is replaced.
//
// domain.ErrReauthRequired without a recent login, by a factor if there are any; domain.ErrEmailNotVerified; domain.ErrLimitReached.
func (s *Service) EnrolTOTP(ctx context.Context, in EnrolInput) (Enrolment, error) {
	me, err := s.self(ctx, in.Actor, in.From)
	if err != nil {
		return Enrolment{}, err
	}
	if err := s.mayEnrol(ctx, me); err != nil {
		return Enrolment{}, err
	}
	name, err := checkName(in.Name)
	if err != nil {
		return Enrolment{}, err
	}
	key, err := s.otp.New(s.settings.Product, me.user.Email.Canonical())
	if err != nil {
		return Enrolment{}, err
	}
	f := domain.Factor{
		ID: domain.FactorID(s.System.NewOrderedID()), UserID: me.user.ID, Kind: domain.FactorTOTP, Name: name, SessionID: me.session.ID, CreatedAt: me.now,
	}
	if f.Secret, err = s.sealer.Seal(credential.FactorPlace(f.ID, f.UserID), key.Secret); err != nil {
		return Enrolment{}, err
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := base.LockActor(ctx, tx, in.Actor, me.now); err != nil {
			return err
		}
		all, err := tx.Factors.ByUser(ctx, me.user.ID)
		if err == nil {
			err = hasRoom(all, domain.FactorTOTP)
		}
		if err != nil {
			return err
		}
		if err := tx.Factors.DeleteUnconfirmed(ctx, f.UserID, f.Kind); err != nil {
			return err
		}
		return tx.Factors.Insert(ctx, f)
	})
	return Enrolment{Factor: f, Key: key}, err
}

// mayEnrol wants a recent login, and a mailbox that is the caller's.
func (s *Service) mayEnrol(ctx context.Context, me self) error {
	if err := s.reauth.RequireRecentBy(ctx, me.user, me.Actor, me.now); err != nil {
		return err
	}
	if !me.user.IsEmailVerified() {
		return errUnproved
	}
	return nil
}

// hasRoom tells by domain.ErrLimitReached that an account may not have one more of a kind. Keys of both kinds count together.
func hasRoom(all []domain.Factor, kind domain.FactorKind) error {
	limit := domain.MaxWebAuthn
	if kind == domain.FactorTOTP {
		limit = domain.MaxTOTP
	}
	alike := slices.DeleteFunc(domain.Confirmed(all), func(f domain.Factor) bool {
		return (f.Kind == domain.FactorTOTP) != (kind == domain.FactorTOTP)
	})
	if len(alike) >= limit {
		return domain.ErrLimitReached.Noting(domain.FactLimit, limit)
	}
	return nil
}

// ConfirmInput is a code of the new app.
type ConfirmInput struct {
	Actor  domain.Actor
	From   domain.Origin
	Factor domain.FactorID
	Code   domain.Secret
}

// Added is a factor that counts now, and the tokens with which the session continues.
type Added struct {
	signin.Tokens

	Factor domain.Factor
	Codes  []domain.Secret // recovery codes; only with the first factor
	// Voided tells that a change of the address was under way and is void now.
	Voided bool
}

// ConfirmTOTP makes an authenticator app count. The first factor makes recovery codes, and ends all other sessions and open changes, which
// began without it.
func (s *Service) ConfirmTOTP(ctx context.Context, in ConfirmInput) (Added, error) {
	me, err := s.self(ctx, in.Actor, in.From)
	if err != nil {
		return Added{}, err
	}
	code, err := parseCode(in.Code)
	if err != nil {
		return Added{}, err
	}
	all, err := s.Store.Read().Factors.ByUser(ctx, me.user.ID)
	if err != nil {
		return Added{}, err
	}
	f, ok := byID(all, in.Factor)
	if !ok || !f.CanConfirm(me.session.ID, me.now) {
		return Added{}, domain.ErrNotFound
	}
	budget, err := s.guard.AttemptFactor(ctx, me.user.ID, in.From)
	if err != nil {
		return Added{}, err
	}
	step, ok, err := s.match(f, code, me.now)
	if err == nil && !ok {
		return Added{}, s.refuse(ctx, errUsed, me.user, in.Actor, in.From, domain.WayTOTP, me.now)
	}
	budget.Return()
	if err != nil {
		return Added{}, err
	}
	f.ConfirmedAt, f.LastUsedAt, f.LastStep = me.now, me.now, step
	return s.add(ctx, me, f, []string{f.Method()}, domain.AAL2, func(ctx context.Context, tx *store.Tx) error {
		ok, err := tx.Factors.Confirm(ctx, f)
		if err == nil && !ok {
			err = domain.ErrNotFound
		}
		return err
	})
}

// add makes a factor count, which save writes, and raises the session to what it has proved.
func (s *Service) add(ctx context.Context, me self, f domain.Factor, methods []string, level domain.Level, save func(context.Context, *store.Tx) error) (Added, error) {
	platform, err := s.directory.Service(ctx, "")
	if err != nil {
		return Added{}, err
	}
	out := Added{Factor: f}
	codes, texts, err := s.newCodes(me)
	if err != nil {
		return Added{}, err
	}
	out.Tokens, err = s.renew(ctx, me, proves(me, methods, level), platform, func(ctx context.Context, tx *store.Tx, p domain.Principal) error {
		out.Codes, out.Voided = nil, false
		all, err := tx.Factors.ByUser(ctx, me.user.ID)
		if err == nil {
			err = hasRoom(all, f.Kind)
		}
		if err != nil {
			return err
		}
		first := len(domain.Confirmed(all)) == 0
		if !first && me.Level < domain.AAL2 { // it was the first one when it was begun
			return domain.ErrReauthRequired.Demanding(domain.Demand{Level: domain.AAL2, MaxAge: s.reauth.MaxAge()})
		}
		if err := save(ctx, tx); err != nil {
			return err
		}
		added := me.event(domain.EventFactorAdded).With("kind", string(f.Kind)).With("factor_id", string(f.ID))
		if !first {
			return s.note(ctx, tx, me, mailer.FactorAdded, mailer.Data{Factor: f.Kind}, added)
		}
		out.Codes = texts
		if out.Voided, err = isMoving(ctx, tx, me); err != nil {
			return err
		}
		if err := s.replaceCredentials(ctx, tx, me, p); err != nil {
			return err
		}
		if err := tx.Factors.ReplaceCodes(ctx, me.user.ID, codes); err != nil {
			return err
		}
		return s.tellFirst(ctx, tx, me, f.Kind, added, me.event(domain.EventCodesCreated))
	})
	return out, err
}

// isMoving tells whether a change of the address is under way.
func isMoving(ctx context.Context, tx *store.Tx, me self) (bool, error) {
	live, err := tx.Flows.LiveBySubject(ctx, string(me.user.ID), me.now, 200)
	return slices.ContainsFunc(live, func(f domain.Flow) bool { return f.Purpose == domain.PurposeChangeEmail }), err
}

// proves is the caller's session in which something was just proved, which together with the first factor reaches a level. The level may fall:
// a code does not renew what only a key can prove.
func proves(me self, methods []string, level domain.Level) domain.Session {
	session := me.session
	session.AMR, session.Level, session.AuthTime = domain.WithFactor(session.AMR, methods...), level, me.now
	return session
}

// Remove deletes one of the caller's factors; recovery codes go with the last one. Other sessions end, and this one keeps what the remaining
// factors prove.
//
// domain.ErrLastWayIn for a passkey without which nobody could log in; domain.ErrFactorRequired for the last one where everybody needs one.
func (s *Service) Remove(ctx context.Context, actor domain.Actor, from domain.Origin, id domain.FactorID) (signin.Tokens, error) {
	me, err := s.self(ctx, actor, from)
	if err != nil {
		return signin.Tokens{}, err
	}
	if err := s.reauth.RequireRecentBy(ctx, me.user, actor, me.now); err != nil {
		return signin.Tokens{}, err
	}
	all, err := s.Store.Read().Factors.ByUser(ctx, me.user.ID)
	if err != nil {
		return signin.Tokens{}, err
	}
	gone, ok := byID(all, id)
	if !ok || !gone.IsConfirmed() {
		return signin.Tokens{}, domain.ErrNotFound
	}
	left := slices.DeleteFunc(domain.Confirmed(all), func(f domain.Factor) bool { return f.ID == id })
	if len(left) == 0 && s.signin.RequiresFactor() {
		return signin.Tokens{}, domain.ErrFactorRequired
	}
	platform, err := s.directory.Service(ctx, "")
	if err != nil {
		return signin.Tokens{}, err
	}
	session := me.session
	session.AMR = domain.WithoutFactors(session.AMR, methodsOf(left))
	session.Level = min(session.Level, domain.Reached(session.AMR))
	return s.renew(ctx, me, session, platform, func(ctx context.Context, tx *store.Tx, p domain.Principal) error {
		if err := tx.Factors.Delete(ctx, me.user.ID, id); err != nil {
			return err
		}
		remaining, err := tx.Factors.ByUser(ctx, me.user.ID) // one may have been added since
		if err != nil {
			return err
		}
		if err := s.keepWayIn(ctx, tx, me.user, remaining); err != nil {
			return err
		}
		if len(domain.Confirmed(remaining)) == 0 {
			if err := tx.Factors.DeleteAll(ctx, me.user.ID); err != nil {
				return err
			}
		}
		if err := s.replaceCredentials(ctx, tx, me, p); err != nil {
			return err
		}
		event := me.event(domain.EventFactorRemoved).With("kind", string(gone.Kind)).With("factor_id", string(id))
		return s.note(ctx, tx, me, mailer.FactorRemoved, mailer.Data{Factor: gone.Kind}, event)
	})
}

// keepWayIn wants something to be left that begins a session.
func (s *Service) keepWayIn(ctx context.Context, tx *store.Tx, user domain.User, left []domain.Factor) error {
	if user.PasswordHash != "" || domain.HasPasskey(left, s.signin.RPID()) {
		return nil
	}
	identities, err := tx.Identities.ByUser(ctx, user.ID)
	if err == nil && !slices.ContainsFunc(identities, s.isUsable) {
		err = domain.ErrLastWayIn
	}
	return err
}

// methodsOf are what factors prove, and recovery codes, which exist as long as there are any.
func methodsOf(factors []domain.Factor) []string {
	var methods []string
	for _, f := range factors {
		methods = append(methods, f.Method(), domain.MethodRecovery)
		if f.Kind != domain.FactorTOTP {
			methods = append(methods, domain.MethodUser)
		}
	}
	return methods
}

// RenewCodes makes recovery codes; those before are void. domain.ErrNoFactor for an account without factors.
func (s *Service) RenewCodes(ctx context.Context, actor domain.Actor, from domain.Origin) ([]domain.Secret, error) {
	me, err := s.self(ctx, actor, from)
	if err != nil {
		return nil, err
	}
	if !me.user.HasFactors {
		return nil, domain.ErrNoFactor
	}
	if err := s.reauth.RequireRecentBy(ctx, me.user, actor, me.now); err != nil {
		return nil, err
	}
	codes, texts, err := s.newCodes(me)
	if err != nil {
		return nil, err
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := me.lock(ctx, tx); err != nil {
			return err
		}
		if _, err := base.LockActor(ctx, tx, actor, me.now); err != nil {
			return err
		}
		if err := tx.Factors.ReplaceCodes(ctx, me.user.ID, codes); err != nil {
			return err
		}
		return s.note(ctx, tx, me, mailer.RecoveryCodesCreated, mailer.Data{}, me.event(domain.EventCodesCreated))
	})
	return texts, err
}

func (s *Service) newCodes(me self) (codes []domain.RecoveryCode, texts []domain.Secret, err error) {
	for range domain.RecoveryCodeCount {
		code, text, err := domain.NewRecoveryCode(domain.RecoveryCodeID(s.System.NewID()), me.user.ID, s.System.Entropy, me.now)
		if err != nil {
			return nil, nil, err
		}
		codes, texts = append(codes, code), append(texts, text)
	}
	return codes, texts, nil
}
