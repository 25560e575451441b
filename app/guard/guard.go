// Package guard keeps budgets (for everything that checks a secret, sends a mail or is expensive) and the series of failures that locks an
// account.
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

// Guard reserves budgets before work is done, so that parallel attempts can't exceed them, and counts the failures that lock an account.
// Everything that checks a secret uses the same guard, otherwise guesses would be free there.
type Guard struct {
	limiter  transient.Limiter // budgets that all replicas share
	sealer   secure.Sealer
	stops    *Stops
	settings Settings
}

// New makes a guard that counts with a limiter, and reports the mails that it stopped.
func New(limiter transient.Limiter, sealer secure.Sealer, stops *Stops, s Settings) *Guard {
	return &Guard{limiter: limiter, sealer: sealer, stops: stops, settings: s}
}

// Reservation is budget taken for one attempt.
type Reservation struct{ undo func() }

// Return gives the budget back: the attempt was right, or was shed before anything was checked.
func (r Reservation) Return() { r.undo() }

// Attempt reserves one guess at the account behind an address. The address block is checked first: a caller over that limit must not use up
// the budgets of others.
func (g *Guard) Attempt(ctx context.Context, email domain.Email, from domain.Origin) (Reservation, error) {
	return g.attempt(ctx, g.accountKey(email), from)
}

// AttemptFactor reserves one guess at the codes of a user's authenticator apps. The budget is apart from that of the password, which
// strangers can use up: only somebody who has proved a first factor gets here (TH-4).
func (g *Guard) AttemptFactor(ctx context.Context, user domain.UserID, from domain.Origin) (Reservation, error) {
	return g.attempt(ctx, hex.EncodeToString(g.FactorRunKey(user)), from)
}

func (g *Guard) attempt(ctx context.Context, account string, from domain.Origin) (Reservation, error) {
	ctx = context.WithoutCancel(ctx) // the reservation must be returned even if the caller hangs up
	block := from.Block()
	if d := g.limiter.Take(ctx, g.settings.Limits.Block, block); !d.Allowed {
		return Reservation{}, limited(g.settings.Limits.Block, d)
	}
	if d := g.limiter.Take(ctx, g.settings.Limits.Account, account); !d.Allowed {
		g.limiter.Return(ctx, g.settings.Limits.Block, block)
		return Reservation{}, limited(g.settings.Limits.Account, d)
	}
	return Reservation{func() {
		g.limiter.Return(ctx, g.settings.Limits.Account, account)
		g.limiter.Return(ctx, g.settings.Limits.Block, block)
	}}, nil
}

// Forgive resets the guesses at an account: its owner, who has just proved the mailbox, must not wait because of strangers (TH-4).
func (g *Guard) Forgive(ctx context.Context, email domain.Email) {
	g.limiter.Forgive(context.WithoutCancel(ctx), g.settings.Limits.Account, g.accountKey(email))
}

// Registration takes the budget of one registration. Without a limit, anybody could fill the queue of logins with the hashes of
// registrations.
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

// AllowRecovery is AllowMail for a mail by which a password is replaced. Anybody may ask for the other mails, and for an address with an
// account most of them send nothing: with a common budget a stranger could keep the owner from a reset for as long as they like, unnoticed
// (TH-4). With this budget a stranger can only cause links to the owner.
func (g *Guard) AllowRecovery(ctx context.Context, email domain.Email, from domain.Origin) (Reservation, bool) {
	return g.allowMail(ctx, mailer.Reset, g.settings.Limits.Recovery, email, from)
}

// StopMail reports a mail that another count stopped.
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

// guessMails is how many mails about guessed codes a user gets: an attacker who goes on was reported by the first.
var guessMails = transient.Limit{Name: "factor-mail", Burst: 1, Window: 24 * time.Hour}

// AllowGuessMail takes the budget of a mail to a user whose codes are guessed.
func (g *Guard) AllowGuessMail(ctx context.Context, user domain.UserID) bool {
	return g.limiter.Take(context.WithoutCancel(ctx), guessMails, hex.EncodeToString(g.FactorRunKey(user))).Allowed
}

// AllowResetSent takes the budget of a link to replace a password that is sent on behalf of somebody else. It returns domain.ErrRateLimited
// when the budget is used up, since the sender should know.
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
func (g *Guard) RunKey(email domain.Email) []byte { return g.mac("login-failures", email.Canonical()) }

// FactorRunKey is the same for the codes of a user's authenticator apps.
func (g *Guard) FactorRunKey(user domain.UserID) []byte {
	return g.mac("factor-failures", string(user))
}

func (g *Guard) mac(label, text string) []byte {
	mac := hmac.New(sha256.New, g.sealer.Derive(label)[0])
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// Failed counts a failure of a run and tells whether it began a lock.
func (g *Guard) Failed(ctx context.Context, tx *store.Tx, runKey []byte, now time.Time) (bool, error) {
	run, err := tx.Lockouts.Lock(ctx, runKey)
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
