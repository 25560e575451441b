package auth

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

var errVerification = domain.ErrInvalidToken.Saying("Invalid verification token")

// VerifyEmailInput is the proof of a mailbox: the token of the link, or the address and the code.
type VerifyEmailInput struct {
	From  domain.Origin
	Token domain.Secret
	Email string
	Code  domain.Secret
}

// VerifyEmailOutput says whose mailbox it was.
type VerifyEmailOutput struct{ UserID domain.UserID }

// VerifyEmail turns a pending registration into a user, or proves the mailbox of a user who was made without.
type VerifyEmail struct {
	Store        store.Store
	System       sys.System
	Guard        *Guard
	Verification *Verification
}

// Handle consumes the secret. Of any number of parallel uses one succeeds; of several registrations of one address the one
// that is proved becomes the user and the others are gone.
func (u *VerifyEmail) Handle(ctx context.Context, in VerifyEmailInput) (VerifyEmailOutput, error) {
	if !in.Token.IsZero() {
		return u.byToken(ctx, in)
	}
	if in.Email == "" && in.Code.IsZero() {
		return VerifyEmailOutput{}, domain.ErrInvalidFields(domain.FieldError{Field: "token", Code: "required", Text: "token is required, or email and code"})
	}
	return u.byCode(ctx, in)
}

func (u *VerifyEmail) byToken(ctx context.Context, in VerifyEmailInput) (VerifyEmailOutput, error) {
	budget, err := u.Guard.AttemptToken(ctx, in.From)
	if err != nil {
		return VerifyEmailOutput{}, err
	}
	hash, ok := domain.HashOneTimeSecret(in.Token)
	if !ok {
		return VerifyEmailOutput{}, errVerification
	}
	now := u.System.Now()
	flow, err := u.Store.Read().Flows.BySecret(ctx, hash)
	if errors.Is(err, domain.ErrNotFound) || err == nil && (!flow.IsLive(now) || !slices.Contains(verifyPurposes, flow.Purpose)) {
		return VerifyEmailOutput{}, errVerification // a guess: its budget is spent
	}
	budget.Return()
	if err != nil {
		return VerifyEmailOutput{}, err
	}
	var out VerifyEmailOutput
	err = u.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := tx.Registrations.LockAddress(ctx, domain.RestoreEmail(flow.Address, flow.Address)); err != nil {
			return err
		}
		out, err = u.prove(ctx, tx, flow, in.From, now)
		return err
	})
	return out, err
}

var verifyPurposes = []domain.Purpose{domain.PurposeVerifyRegistration, domain.PurposeVerifyUser}

// byCode compares the code with every live one of the address. A wrong one counts against all of them, and against the same
// budget as a wrong password: six digits are few.
func (u *VerifyEmail) byCode(ctx context.Context, in VerifyEmailInput) (VerifyEmailOutput, error) {
	email, err := domain.ParseEmail(in.Email)
	if in.Code.IsZero() {
		err = domain.MergeFields(err, domain.ErrInvalidFields(domain.Required("code")))
	}
	if err != nil {
		return VerifyEmailOutput{}, err
	}
	budget, err := u.Guard.Attempt(ctx, email, in.From)
	if err != nil {
		return VerifyEmailOutput{}, err
	}
	code, ok := domain.ParseCode(in.Code)
	if !ok {
		return VerifyEmailOutput{}, errVerification
	}
	now := u.System.Now()
	var out VerifyEmailOutput
	var wrong bool
	// A guess counts even if its author does not wait for the answer.
	err = u.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		wrong = false
		if err := tx.Registrations.LockAddress(ctx, email); err != nil {
			return err
		}
		flows, err := tx.Flows.LockByAddress(ctx, verifyPurposes, email.Canonical(), now)
		if err != nil {
			return err
		}
		var open []domain.FlowID
		for _, f := range flows {
			if !f.TakesCode(u.Verification.Code, now) {
				continue
			}
			if u.hasCode(f, code) {
				out, err = u.prove(ctx, tx, f, in.From, now)
				return err
			}
			open = append(open, f.ID)
		}
		wrong = true // a value, not an error: the counted try must be committed
		return tx.Flows.CountTry(ctx, open)
	})
	if err == nil && wrong {
		err = errVerification
	}
	if !errors.Is(err, domain.ErrInvalidToken) { // a database that is away has judged nothing
		budget.Return()
	}
	return out, err
}

func (u *VerifyEmail) hasCode(f domain.Flow, code domain.Secret) bool {
	return slices.ContainsFunc(u.Verification.codeKeys(), func(key []byte) bool { return f.HasCode(key, code) })
}

// prove consumes the flow and does what it is for. The address is locked: whoever decides about one locks it first, so that
// nobody waits for a flow while holding what its holder waits for.
func (u *VerifyEmail) prove(ctx context.Context, tx *store.Tx, flow domain.Flow, from domain.Origin, now time.Time) (VerifyEmailOutput, error) {
	consumed, err := tx.Flows.Consume(ctx, flow.ID, now)
	if err == nil && !consumed {
		err = errVerification
	}
	if err != nil {
		return VerifyEmailOutput{}, err
	}
	if flow.Purpose == domain.PurposeVerifyUser {
		return u.proveUser(ctx, tx, flow, from, now)
	}
	return u.proveRegistration(ctx, tx, flow, from, now)
}

func (u *VerifyEmail) proveRegistration(ctx context.Context, tx *store.Tx, flow domain.Flow, from domain.Origin, now time.Time) (VerifyEmailOutput, error) {
	r, err := tx.Registrations.ByID(ctx, domain.RegistrationID(flow.Subject))
	if errors.Is(err, domain.ErrNotFound) || err == nil && !r.IsLive(now) {
		return VerifyEmailOutput{}, errVerification
	}
	if err != nil {
		return VerifyEmailOutput{}, err
	}
	user := r.User(now)
	err = InsertUser(ctx, tx, u.System, user, domain.Anonymous(), from, now)
	if errors.Is(err, domain.ErrEmailTaken) {
		return VerifyEmailOutput{}, errVerification // another registration of the address was proved first
	}
	if err != nil {
		return VerifyEmailOutput{}, err
	}
	if err := tx.Registrations.DeleteByEmail(ctx, r.Email); err != nil {
		return VerifyEmailOutput{}, err
	}
	return u.verified(ctx, tx, user.ID, from, now)
}

func (u *VerifyEmail) proveUser(ctx context.Context, tx *store.Tx, flow domain.Flow, from domain.Origin, now time.Time) (VerifyEmailOutput, error) {
	id := domain.UserID(flow.Subject)
	if _, err := tx.Principals.Lock(ctx, id.Principal()); err != nil {
		return VerifyEmailOutput{}, gone(err)
	}
	user, err := tx.Users.ByID(ctx, id)
	if err != nil {
		return VerifyEmailOutput{}, gone(err)
	}
	if user.Email.Canonical() != flow.Address {
		return VerifyEmailOutput{}, errVerification // the proof is of a mailbox that is no longer theirs
	}
	user.VerifyEmail(now)
	if err := tx.Users.Update(ctx, user); err != nil {
		return VerifyEmailOutput{}, err
	}
	tx.Changed(domain.ChangePrincipal, string(id))
	return u.verified(ctx, tx, id, from, now)
}

func (u *VerifyEmail) verified(ctx context.Context, tx *store.Tx, id domain.UserID, from domain.Origin, now time.Time) (VerifyEmailOutput, error) {
	event := domain.NewEvent(domain.EventID(u.System.NewOrderedID()), now, domain.EventUserVerified, domain.Anonymous(), from, "user", string(id))
	return VerifyEmailOutput{UserID: id}, tx.Audit.Add(ctx, event)
}

func gone(err error) error {
	if errors.Is(err, domain.ErrNotFound) {
		return errVerification
	}
	return err
}
