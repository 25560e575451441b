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
	// ByCredential finds the factor with the id of a WebAuthn credential. domain.ErrNotFound when there is none.
	ByCredential(ctx context.Context, id []byte) (domain.Factor, error)
	// CountKeysOfOthers counts the confirmed WebAuthn factors of all users that belong to another relying party.
	CountKeysOfOthers(ctx context.Context, rpID string) (int, error)
	// Codes is how many recovery codes of a user are left.
	Codes(ctx context.Context, user domain.UserID) (domain.RecoveryCodes, error)
	// HasCode tells whether a hash is that of a user's code that was not used.
	HasCode(ctx context.Context, user domain.UserID, hash []byte) (bool, error)
}

// Factors writes second factors and recovery codes. Callers lock the user's principal first.
type Factors interface {
	FactorReader
	// Insert writes a factor. domain.ErrCredentialTaken when another one, of anybody, has the id of its credential; that voids the transaction.
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
	// UseCredential accepts a signature of a user's confirmed factor that is not suspended, whose counter and backup flags f.Credential has, in
	// one conditional update. What was ever eligible for a backup stays so. false: the counter is not one that domain.Credential accepts, or the
	// factor is suspended or gone.
	UseCredential(ctx context.Context, f domain.Factor, now time.Time) (bool, error)
	// Suspend keeps a user's WebAuthn factor from proving anything, in one conditional update. false: it is suspended or gone, or it was used at
	// or after since.
	Suspend(ctx context.Context, user domain.UserID, id domain.FactorID, since, now time.Time) (bool, error)
	// Resume ends that. The counter begins again with the next signature. domain.ErrNotFound when the user has no suspended factor of that id.
	Resume(ctx context.Context, user domain.UserID, id domain.FactorID) error
	// ReplaceCodes replaces the recovery codes of a user; none: they are removed.
	ReplaceCodes(ctx context.Context, user domain.UserID, codes []domain.RecoveryCode) error
	// UseCode uses a code of a user up in one conditional update. false: there is none of that hash, or it was used.
	UseCode(ctx context.Context, user domain.UserID, hash []byte, now time.Time) (bool, error)
}
