package domain

import (
	"crypto/hmac"
	"io"
	"time"
)

// Family is the chain of refresh tokens of one session at one client. Its row holds the hash of the live token's secret and the salt it was
// derived with; the row is not enough to make a token.
//
//	hash equal ───┬─────────────────────────► Rotate   next generation
//	              └─ static, or policy.Keep ► Keep     the same token again
//	                 at generation 0
//	                 └─ within Grace ───────► Replay   the same token again, and its use is not written once more
//	predecessor ──┬─ within Grace ──────────► Replay   the same successor again
//	              ├─ within Retry ──────────► Recover  same generation, new secret; the lost one is void
//	              └─ later ─┐
//	older, voided, genuine ─┴───────────────► Reuse    the session ends
//	newer than the row, or forged ──────────► Refuse   nothing is written
type Family struct {
	ID         FamilyID
	SessionID  SessionID
	ClientID   ClientID
	Generation int64
	Hash       []byte // SHA-256 of the live token's secret
	Salt       []byte // the live token was derived from its predecessor with it
	CreatedAt  time.Time
	AdvancedAt time.Time // when the generation last rose
	RotatedAt  time.Time // when the live secret was made, at the last rotation or recovery; for a static family, when its token was last used
	EndedAt    time.Time
	Static     bool // keeps one token for good (old clients); decided at its first refresh
}

// RefreshPolicy bounds how long a superseded token is still answered.
type RefreshPolicy struct {
	Grace time.Duration // after RotatedAt: a parallel request, answered with the same successor
	Retry time.Duration // after AdvancedAt: the answer was lost, answered with a new successor
	// Keep makes a family static that has not rotated yet: its client does not accept new tokens.
	Keep bool
}

// Verdict is a family's decision about a presented token.
type Verdict uint8

// The verdicts. The zero value refuses.
const (
	Refuse Verdict = iota
	Rotate
	Replay
	Recover
	Reuse
	Keep
)

// NewFamily begins a line of tokens and makes its first one. entropy yields the first secret.
func NewFamily(id FamilyID, session SessionID, client ClientID, keys RefreshKeys, entropy io.Reader, now time.Time) (Family, RefreshToken, error) {
	var secret [secretSize]byte
	if _, err := io.ReadFull(entropy, secret[:]); err != nil {
		return Family{}, RefreshToken{}, err
	}
	token := newRefreshToken(keys[0], id, 0, secret)
	return Family{
		ID: id, SessionID: session, ClientID: client, Hash: token.Hash(), Salt: []byte{},
		CreatedAt: now, AdvancedAt: now, RotatedAt: now,
	}, token, nil
}

// Present judges a token against the family's row. With Replay and Keep it also returns the token to answer with. It only decides: the
// store's conditional update then applies the decision or, when another request was faster, changes no row.
func (f Family) Present(t RefreshToken, keys RefreshKeys, p RefreshPolicy, now time.Time) (Verdict, RefreshToken) {
	none := RefreshToken{}
	if t.Family != f.ID || !f.EndedAt.IsZero() {
		return Refuse, none
	}
	if t.Generation == f.Generation && hmac.Equal(t.Hash(), f.Hash) { // even without a known tag: a changed SECRET_KEY must not log anybody out
		switch {
		case f.Static && now.Sub(f.RotatedAt) <= p.Grace:
			return Replay, t
		case f.Static || p.Keep && f.Generation == 0:
			return Keep, t
		}
		return Rotate, none
	}
	if !t.Genuine(keys) || t.Generation > f.Generation {
		return Refuse, none // a wrong secret for a known family must not end it, otherwise anybody could log others out
	}
	if next, ok := f.predecessor(t, keys); ok {
		switch {
		case now.Sub(f.RotatedAt) <= p.Grace:
			return Replay, next
		case now.Sub(f.AdvancedAt) <= p.Retry:
			return Recover, none
		}
	}
	return Reuse, none
}

// predecessor tells whether t is the token that the live one was derived from, and returns the live one.
func (f Family) predecessor(t RefreshToken, keys RefreshKeys) (RefreshToken, bool) {
	if t.Generation != f.Generation-1 {
		return RefreshToken{}, false
	}
	for _, key := range keys {
		if next := t.successor(key, f.Salt); hmac.Equal(next.Hash(), f.Hash) {
			return next, true
		}
	}
	return RefreshToken{}, false
}

// Advance is the family after t was rotated or recovered, and the token that follows t. entropy yields a fresh salt.
func (f Family) Advance(t RefreshToken, verdict Verdict, keys RefreshKeys, entropy io.Reader, now time.Time) (Family, RefreshToken, error) {
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(entropy, salt); err != nil {
		return Family{}, RefreshToken{}, err
	}
	next := t.successor(keys[0], salt)
	f.Generation, f.Hash, f.Salt, f.RotatedAt = next.Generation, next.Hash(), salt, now
	if verdict == Rotate {
		f.AdvancedAt = now
	}
	return f, next, nil
}

// Used is a family after its token was used and kept: it is static from now on, and the time of its last use changes.
func (f Family) Used(now time.Time) Family {
	f.Static, f.RotatedAt = true, now
	return f
}

// Knows tells whether the family made the token at any time, which is enough for a logout.
func (f Family) Knows(t RefreshToken, keys RefreshKeys) bool {
	return t.Family == f.ID && (t.Genuine(keys) || t.Generation == f.Generation && hmac.Equal(t.Hash(), f.Hash))
}
