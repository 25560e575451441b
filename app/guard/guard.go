// Package guard keeps budgets (of whatever checks a secret, sends a mail or costs much) and the run of failures that locks an account.
package guard

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/mailer"
	"github.com/signet-auth/signet/ports/secure"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/ports/transient"
)

// Settings are the limits, and when failures in a row lock an account.
type Settings struct {
	Limits  Limits
	Lockout domain.LockoutPolicy
}

// Guard reserves budgets before work is done, so that parallel attempts can't exceed them, and keeps the run of failures that
// locks an account. All that checks a secret uses the same guard, or guesses would be free where it does not.
type Guard struct {
	limiter  transient.Limiter // budgets that all replicas share
	sealer   secure.Sealer
	stops    *Stops
	settings Settings
}

// New makes a guard that counts with a limiter, and says which mails it stopped.
func New(limiter transient.Limiter, sealer secure.Sealer, stops *Stops, s Settings) *Guard {
	return &Guard{limiter: limiter, sealer: sealer, stops: stops, settings: s}
}

// Reservation is budget taken for one attempt.
type Reservation struct{ undo func() }

// Return gives the budget back: the attempt was right, or was shed before anything was checked.
func (r Reservation) Return() { r.undo() }

// Attempt reserves one guess at the account behind an address. The block is asked first: a caller over that limit must not use up
// the budgets of others.
func (g *Guard) Attempt(ctx context.Context, email domain.Email, from domain.Origin) (Reservation, error) {
	ctx = context.WithoutCancel(ctx) // a caller that hangs up must not keep its reservation from being given back
	block := from.Block()
	if d := g.limiter.Take(ctx, g.settings.Limits.Block, block); !d.Allowed {
		return Reservation{}, limited(g.settings.Limits.Block, d)
	}
	account := g.accountKey(email)
	if d := g.limiter.Take(ctx, g.settings.Limits.Account, account); !d.Allowed {
		g.limiter.Return(ctx, g.settings.Limits.Block, block)
		return Reservation{}, limited(g.settings.Limits.Account, d)
	}
	return Reservation{func() {
		g.limiter.Return(ctx, g.settings.Limits.Account, account)
		g.limiter.Return(ctx, g.settings.Limits.Block, block)
	}}, nil
}

// Forgive gives all guesses at an account back: its owner, who has just proved the mailbox, must not wait for what strangers did
// (TH-4).
func (g *Guard) Forgive(ctx context.Context, email domain.Email) {
	g.limiter.Forgive(context.WithoutCancel(ctx), g.settings.Limits.Account, g.accountKey(email))
}

// Registration takes the budget of one registration, whose hash would otherwise be anybody's way to fill the queue that logins
// wait in.
func (g *Guard) Registration(ctx context.Context, from domain.Origin) error {
	if d := g.limiter.Take(context.WithoutCancel(ctx), g.settings.Limits.Register, from.Block()); !d.Allowed {
		return limited(g.settings.Limits.Register, d)
	}
	return nil
}

// AttemptToken reserves one try at a secret that is too long to guess: only the block counts.
func (g *Guard) AttemptToken(ctx context.Context, from domain.Origin) (Reservation, error) {
	ctx = context.WithoutCancel(ctx)
	block := from.Block()
	if d := g.limiter.Take(ctx, g.settings.Limits.Block, block); !d.Allowed {
		return Reservation{}, limited(g.settings.Limits.Block, d)
	}
	return Reservation{func() { g.limiter.Return(ctx, g.settings.Limits.Block, block) }}, nil
}

// AllowMail takes the budgets of one mail of a kind. A caller that is refused is not told: the answer is the same and nothing is sent.
func (g *Guard) AllowMail(ctx context.Context, kind mailer.Kind, email domain.Email, from domain.Origin) (Reservation, bool) {
	return g.allowMail(ctx, kind, g.settings.Limits.Mail, email, from)
}

// AllowRecovery is AllowMail for a mail by which a password is replaced. Anybody may ask for the others, and for an address that
// has an account most of them send nothing: out of one budget they would keep its owner from the way back in for as long as a
// stranger likes, unseen (TH-4). Out of this one a stranger can only have links sent to the owner.
func (g *Guard) AllowRecovery(ctx context.Context, email domain.Email, from domain.Origin) (Reservation, bool) {
	return g.allowMail(ctx, mailer.Reset, g.settings.Limits.Recovery, email, from)
}

// StopMail is for a mail that a count of its own stopped.
func (g *Guard) StopMail(ctx context.Context, kind mailer.Kind, why Reason, email domain.Email) {
	g.stops.Add(ctx, kind, why, email)
}

func (g *Guard) allowMail(ctx context.Context, kind mailer.Kind, limit transient.Limit, email domain.Email, from domain.Origin) (Reservation, bool) {
	ctx = context.WithoutCancel(ctx)
	block, address := from.Block(), g.accountKey(email)
	none := Reservation{func() {}}
	if !g.limiter.Take(ctx, g.settings.Limits.MailByBlock, block).Allowed {
		g.stops.Add(ctx, kind, ForBlock, email)
		return none, false
	}
	if !g.limiter.Take(ctx, limit, address).Allowed {
		g.limiter.Return(ctx, g.settings.Limits.MailByBlock, block)
		g.stops.Add(ctx, kind, ForAddress, email)
		return none, false
	}
	return Reservation{func() {
		g.limiter.Return(ctx, limit, address)
		g.limiter.Return(ctx, g.settings.Limits.MailByBlock, block)
	}}, true
}

// AllowResetSent takes the budget of a link to replace a password that is sent on behalf of somebody else. domain.ErrRateLimited when it is
// used up: the one who sends it is to know.
func (g *Guard) AllowResetSent(ctx context.Context, email domain.Email) (Reservation, error) {
	ctx = context.WithoutCancel(ctx)
	limit, address := g.settings.Limits.ResetSent, g.accountKey(email)
	if d := g.limiter.Take(ctx, limit, address); !d.Allowed {
		g.stops.Add(ctx, mailer.Reset, ForAddress, email)
		return Reservation{}, limited(limit, d)
	}
	return Reservation{func() { g.limiter.Return(ctx, limit, address) }}, nil
}

// RunKey is what the run of failures of an address is stored under: a MAC, so that the table names nobody.
func (g *Guard) RunKey(email domain.Email) []byte {
	mac := hmac.New(sha256.New, g.sealer.Derive("login-failures")[0])
	mac.Write([]byte(email.Canonical()))
	return mac.Sum(nil)
}

// Failed counts a failure of the address and tells whether it began a lock.
func (g *Guard) Failed(ctx context.Context, tx *store.Tx, email domain.Email, now time.Time) (bool, error) {
	run, err := tx.Lockouts.Lock(ctx, g.RunKey(email))
	if err != nil {
		return false, err
	}
	locked := run.Fail(g.settings.Lockout, now)
	return locked, tx.Lockouts.Save(ctx, run)
}

func (g *Guard) accountKey(email domain.Email) string { return hex.EncodeToString(g.RunKey(email)) }

func limited(l transient.Limit, d transient.Decision) error {
	e := domain.ErrRateLimited.After(d.RetryAfter)
	e.Quota = &domain.Quota{Limit: l.Burst, Remaining: d.Remaining, Window: l.Window, Reset: d.Reset}
	return e
}
