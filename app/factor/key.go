package factor

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
	"github.com/signet-auth/signet/ports/store"
)

// unavailable is domain.ErrUnavailable where there are no passkeys, and says why.
func (s *Service) unavailable() error {
	if s.passkeys == nil {
		return domain.ErrUnavailable.Saying("Passkeys and security keys are not available: " + s.settings.NoPasskeys).After(0)
	}
	return nil
}

// presented reads whose signature a response claims to be.
func (s *Service) presented(response []byte) (factor.Presented, error) {
	if err := s.unavailable(); err != nil {
		return factor.Presented{}, err
	}
	p, err := s.passkeys.Presented(response)
	return p, unreadable(err)
}

// unreadable turns an error about the form of a response into one for the client.
func unreadable(err error) error {
	if errors.Is(err, factor.ErrMalformed) {
		return malformed("credential", "credential is "+err.Error())
	}
	return err
}

// EnrolKeyInput asks for a passkey or a security key.
type EnrolKeyInput struct {
	Actor domain.Actor
	From  domain.Origin
	Kind  domain.FactorKind // domain.FactorPasskey or domain.FactorSecurityKey
}

// EnrolKey asks for a new credential. It counts once AddKey gets it, from the same session and within five minutes.
//
// domain.ErrReauthRequired without a recent login, by a factor if there are any; domain.ErrEmailNotVerified; domain.ErrLimitReached;
// domain.ErrUnavailable where there are no passkeys.
func (s *Service) EnrolKey(ctx context.Context, in EnrolKeyInput) (Asked, error) {
	me, err := s.self(ctx, in.Actor, in.From)
	if err != nil {
		return Asked{}, err
	}
	if err := s.mayEnrol(ctx, me); err != nil {
		return Asked{}, err
	}
	if err := s.unavailable(); err != nil {
		return Asked{}, err
	}
	all, err := s.Store.Read().Factors.ByUser(ctx, me.user.ID)
	if err == nil {
		err = hasRoom(all, in.Kind)
	}
	if err != nil {
		return Asked{}, err
	}
	return s.ask(toEnrol, string(me.session.ID), in.Kind, me.now, func(challenge []byte) ([]byte, error) {
		return s.passkeys.CreationOptions(creation(me, asked{Challenge: challenge, Kind: in.Kind}, all))
	})
}

func creation(me self, a asked, all []domain.Factor) factor.Creation {
	c := factor.Creation{
		Challenge: a.Challenge, User: me.user.ID, Account: me.user.Email.Canonical(), Resident: a.Kind == domain.FactorPasskey,
	}
	for _, f := range all {
		if f.Kind != domain.FactorTOTP {
			c.Exclude = append(c.Exclude, f.Credential)
		}
	}
	return c
}

// AddKeyInput is the new credential. Name may be empty.
type AddKeyInput struct {
	Actor    domain.Actor
	From     domain.Origin
	State    string
	Response []byte
	Name     string
}

// AddKey makes a new credential count, as ConfirmTOTP does with an authenticator app.
//
// domain.ErrInvalidToken for a state that does not work, or a credential that is not what was asked for; domain.ErrCredentialTaken for one
// that has an owner.
func (s *Service) AddKey(ctx context.Context, in AddKeyInput) (Added, error) {
	me, err := s.self(ctx, in.Actor, in.From)
	if err != nil {
		return Added{}, err
	}
	if err := s.unavailable(); err != nil {
		return Added{}, err
	}
	name, err := checkName(in.Name)
	if err != nil {
		return Added{}, err
	}
	budget, err := s.guard.AttemptToken(ctx, in.From)
	if err != nil {
		return Added{}, err
	}
	begun, err := s.opened(in.State, toEnrol, string(me.session.ID), me.now)
	if err != nil {
		return Added{}, err
	}
	made, err := s.passkeys.Create(creation(me, begun, nil), in.Response)
	if !errors.Is(err, factor.ErrForged) {
		budget.Return()
	}
	if errors.Is(err, factor.ErrForged) || errors.Is(err, factor.ErrUnfit) {
		s.refused(ctx, me.user.ID, err)
		return Added{}, errCredential.Because(err)
	}
	if err != nil {
		return Added{}, unreadable(err)
	}
	f := domain.Factor{
		ID: domain.FactorID(s.System.NewOrderedID()), UserID: me.user.ID, Kind: begun.Kind, Name: name, Credential: made.Credential,
		CreatedAt: me.now, ConfirmedAt: me.now, LastUsedAt: me.now,
	}
	return s.add(ctx, me, f, keyMethods(f, made.UserVerified), domain.PHR, func(ctx context.Context, tx *store.Tx) error {
		if err := useState(ctx, tx, begun, me.user.ID, me.now); err != nil {
			return err
		}
		return tx.Factors.Insert(ctx, f)
	})
}

var errCredential = domain.ErrInvalidToken.Saying("This credential is not what was asked for. Ask for options again")

// refused logs why a response was refused: clients are not told, and a wrong setting of this server looks the same to them.
func (s *Service) refused(ctx context.Context, user domain.UserID, err error) {
	s.Log.InfoContext(ctx, "a WebAuthn response was refused", "user_id", user, "error", err)
}

// keyMethods are what a signature of a key proves.
func keyMethods(f domain.Factor, verified bool) []string {
	if verified {
		return []string{f.Method(), domain.MethodUser}
	}
	return []string{f.Method()}
}

// VerifyOptions asks for a signature by which a login that was challenged can go on. domain.ErrInvalidToken for a challenge that does not
// work; domain.ErrNoFactor when the account has no passkey or security key that can sign.
func (s *Service) VerifyOptions(ctx context.Context, from domain.Origin, challenge domain.Secret) (Asked, error) {
	now := s.System.Now()
	login, err := s.signin.Pending(ctx, from, challenge, now)
	if err != nil {
		return Asked{}, err
	}
	return s.askOwner(ctx, login.Proof.User, toVerify, string(login.Flow.ID), now)
}

// StepUpOptions asks for a signature by which StepUp can raise the caller's session.
func (s *Service) StepUpOptions(ctx context.Context, actor domain.Actor, from domain.Origin) (Asked, error) {
	me, err := s.self(ctx, actor, from)
	if err != nil {
		return Asked{}, err
	}
	return s.askOwner(ctx, me.user, toStepUp, string(me.session.ID), me.now)
}

func (s *Service) askOwner(ctx context.Context, user domain.User, c ceremony, subject string, now time.Time) (Asked, error) {
	all, err := s.Store.Read().Factors.ByUser(ctx, user.ID)
	if err != nil {
		return Asked{}, err
	}
	keys := domain.Keys(all, s.signin.RPID())
	if len(keys) == 0 {
		return Asked{}, cmp.Or(s.has(ctx, user, domain.WayWebAuthn), error(domain.ErrNoFactor))
	}
	return s.ask(c, subject, "", now, func(challenge []byte) ([]byte, error) {
		return s.passkeys.RequestOptions(factor.Assertion{Challenge: challenge, Allow: keys})
	})
}

// errUnfit refuses a signature that is genuine, but not what was asked for.
var errUnfit = fmt.Errorf("not what was asked for: %w", errUsed)

// isGuess tells whether a refused proof may have been a guess or a forgery, which costs the address block.
func isGuess(err error) bool {
	var copied copiedError
	return !errors.Is(err, errUnfit) && !errors.As(err, &copied)
}

// signed is a response, the state with which it came, and what it is judged by.
type signed struct {
	asked        asked
	presented    factor.Presented
	response     []byte
	passwordless bool
}

// judgeKey judges the signature of one of a user's credentials. err wraps errUsed for a wrong one.
func (s *Service) judgeKey(ctx context.Context, r signed, user domain.UserID, all []domain.Factor, now time.Time) (judged, error) {
	i := slices.IndexFunc(all, func(f domain.Factor) bool {
		return f.Kind != domain.FactorTOTP && f.IsUsable(s.passkeys.RPID()) && bytes.Equal(f.Credential.ID, r.presented.CredentialID)
	})
	if i < 0 || r.presented.User != "" && r.presented.User != user {
		return judged{}, errUnfit
	}
	f := all[i]
	assertion := factor.Assertion{Challenge: r.asked.Challenge, Passwordless: r.passwordless}
	if !r.passwordless {
		assertion.Allow = domain.Keys(all, s.passkeys.RPID())
	}
	got, err := s.passkeys.Assert(assertion, f.Credential, r.response)
	switch {
	case errors.Is(err, factor.ErrForged):
		s.refused(ctx, user, err)
		return judged{}, errUsed
	case errors.Is(err, factor.ErrUnfit):
		s.refused(ctx, user, err)
		return judged{}, errUnfit
	case err != nil:
		return judged{}, unreadable(err)
	}
	if got.BackupEligible != f.Credential.BackupEligible { // it changes in the field, and the key has signed it (supabase#2732)
		s.Log.InfoContext(ctx, "a key changed its mind about whether it may be synced", "user_id", user, "factor_id", f.ID)
	}
	f.Credential.SignCount, f.Credential.BackedUp = got.SignCount, got.BackedUp
	f.Credential.BackupEligible = f.Credential.BackupEligible || got.BackupEligible
	return judged{keyMethods(f, got.UserVerified), domain.PHR, func(ctx context.Context, tx *store.Tx) error {
		if err := useState(ctx, tx, r.asked, user, now); err != nil {
			return err
		}
		return useKey(ctx, tx, f, r.asked.Begun, now)
	}}, nil
}
