package proof

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// Door is a place where secrets are redeemed: it has the purposes that it accepts, and its error for invalid secrets, which is
// domain.ErrInvalidToken with the door's own text.
type Door struct {
	Purposes []domain.Purpose
	Refusal  *domain.Error
	// Lock locks what the door decides about besides the address and the account, before those; nil: nothing.
	Lock func(ctx context.Context, tx *store.Tx) error
}

func (d Door) lock(ctx context.Context, tx *store.Tx) error {
	if d.Lock == nil {
		return nil
	}
	return d.Lock(ctx, tx)
}

// Redeemed is a secret that was used up, and the account that it is about, whose principal is locked; zero where it is about none.
type Redeemed struct {
	Flow domain.Flow
	User domain.User
	Now  time.Time
}

// Use is what a door does with a secret, in the transaction that uses it up. If it fails, the secret is not used up.
type Use func(ctx context.Context, tx *store.Tx, r Redeemed) error

// Find looks up the flow of a link's secret. A guess costs the sender's address block a try, a genuine secret nothing.
func (s *Service) Find(ctx context.Context, d Door, from domain.Origin, token domain.Secret, now time.Time) (domain.Flow, error) {
	budget, err := s.guard.AttemptToken(ctx, from)
	if err != nil {
		return domain.Flow{}, err
	}
	hash, ok := domain.HashOneTimeSecret(token)
	if !ok {
		return domain.Flow{}, d.Refusal
	}
	flow, err := s.Store.Read().Flows.BySecret(ctx, hash)
	if errors.Is(err, domain.ErrNotFound) || err == nil && (!flow.IsLive(now) || !slices.Contains(d.Purposes, flow.Purpose)) {
		return domain.Flow{}, d.Refusal
	}
	budget.Return()
	return flow, err
}

// Redeem uses a secret up that Find has found. Of any number of parallel uses one succeeds.
func (s *Service) Redeem(ctx context.Context, d Door, flow domain.Flow, now time.Time, use Use) error {
	return s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := d.lock(ctx, tx); err != nil {
			return err
		}
		if err := tx.Registrations.LockAddress(ctx, domain.RestoreEmail(flow.Address, flow.Address)); err != nil {
			return err
		}
		return s.redeem(ctx, tx, d, flow, now, use)
	})
}

// RedeemCode compares a code with every live one of the address. A wrong code counts against all of them, and against the same budget as a
// wrong password, because six digits are few.
func (s *Service) RedeemCode(ctx context.Context, d Door, from domain.Origin, email domain.Email, text domain.Secret, use Use) error {
	budget, err := s.guard.Attempt(ctx, email, from)
	if err != nil {
		return err
	}
	code, ok := domain.ParseCode(text)
	if !ok {
		return d.Refusal
	}
	now := s.System.Now()
	var wrong bool
	// A guess counts even if its sender does not wait for the answer.
	err = s.Store.WithinTx(context.WithoutCancel(ctx), func(ctx context.Context, tx *store.Tx) error {
		flows, err := s.lockCodes(ctx, tx, d, email, now)
		if err != nil {
			return err
		}
		right := slices.IndexFunc(flows, func(f domain.Flow) bool { return s.hasCode(f, code) })
		if wrong = right < 0; !wrong {
			return s.redeem(ctx, tx, d, flows[right], now, use)
		}
		ids := make([]domain.FlowID, len(flows))
		for i, f := range flows {
			ids[i] = f.ID
		}
		return tx.Flows.CountTry(ctx, ids) // wrong is a value, not an error: the counted try must be committed
	})
	if err == nil && wrong {
		err = d.Refusal
	}
	if !errors.Is(err, domain.ErrInvalidToken) { // with the database down, nothing was judged
		budget.Return()
	}
	return err
}

// lockCodes locks the address, its account, and its flows that still accept a code.
func (s *Service) lockCodes(ctx context.Context, tx *store.Tx, d Door, email domain.Email, now time.Time) ([]domain.Flow, error) {
	if err := d.lock(ctx, tx); err != nil {
		return nil, err
	}
	if err := tx.Registrations.LockAddress(ctx, email); err != nil {
		return nil, err
	}
	owner, err := tx.Users.ByEmail(ctx, email)
	if err == nil {
		_, err = tx.Principals.Lock(ctx, owner.ID.Principal())
	}
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return nil, err
	}
	flows, err := tx.Flows.LockByAddress(ctx, d.Purposes, email.Canonical(), now)
	return slices.DeleteFunc(flows, func(f domain.Flow) bool { return !f.TakesCode(s.code, now) }), err
}

func (s *Service) hasCode(f domain.Flow, code domain.Secret) bool {
	return slices.ContainsFunc(s.codeKeys(), func(key []byte) bool { return f.HasCode(key, code) })
}

// redeem locks in the same order as all code that decides about an address: the address, which the caller has locked, then the account,
// then the flow. So it can't deadlock with a password change, which locks the account and voids its flows.
func (s *Service) redeem(ctx context.Context, tx *store.Tx, d Door, flow domain.Flow, now time.Time, use Use) error {
	r := Redeemed{Flow: flow, Now: now}
	if flow.Purpose.Subject() == domain.SubjectUser {
		id := domain.UserID(flow.Subject)
		_, err := tx.Principals.Lock(ctx, id.Principal())
		if err == nil {
			r.User, err = tx.Users.ByID(ctx, id)
		}
		if errors.Is(err, domain.ErrNotFound) {
			return d.Refusal
		}
		if err != nil {
			return err
		}
	}
	consumed, err := tx.Flows.Consume(ctx, flow.ID, now)
	if err != nil {
		return err
	}
	if !consumed {
		return d.Refusal
	}
	return use(ctx, tx, r)
}
