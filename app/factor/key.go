package factor

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/signin"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/factor"
	"github.com/signet-auth/signet/ports/mailer"
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

// copiedError refuses a signature whose counter says that the key was copied, or that it was made before another one that came first.
type copiedError struct {
	factor domain.Factor
	begun  time.Time
}

func (copiedError) Error() string { return "the counter has not grown" }
func (copiedError) Unwrap() error { return errUsed }

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

// useKey accepts a signature by its counter.
func useKey(ctx context.Context, tx *store.Tx, f domain.Factor, begun, now time.Time) error {
	ok, err := tx.Factors.UseCredential(ctx, f, now)
	if err != nil || ok {
		return err
	}
	stored, err := tx.Factors.ByCredential(ctx, f.Credential.ID)
	switch {
	case errors.Is(err, domain.ErrNotFound):
		return errUnfit
	case err != nil:
		return err
	case stored.UserID != f.UserID || !stored.SuspendedAt.IsZero() || stored.Credential.Accepts(f.Credential.SignCount):
		return errUnfit
	}
	return copiedError{f, begun}
}

// suspend keeps a key that seems to be copied from proving anything, and tells its owner. If the key was used after the state of the refused
// signature began, the two signatures only came in reverse order, as from two tabs.
func (s *Service) suspend(ctx context.Context, refusal error, user domain.User, from domain.Origin, now time.Time) error {
	var copied copiedError
	if !errors.As(refusal, &copied) {
		return nil
	}
	f := copied.factor
	return s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Principals.Lock(ctx, user.ID.Principal()); err != nil {
			return err
		}
		ok, err := tx.Factors.Suspend(ctx, user.ID, f.ID, copied.begun, now)
		if err != nil || !ok {
			return err
		}
		event := domain.UserEvent(domain.EventFactorSuspended, domain.System(), from, user.ID).With("kind", string(f.Kind)).With("factor_id", string(f.ID))
		if err := s.Audit.Record(ctx, tx, now, event); err != nil {
			return err
		}
		mail := outbox.MailTo(user, mailer.FactorSuspended, from, mailer.Data{AskedAt: now, Factor: f.Kind})
		return s.Mail.Notice(ctx, tx, mail, now)
	})
}

// Resume lets a suspended key prove again. Its owner has to have proved another factor, or a recovery code, since it was suspended.
//
// domain.ErrReauthRequired before that; domain.ErrNoFactor when there is nothing else to prove.
func (s *Service) Resume(ctx context.Context, actor domain.Actor, from domain.Origin, id domain.FactorID) (domain.Factor, error) {
	me, err := s.self(ctx, actor, from)
	if err != nil {
		return domain.Factor{}, err
	}
	have, err := s.Of(ctx, me.user.ID)
	if err != nil {
		return domain.Factor{}, err
	}
	f, ok := byID(have.Factors, id)
	if !ok || f.SuspendedAt.IsZero() {
		return domain.Factor{}, domain.ErrNotFound
	}
	if len(have.Ways) == 0 {
		return domain.Factor{}, domain.ErrNoFactor
	}
	if err := s.reauth.RequireRecentBy(ctx, me.user, actor, me.now); err != nil {
		return domain.Factor{}, err
	}
	// A copy may have begun this session before. The token's time has no fraction of a second, the session's has.
	if actor.AuthTime.Before(f.SuspendedAt.Truncate(time.Second)) || !me.session.AuthTime.After(f.SuspendedAt) {
		return domain.Factor{}, domain.ErrReauthRequired.Demanding(domain.Demand{Level: domain.AAL2, MaxAge: me.now.Sub(f.SuspendedAt), Ways: have.Ways})
	}
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if _, err := me.lock(ctx, tx); err != nil {
			return err
		}
		if err := tx.Factors.Resume(ctx, me.user.ID, id); err != nil {
			return err
		}
		return s.Audit.Record(ctx, tx, me.now, me.event(domain.EventFactorResumed).With("kind", string(f.Kind)).With("factor_id", string(id)))
	})
	f.SuspendedAt, f.Credential.SignCount = time.Time{}, 0
	return f, err
}

// LoginOptions asks for a signature of any passkey. Nothing is stored, since anybody may ask.
func (s *Service) LoginOptions() (Asked, error) {
	if err := s.unavailable(); err != nil {
		return Asked{}, err
	}
	return s.ask(toLogin, "", "", s.System.Now(), func(challenge []byte) ([]byte, error) {
		return s.passkeys.RequestOptions(factor.Assertion{Challenge: challenge, Passwordless: true})
	})
}

// LoginInput is the signature of a passkey, and the session that is wanted.
type LoginInput struct {
	From       domain.Origin
	State      string
	Response   []byte
	Service    string // key, id or name of the audience; empty: the platform
	DeviceName string
	Cookie     bool
}

// Login begins a session by a passkey, without a password and without an address. It checks in this order: the form of the response, the
// budget of the address block, the state, the service, the credential, the signature, and then, in the transaction that begins the session,
// all again that may have changed.
//
// domain.ErrInvalidToken for a state that does not work; domain.ErrInvalidCredentials for all that is wrong behind it; the errors of
// signin.Begin.
func (s *Service) Login(ctx context.Context, in LoginInput) (signin.Tokens, error) {
	if err := domain.CheckLine("device_name", in.DeviceName, domain.MaxDeviceName); err != nil {
		return signin.Tokens{}, err
	}
	presented, err := s.presented(in.Response)
	if err != nil {
		return signin.Tokens{}, err
	}
	now := s.System.Now()
	budget, err := s.guard.AttemptToken(ctx, in.From)
	if err != nil {
		return signin.Tokens{}, err
	}
	begun, err := s.opened(in.State, toLogin, "", now)
	if err != nil {
		return signin.Tokens{}, err
	}
	audience, err := s.directory.Service(ctx, in.Service)
	if err != nil {
		budget.Return()
		return signin.Tokens{}, err
	}
	asOf := s.directory.Applied()
	user, err := s.owner(ctx, presented, now)
	var tokens signin.Tokens
	if err == nil {
		request := signin.Request{Client: domain.FirstParty(), Audience: audience, From: in.From, DeviceName: in.DeviceName, Cookie: in.Cookie}
		tokens, err = s.begin(ctx, signin.Proof{User: user, At: now, AsOf: asOf}, signed{begun, presented, in.Response, true}, request, now)
	}
	if !errors.Is(err, errUsed) {
		budget.Return()
		return tokens, err
	}
	if !isGuess(err) {
		budget.Return()
	}
	if user.ID != "" {
		if failed := s.suspend(ctx, err, user, in.From, now); failed != nil {
			return signin.Tokens{}, failed
		}
		s.Audit.RecordFailure(failure(user.ID, domain.Anonymous(), in.From, domain.WayWebAuthn), in.From.Block(), now)
	}
	return signin.Tokens{}, errPasskey
}

// errPasskey is one answer for all that may be wrong with a passkey.
var errPasskey = domain.ErrInvalidCredentials.Saying("This passkey does not work here")

// owner is the active owner of the passkey that a response claims, which names them by its handle. The error wraps errUsed if there is none.
func (s *Service) owner(ctx context.Context, p factor.Presented, now time.Time) (domain.User, error) {
	f, err := s.Store.Read().Factors.ByCredential(ctx, p.CredentialID)
	if errors.Is(err, domain.ErrNotFound) || err == nil && (f.Kind != domain.FactorPasskey || f.UserID != p.User) {
		return domain.User{}, errUnfit
	}
	if err != nil {
		return domain.User{}, err
	}
	user, err := s.Store.Read().Users.ByID(ctx, f.UserID)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !user.IsActive(now) {
		return domain.User{}, errUnfit
	}
	return user, err
}

// begin begins a session by a passkey of the account.
func (s *Service) begin(ctx context.Context, p signin.Proof, r signed, request signin.Request, now time.Time) (signin.Tokens, error) {
	all, err := s.Store.Read().Factors.ByUser(ctx, p.User.ID)
	if err != nil {
		return signin.Tokens{}, err
	}
	passkeys := slices.DeleteFunc(all, func(f domain.Factor) bool { return f.Kind != domain.FactorPasskey })
	proved, err := s.judgeKey(ctx, r, p.User.ID, passkeys, now)
	s.count(domain.WayWebAuthn, err)
	if err != nil {
		return signin.Tokens{}, err
	}
	p.Methods, p.Redeem = domain.WithFactor(nil, proved.methods...), proved.use
	tokens, err := s.signin.Begin(ctx, p, request, now)
	if errors.Is(err, errState) || errors.Is(err, domain.ErrInvalidCredentials) { // used, or the account changed since
		err = errUnfit
	}
	return tokens, err
}
