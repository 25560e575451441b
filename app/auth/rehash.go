package auth

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/sys"
)

// Rehash brings stored hashes to the current setting after a login, behind the answer: it must neither slow a login down nor
// fail one (ASVS 11.4.2).
type Rehash struct {
	Store  store.Store
	System sys.System
	Hasher secure.PasswordHasher
	Log    *slog.Logger

	working sync.WaitGroup
}

// Later hashes the password anew, unless the queue is full: the next login is another chance.
func (r *Rehash) Later(u domain.User, password domain.Secret) {
	r.working.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := r.rehash(ctx, u, password); err != nil {
			r.Log.WarnContext(ctx, "a password could not be hashed anew; the next login tries again", "user_id", u.ID, "error", err)
		}
	})
}

// Wait returns when nothing is under way, for a graceful stop.
func (r *Rehash) Wait() { r.working.Wait() }

func (r *Rehash) rehash(ctx context.Context, u domain.User, password domain.Secret) error {
	place, err := r.Hasher.Reserve(ctx)
	if err != nil {
		return err
	}
	defer place.Release()
	hash, err := place.Hash(password)
	if err != nil {
		return err
	}
	return r.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Users.ReplaceHash(ctx, u.ID, u.PasswordHash, hash)
		return err
	})
}
