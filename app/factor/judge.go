package factor

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/credential"
	"github.com/signet-auth/signet/app/guard"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/store"
)

// Offer is the second proof that a person offers: exactly one of these.
type Offer struct {
	Code         domain.Secret // of an authenticator app
	RecoveryCode domain.Secret
	State        string // with Response, of a passkey or security key
	Response     []byte
}

// offered is an offer whose form is right.
type offered struct {
	way  string
	code domain.Secret
	hash []byte // of a recovery code

	state string // with the response of a key
	signed
}

var errOneProof = domain.ErrInvalidRequest.Saying("Give exactly one of code, recovery_code and, with its state, credential")

func (o Offer) isNone() bool {
	return o.Code.IsZero() && o.RecoveryCode.IsZero() && o.State == "" && len(o.Response) == 0
}

// parse checks the form, before anything counts (Vault CVE-2025-6015).
func (s *Service) parse(o Offer) (offered, error) {
	proofs := 0
	for _, given := range []bool{!o.Code.IsZero(), !o.RecoveryCode.IsZero(), o.State != "" || len(o.Response) > 0} {
		if given {
			proofs++
		}
	}
	switch {
	case proofs != 1, (o.State == "") != (len(o.Response) == 0):
		return offered{}, errOneProof
	case o.State != "":
		presented, err := s.presented(o.Response)
		return offered{way: domain.WayWebAuthn, state: o.State, signed: signed{presented: presented, response: o.Response}}, err
	case !o.Code.IsZero():
		code, err := parseCode(o.Code)
		return offered{way: domain.WayTOTP, code: code}, err
	}
	hash, ok := domain.HashRecoveryCode(o.RecoveryCode)
	if !ok {
		return offered{}, malformed("recovery_code", "recovery_code must be six groups of four letters and digits")
	}
	return offered{way: domain.WayRecovery, hash: hash}, nil
}

func parseCode(text domain.Secret) (domain.Secret, error) {
	if text.IsZero() {
		return domain.Secret{}, domain.ErrInvalidFields(domain.Required("code"))
	}
	code, ok := domain.ParseCode(text)
	if !ok {
		return domain.Secret{}, malformed("code", "code must be six digits")
	}
	return code, nil
}

func malformed(field, text string) error {
	e := domain.ErrInvalidFields(domain.FieldError{Field: field, Code: "invalid", Text: text})
	e.Code = "validation_failed"
	return e
}

// judged is a second proof that is right. use uses it up, in the transaction that counts on it: errUsed if it was used before, or the account
// is locked for codes.
type judged struct {
	methods []string // amr
	level   domain.Level
	use     func(ctx context.Context, tx *store.Tx) error
}

// errUsed refuses a proof that was right but counts no more. It is answered as a wrong one.
var errUsed = errors.New("the proof was used before, is gone, or is refused for now")

// budget takes what a guess at an offer costs. Codes of an app are few, recovery codes are not.
func (s *Service) budget(ctx context.Context, o offered, user domain.UserID, from domain.Origin) (guard.Reservation, error) {
	if o.way == domain.WayTOTP {
		return s.guard.AttemptFactor(ctx, user, from)
	}
	return s.guard.AttemptToken(ctx, from)
}

// judge compares an offer with what the account has. The error wraps errUsed for a wrong one.
func (s *Service) judge(ctx context.Context, o offered, user domain.User, from domain.Origin, now time.Time) (j judged, err error) {
	defer func() { s.count(o.way, err) }()
	if o.way == domain.WayRecovery {
		has, err := s.Store.Read().Factors.HasCode(ctx, user.ID, o.hash)
		if err == nil && !has {
			err = errUsed
		}
		return judged{[]string{domain.MethodRecovery}, domain.AAL2, func(ctx context.Context, tx *store.Tx) error {
			return s.useCode(ctx, tx, o, user, from, now)
		}}, err
	}
	all, err := s.Store.Read().Factors.ByUser(ctx, user.ID)
	switch {
	case err != nil:
		return j, err
	case o.way == domain.WayWebAuthn:
		return s.judgeKey(ctx, o.signed, user.ID, all, now)
	}
	for _, f := range all {
		if f.Kind != domain.FactorTOTP || !f.IsConfirmed() {
			continue
		}
		step, ok, err := s.match(f, o.code, now)
		if err != nil { // sealed under an unknown SECRET_KEY: another app may do
			s.Log.ErrorContext(ctx, "the secret of an authenticator app can't be opened", "user_id", user.ID, "factor_id", f.ID, "error", err)
			continue
		}
		if ok {
			return judged{[]string{domain.MethodOTP}, domain.AAL2, func(ctx context.Context, tx *store.Tx) error { return s.useStep(ctx, tx, f, step, now) }}, nil
		}
	}
	return j, errUsed
}

// count counts a judgement, but not a failure to judge.
func (s *Service) count(way string, err error) {
	if err == nil || errors.Is(err, errUsed) {
		s.checks[Check{way, err == nil}].Add(1)
	}
}

// match tells at which step a code is one of the app's.
func (s *Service) match(f domain.Factor, code domain.Secret, now time.Time) (step int64, ok bool, err error) {
	secret, err := s.sealer.Open(credential.FactorPlace(f.ID, f.UserID), f.Secret)
	if err != nil {
		return 0, false, domain.ErrInternal.Because(err)
	}
	step, ok = s.otp.Match(secret, code.Reveal(), now)
	return step, ok && step > f.LastStep, nil
}

// useStep uses a code up, unless guesses have locked the account's codes: then right ones are refused like wrong ones.
func (s *Service) useStep(ctx context.Context, tx *store.Tx, f domain.Factor, step int64, now time.Time) error {
	run, err := tx.Lockouts.Lock(ctx, s.guard.FactorRunKey(f.UserID))
	if err != nil {
		return err
	}
	if run.IsLocked(now) {
		return errUsed
	}
	ok, err := tx.Factors.UseStep(ctx, f.ID, step, now)
	if err == nil && !ok {
		err = errUsed
	}
	if err != nil || run.Failures+run.Locks == 0 {
		return err
	}
	return tx.Lockouts.Clear(ctx, run.Key)
}

// useCode uses a recovery code up, and tells its owner how many are left.
func (s *Service) useCode(ctx context.Context, tx *store.Tx, o offered, user domain.User, from domain.Origin, now time.Time) error {
	ok, err := tx.Factors.UseCode(ctx, user.ID, o.hash, now)
	if err == nil && !ok {
		err = errUsed
	}
	if err != nil {
		return err
	}
	left, err := tx.Factors.Codes(ctx, user.ID)
	if err != nil {
		return err
	}
	by := domain.Actor{Kind: domain.ActorUser, ID: user.ID.Principal()}
	if err := s.Audit.Record(ctx, tx, now, domain.UserEvent(domain.EventCodeUsed, by, from, user.ID)); err != nil {
		return err
	}
	mail := outbox.MailTo(user, mailer.RecoveryCodeUsed, from, mailer.Data{AskedAt: now, Left: left.Left})
	return s.Mail.Notice(ctx, tx, mail, now)
}

// refuse counts a wrong proof and returns its error, domain.ErrInvalidCode. If it can't be counted, it returns that error instead: a guess
// without a trace would be free. why wraps errUsed.
func (s *Service) refuse(ctx context.Context, why error, user domain.User, by domain.Actor, from domain.Origin, way string, now time.Time) error {
	ctx = context.WithoutCancel(ctx) // hanging up hides no guess
	if err := s.suspend(ctx, why, user, from, now); err != nil {
		return err
	}
	if way == domain.WayTOTP {
		err := s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
			locked, err := s.guard.Failed(ctx, tx, s.guard.FactorRunKey(user.ID), now)
			if err != nil || !locked {
				return err
			}
			return s.Audit.Record(ctx, tx, now, domain.UserEvent(domain.EventUserLocked, by, from, user.ID).With("method", way))
		})
		if err != nil {
			return err
		}
	}
	s.Audit.RecordFailure(failure(user.ID, by, from, way), from.Block(), now)
	if way == domain.WayWebAuthn {
		return errSignature
	}
	return domain.ErrInvalidCode
}

var errSignature = domain.ErrInvalidCode.Saying("This passkey or security key does not work here, or is not the account's")

func failure(user domain.UserID, by domain.Actor, from domain.Origin, way string) domain.Event {
	e := domain.UserEvent(domain.EventFactorFailed, by, from, user).With("method", way)
	e.Outcome = domain.Failed
	return e
}
