package core_test

import (
	"context"
	"errors"
	"testing"

	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/race"
	"github.com/signet-auth/signet/test/testkit/rig"
)

var door = proof.Door{Purposes: domain.Purposes(), Refusal: domain.ErrInvalidToken.Saying("no good here")}

// issued is a rig with a user and a live secret about them.
func issued(t *testing.T, purpose domain.Purpose) (*rig.Rig, domain.User, domain.OneTimeSecret) {
	t.Helper()
	r := rig.New(t)
	u := r.User(t, "ada@example.com")
	var secret domain.OneTimeSecret
	r.Write(t, func(ctx context.Context, tx *store.Tx) (err error) {
		_, secret, err = r.Proofs.Issue(ctx, tx, proof.Request{Purpose: purpose, Subject: string(u.ID), To: u.Email}, r.Clock.Now())
		return err
	})
	return r, u, secret
}

func TestEveryPurposeOfAMailHasALife(t *testing.T) {
	r := rig.New(t)
	for _, purpose := range domain.Purposes() {
		if purpose.IsMailed() && r.Proofs.TTL(purpose) <= 0 {
			t.Errorf("%s has none", purpose)
		}
	}
}

func TestASecretIsLeftAsItWasWhenItsDoorFails(t *testing.T) {
	r, u, secret := issued(t, domain.PurposeResetPassword)
	flow, err := r.Proofs.Find(t.Context(), door, rig.From, secret.Link, r.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	failed := errors.New("the door failed")
	use := func(err error) proof.Use {
		return func(_ context.Context, _ *store.Tx, redeemed proof.Redeemed) error {
			if redeemed.User.ID != u.ID || redeemed.Flow.ID != flow.ID {
				t.Errorf("redeemed %+v", redeemed)
			}
			return err
		}
	}
	for _, want := range []error{failed, nil, domain.ErrInvalidToken} {
		if err := r.Proofs.Redeem(t.Context(), door, flow, r.Clock.Now(), use(want)); !errors.Is(err, want) {
			t.Errorf("got %v, want %v", err, want)
		}
		if want == nil { // used up: the door is not asked again
			use = func(error) proof.Use {
				return func(context.Context, *store.Tx, proof.Redeemed) error { t.Error("it was used twice"); return nil }
			}
		}
	}
}

// A change of a password locks the account and voids its flows; redeeming a code locks the flows and needs the account. They must not
// deadlock in either order.
func TestACodeAndANewPasswordAtOnceEndInOneOfTheirOrders(t *testing.T) {
	for range 10 {
		r, u, secret := issued(t, domain.PurposeVerifyUser)
		errs := race.Together(2, func(i int) error {
			if i == 0 {
				return r.Store.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					if _, err := tx.Principals.Lock(ctx, u.ID.Principal()); err != nil {
						return err
					}
					return r.Proofs.Void(ctx, tx, domain.AccountSuspended, u, r.Clock.Now())
				})
			}
			return r.Proofs.RedeemCode(t.Context(), door, rig.From, u.Email, secret.Code, func(context.Context, *store.Tx, proof.Redeemed) error { return nil })
		})
		if errs[0] != nil || errs[1] != nil && !errors.Is(errs[1], domain.ErrInvalidToken) {
			t.Errorf("the change %v, the code %v", errs[0], errs[1])
		}
	}
}
