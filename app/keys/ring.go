package keys

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/secure"
)

// reloadPause bounds the cost of unknown kids, and of a database that is down: one read a second, however many tokens arrive.
const reloadPause = time.Second

// Ring holds the keys of this replica in memory. It is a feed.Listener. Safe for concurrent use.
type Ring struct {
	Keeper

	Issuer   secure.TokenIssuer
	Verifier secure.TokenVerifier

	current    atomic.Pointer[keyset]
	stale      atomic.Bool
	loading    sync.Mutex
	lastReload time.Time // for an unknown kid
	lastMiss   time.Time // of a read because the feed said so
}

// keyset is the ring at one time. Without a signer it still verifies: after a revocation of the active key, or with a key that another
// replica sealed under a newer SECRET_KEY, the old set, with the revoked key in it, must not stay in use.
type keyset struct {
	active   domain.SigningKey // the one that signs; zero when there is none
	signer   secure.Signer
	unsigned error // why there is no signer
	verify   map[string]held
	jwks     []byte
}

type held struct {
	key  domain.SigningKey
	half secure.VerifyKey
}

// Start makes the keys that are missing, does what is due, and loads the ring.
func (r *Ring) Start(ctx context.Context) error {
	if err := r.Begin(ctx); err != nil {
		return err
	}
	r.loading.Lock()
	defer r.loading.Unlock()
	if err := r.load(ctx); err != nil {
		return err
	}
	return r.current.Load().unsigned
}

// Sign makes an access token with the active key.
func (r *Ring) Sign(ctx context.Context, c domain.Claims) (domain.Secret, error) {
	set, err := r.fresh(ctx)
	if err != nil {
		return domain.Secret{}, err
	}
	if set.signer == nil {
		return domain.Secret{}, set.unsigned
	}
	token, err := set.signer.Sign(c)
	return domain.NewSecret(token), err
}

// Recognize is nil when, by the kid, a key of the ring may have signed the token, and otherwise an error with the cause domain.ErrForged.
// It takes a microsecond and uses no cryptography.
func (r *Ring) Recognize(ctx context.Context, token domain.Secret, now time.Time) error {
	_, err := r.find(ctx, token, now)
	return err
}

// Verify checks an access token against the ring. It returns secure.ErrExpired, with the claims, for a genuine expired token; an error with
// the cause domain.ErrForged for a token that no key of the ring signed.
func (r *Ring) Verify(ctx context.Context, token domain.Secret, issuer string, now time.Time) (domain.Claims, error) {
	k, err := r.find(ctx, token, now)
	if err != nil {
		return domain.Claims{}, err
	}
	claims, err := r.Verifier.Verify(token.Reveal(), k.half, issuer, now)
	switch {
	case errors.Is(err, secure.ErrExpired):
		return claims, err
	case err != nil:
		return domain.Claims{}, domain.ErrTokenInvalid.Because(errors.Join(domain.ErrForged, err))
	}
	return claims, nil
}

// find is the key that the token names, if it still verifies.
func (r *Ring) find(ctx context.Context, token domain.Secret, now time.Time) (held, error) {
	kid, ok := r.Verifier.Peek(token.Reveal())
	if !ok {
		return held{}, domain.ErrTokenInvalid.Because(domain.ErrForged)
	}
	set, err := r.fresh(ctx)
	if err != nil {
		return held{}, err
	}
	k, ok := set.verify[kid]
	if !ok {
		if set, err = r.reload(ctx); err != nil {
			return held{}, err
		}
		k, ok = set.verify[kid]
	}
	if !ok || !k.key.Verifies(now) {
		return held{}, domain.ErrTokenInvalid.Because(domain.ErrForged)
	}
	return k, nil
}

// JWKS is the published key set: bytes prepared once per change.
func (r *Ring) JWKS(ctx context.Context) ([]byte, error) {
	set, err := r.fresh(ctx)
	if err != nil {
		return nil, err
	}
	return set.jwks, nil
}

// Changed makes the next use read the keys again.
func (r *Ring) Changed(change domain.Change) {
	if change.Kind == domain.ChangeSigningKey {
		r.stale.Store(true)
	}
}

// Flush makes the next use read the keys again.
func (r *Ring) Flush(domain.FeedPlace) { r.stale.Store(true) }

// fresh is the loaded set, which is read again first if the feed said so. While the database is down the old set stays in use: keys that
// the feed has not revoked are valid.
func (r *Ring) fresh(ctx context.Context) (*keyset, error) {
	if r.stale.Load() {
		if err := r.renew(ctx); err != nil && r.current.Load() == nil {
			return nil, err
		}
	}
	return r.current.Load(), nil
}

// renew reads on behalf of all callers that found the set stale; those that waited for it find it done. After a failure nobody tries again
// for reloadPause, so that callers don't queue for a database that is down; a caller that hangs up is no failure.
func (r *Ring) renew(ctx context.Context) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	if !r.stale.Load() || r.recent(r.lastMiss) {
		return nil
	}
	err := r.load(context.WithoutCancel(ctx))
	if err != nil {
		r.lastMiss = r.System.Now()
	}
	return err
}

// reload looks for a kid that this replica has not seen, at most once in reloadPause.
func (r *Ring) reload(ctx context.Context) (*keyset, error) {
	r.loading.Lock()
	defer r.loading.Unlock()
	if r.recent(r.lastReload) {
		return r.current.Load(), nil
	}
	r.lastReload = r.System.Now()
	err := r.load(context.WithoutCancel(ctx))
	return r.current.Load(), err
}

func (r *Ring) recent(t time.Time) bool {
	return !t.IsZero() && r.System.Now().Sub(t).Abs() < reloadPause
}

// load reads the keys; the caller holds loading.
func (r *Ring) load(ctx context.Context) error {
	r.stale.Store(false) // before the read: a change that comes during it must not be lost
	set, err := r.read(ctx)
	if err != nil {
		r.stale.Store(true)
		return err
	}
	r.current.Store(set)
	return nil
}

func (r *Ring) read(ctx context.Context) (*keyset, error) {
	keys, err := r.Store.Read().Keys.All(ctx)
	if err != nil {
		return nil, err
	}
	now := r.System.Now()
	set := &keyset{verify: map[string]held{}, unsigned: fmt.Errorf("there is no active signing key of %s, which is JWT_ALG here: where the servers have another, "+
		"this one's keys retire after a day; the next sweep makes one", r.Policy.Algorithm)}
	var published []domain.SigningKey
	for _, k := range keys {
		if !k.Verifies(now) {
			continue
		}
		half, err := r.Verifier.Key(k)
		if err != nil {
			return nil, fmt.Errorf("signing key %s: %w", k.KID, err)
		}
		set.verify[k.KID] = held{k, half}
		published = append(published, k)
		if k.State == domain.KeyActive && k.Algorithm == r.Policy.Algorithm {
			set.active = k
			set.signer, set.unsigned = r.signer(k)
		}
	}
	set.jwks, err = r.Verifier.JWKS(published)
	return set, err
}

// signer is this replica's signer, if it has the same key: another replica may have sealed the key again, under a SECRET_KEY that is not
// known here yet.
func (r *Ring) signer(k domain.SigningKey) (secure.Signer, error) {
	if set := r.current.Load(); set != nil && set.signer != nil && set.active.KID == k.KID {
		return set.signer, nil
	}
	private, err := r.open(k)
	if err != nil {
		return nil, err
	}
	k.Private = private
	return r.Issuer.Signer(k)
}

// Age is how long the active key has been signing; 0 without one.
func (r *Ring) Age() time.Duration {
	set := r.current.Load()
	if set == nil || set.active.ActivatedAt.IsZero() {
		return 0
	}
	return r.System.Now().Sub(set.active.ActivatedAt)
}

// Published is how many keys the key set has.
func (r *Ring) Published() int {
	set := r.current.Load()
	if set == nil {
		return 0
	}
	return len(set.verify)
}
