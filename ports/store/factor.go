package store

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
)

// FactorReader reads second factors and recovery codes.
type FactorReader interface {
	// ByUser lists a user's, unconfirmed ones too, oldest first.
	ByUser(ctx context.Context, user domain.UserID) ([]domain.Factor, error)
	// Codes is how many recovery codes of a user are left.
	Codes(ctx context.Context, user domain.UserID) (domain.RecoveryCodes, error)
	// HasCode tells whether a hash is that of a user's code that was not used.
	HasCode(ctx context.Context, user domain.UserID, hash []byte) (bool, error)
}

// Factors writes second factors and recovery codes. Callers lock the user's principal first.
type Factors interface {
	FactorReader
	// Insert writes a factor.
	Insert(ctx context.Context, f domain.Factor) error
	// Confirm makes a factor count from ConfirmedAt on, and writes its LastStep, in one conditional update. false: it counts already, or it is
	// gone.
	Confirm(ctx context.Context, f domain.Factor) (bool, error)
	// Rename gives a user's confirmed factor a name. domain.ErrNotFound when there is none of that id.
	Rename(ctx context.Context, user domain.UserID, id domain.FactorID, name string) error
	// Delete removes a user's confirmed factor. domain.ErrNotFound when there is none of that id.
	Delete(ctx context.Context, user domain.UserID, id domain.FactorID) error
	// DeleteUnconfirmed removes a user's unconfirmed ones of a kind.
	DeleteUnconfirmed(ctx context.Context, user domain.UserID, kind domain.FactorKind) error
	// DeleteAll removes all factors and recovery codes of a user.
	DeleteAll(ctx context.Context, user domain.UserID) error
	// UseStep accepts a time step of a confirmed TOTP factor that is newer than all before, in one conditional update. false: the step or a
	// newer one was used, or the factor is gone.
	UseStep(ctx context.Context, id domain.FactorID, step int64, now time.Time) (bool, error)
	// ReplaceCodes replaces the recovery codes of a user; none: they are removed.
	ReplaceCodes(ctx context.Context, user domain.UserID, codes []domain.RecoveryCode) error
	// UseCode uses a code of a user up in one conditional update. false: there is none of that hash, or it was used.
	UseCode(ctx context.Context, user domain.UserID, hash []byte, now time.Time) (bool, error)
}
