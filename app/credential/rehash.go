package credential

import (
	"context"
	"sync"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// rehash is the work under way.
type rehash struct{ working sync.WaitGroup }

// Rehash replaces a stored hash by one under the current setting after a login. It runs after the answer, so that it neither delays nor
// fails the login (ASVS 11.4.2). It gives up when the queue is full: the next login tries again.
func (p *Passwords) Rehash(ctx context.Context, u domain.User, password domain.Secret) {
	p.rehash.working.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if err := p.replaceHash(ctx, u, password); err != nil {
			p.Log.WarnContext(ctx, "a password could not be hashed under the current setting; the next login tries again", "user_id", u.ID, "error", err)
		}
	})
}

// Wait returns when nothing is under way, for a graceful stop.
func (p *Passwords) Wait() { p.rehash.working.Wait() }

func (p *Passwords) replaceHash(ctx context.Context, u domain.User, password domain.Secret) error {
	hash, err := p.Hash(ctx, password)
	if err != nil {
		return err
	}
	return p.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Users.ReplaceHash(ctx, u.ID, u.PasswordHash, hash)
		return err
	})
}
