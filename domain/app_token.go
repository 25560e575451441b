package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// AppToken is the credential of a service. It belongs to the service account, not to the user who made it, and outlives them. Its secrets
// change with rotations; the token itself says what it may do and until when.
type AppToken struct {
	ID        AppTokenID
	ServiceID ServiceID
	Name      string
	Scopes    Scopes
	CreatedBy PrincipalID // empty: Signet itself
	CreatedAt time.Time
	ExpiresAt time.Time // zero: no end
	RevokedAt time.Time
	Secrets   []AppTokenSecret // newest first, ended ones too
}

const (
	// maxSecrets is how many secrets of a token are kept, including ended ones, so that an ended secret can be distinguished from a forged
	// one.
	maxSecrets = 10
	// MaxOverlap is how long the previous secret may live beside a new one, and defaultOverlap is the default.
	MaxOverlap     = 30 * 24 * time.Hour
	defaultOverlap = 24 * time.Hour
)

// NewAppToken makes a token for a service, with its first secret. The name is a [Line].
func NewAppToken(id AppTokenID, service ServiceID, name string, scopes Scopes, by PrincipalID, expires time.Time, secret AppTokenSecret, now time.Time) (AppToken, error) {
	if err := checkName(name, maxServiceName); err != nil {
		return AppToken{}, err
	}
	return AppToken{
		ID: id, ServiceID: service, Name: name, Scopes: scopes, CreatedBy: by, CreatedAt: now, ExpiresAt: expires,
		Secrets: []AppTokenSecret{secret},
	}, nil
}

// IsAppToken tells whether a text has the form of an application token, valid or not.
func IsAppToken(token Secret) bool { return strings.HasPrefix(token.Reveal(), appTokenPrefix) }

// IsLive tells whether it may be used, apart from the state of its service.
func (t AppToken) IsLive(now time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

// Rename gives it another name, which is a [Line].
func (t *AppToken) Rename(name string) error {
	if err := checkName(name, maxServiceName); err != nil {
		return err
	}
	t.Name = name
	return nil
}

// Revoke ends it for good, and tells whether it had not ended before.
func (t *AppToken) Revoke(now time.Time) bool {
	if !t.RevokedAt.IsZero() {
		return false
	}
	t.RevokedAt = now
	return true
}

// Supersede says which of two live secrets a rotation ends at once.
type Supersede string

// The secrets that a rotation may end while two are live.
const (
	SupersedeNone     Supersede = ""         // none: the rotation is refused, because either may be in use
	SupersedePrevious Supersede = "previous" // the older one
	SupersedeLatest   Supersede = "latest"   // the newer one: its answer was lost, or it leaked
)

// Rotation is how a token gets a new secret.
type Rotation struct {
	Overlap   *time.Duration // how long the previous one lives on; nil: a day
	Supersede Supersede
}

// Check validates what a client may choose.
func (r Rotation) Check() error {
	if r.Overlap == nil || *r.Overlap >= 0 && *r.Overlap <= MaxOverlap {
		return nil
	}
	return ErrInvalidFields(FieldError{
		Field: "overlap", Code: "invalid", Text: fmt.Sprintf("overlap must be between 0 and %d seconds", MaxOverlap/time.Second),
	})
}

func (r Rotation) overlap() time.Duration {
	if r.Overlap == nil {
		return defaultOverlap
	}
	return *r.Overlap
}

// Rotate adds a secret, and returns when the previous one ends; zero if none is live. At most two are live at a time, and a third is
// refused with ErrRotationPending unless the rotation says which one to end. It returns ErrTokenEnded for an ended token.
func (t *AppToken) Rotate(r Rotation, secret AppTokenSecret, now time.Time) (previousEnds time.Time, err error) {
	if !t.IsLive(now) {
		return time.Time{}, ErrTokenEnded
	}
	secrets := []AppTokenSecret{secret}
	var live []*AppTokenSecret // newest first
	secrets = append(secrets, t.Secrets...)
	for i := range secrets[1:] {
		if s := &secrets[i+1]; s.IsLive(now) {
			live = append(live, s)
		}
	}
	if len(live) > 1 && r.Supersede == SupersedeNone {
		return time.Time{}, ErrRotationPending
	}
	kept := 0
	if r.Supersede == SupersedeLatest {
		kept = 1
	}
	for i, s := range live {
		if i != kept {
			s.ExpiresAt = now
			continue
		}
		if s.ExpiresAt.IsZero() || r.Overlap != nil {
			s.ExpiresAt = now.Add(r.overlap())
		}
		if s.IsLive(now) {
			previousEnds = EarlierEnd(s.ExpiresAt, t.ExpiresAt)
		}
	}
	t.Secrets = secrets[:min(len(secrets), maxSecrets)]
	return previousEnds, nil
}

// Judge checks a presented token, apart from its service: nil, ErrTokenInvalid, or that with the cause ErrForged when Signet never made it.
// The presented secret's id must be one of this token's.
func (t AppToken) Judge(p PresentedAppToken, now time.Time) error {
	secret, ok := t.secret(p)
	switch {
	case !ok:
		return ErrTokenInvalid.Because(ErrForged)
	case !t.IsLive(now) || !secret.IsLive(now):
		return ErrTokenInvalid
	}
	return nil
}

// EndOf is when a presented token ends; zero: never.
func (t AppToken) EndOf(p PresentedAppToken) time.Time {
	secret, _ := t.secret(p)
	return EarlierEnd(t.ExpiresAt, secret.ExpiresAt)
}

func (t AppToken) secret(p PresentedAppToken) (AppTokenSecret, bool) {
	for _, s := range t.Secrets {
		if s.ID == p.Secret {
			return s, p.matches(s)
		}
	}
	return AppTokenSecret{}, false
}

// HasLive tells whether one of its secrets still works, apart from the token itself.
func (t AppToken) HasLive(id AppTokenSecretID, now time.Time) bool {
	return slices.ContainsFunc(t.Secrets, func(s AppTokenSecret) bool { return s.ID == id && s.IsLive(now) })
}

// LiveSecrets are the usable secrets, if the token itself is usable, newest first.
func (t AppToken) LiveSecrets(now time.Time) []AppTokenSecret {
	var live []AppTokenSecret
	for _, s := range t.Secrets {
		if s.IsLive(now) {
			live = append(live, s)
		}
	}
	return live
}

// Prefix is the visible beginning of its newest secret.
func (t AppToken) Prefix() string {
	if len(t.Secrets) == 0 {
		return ""
	}
	return t.Secrets[0].Prefix
}

// Event is an event about the token, without its name, which may contain personal data.
func (t AppToken) Event(kind EventType, by Actor, from Origin) Event {
	e := NewEvent(kind, by, from, "app_token", string(t.ID)).In(t.ServiceID).With("prefix", t.Prefix()).WithList("scopes", t.Scopes.Texts())
	if !t.ExpiresAt.IsZero() {
		e = e.With("expires_at", t.ExpiresAt.Format(time.RFC3339Nano))
	}
	return e
}

// Place is the token's place in lists, which have the newest first.
func (t AppToken) Place() Cursor { return Cursor{At: t.CreatedAt, ID: string(t.ID)} }

// ListedAppToken is a token with its use and its creator.
type ListedAppToken struct {
	AppToken

	Creator Principal // zero: Signet itself
	Use     map[AppTokenSecretID]TokenUse
}

// Used is the use of all its secrets together.
func (t ListedAppToken) Used() (all TokenUse) {
	for _, use := range t.Use {
		all = all.And(use)
	}
	return all
}
