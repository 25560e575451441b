package domain

import (
	"fmt"
	"strings"
	"time"
)

// AppToken is what a service proves itself to Signet with. It belongs to the service account, not to the user who made it, and outlives
// them. Its secrets come and go with rotations; what it may do and until when is said here.
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
	// maxSecrets is how many secrets of a token are remembered, ended ones too: each can still be told from one that never was.
	maxSecrets = 10
	// MaxOverlap is how long the secret before may live beside a new one, and defaultOverlap how long it does unless somebody says it.
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

// IsAppToken tells whether a token has the form of an application token, whatever it is worth.
func IsAppToken(token Secret) bool { return strings.HasPrefix(token.Reveal(), appTokenPrefix) }

// IsLive tells whether it may be used, its service aside.
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

// Revoke ends it for good, and tells whether that was still to be done.
func (t *AppToken) Revoke(now time.Time) bool {
	if !t.RevokedAt.IsZero() {
		return false
	}
	t.RevokedAt = now
	return true
}

// Supersede says which of two live secrets a rotation ends at once.
type Supersede string

// What a rotation ends while two secrets live.
const (
	SupersedeNone     Supersede = ""         // nothing: the rotation is refused, for one of them may be in use
	SupersedePrevious Supersede = "previous" // the older one
	SupersedeLatest   Supersede = "latest"   // the newer one: its answer was lost, or it leaked
)

// Rotation is how a token gets a new secret.
type Rotation struct {
	Overlap   *time.Duration // how long the one before lives on; nil: a day
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

// Rotate adds a secret, and answers when the one before it ends; zero when there is none that lives. At most two live at a time, and none
// that may be in use dies unless the rotation says which: ErrRotationPending. ErrTokenEnded for a token that is over.
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

// Judge tells what a presented token is worth, its service aside: nil, ErrTokenInvalid, or that with the cause ErrForged when Signet never
// made it. It answers for tokens whose secret is one of its own.
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

// LiveSecrets are those that may be used as long as the token may, newest first.
func (t AppToken) LiveSecrets(now time.Time) []AppTokenSecret {
	var live []AppTokenSecret
	for _, s := range t.Secrets {
		if s.IsLive(now) {
			live = append(live, s)
		}
	}
	return live
}

// Prefix is what people know its newest secret by.
func (t AppToken) Prefix() string {
	if len(t.Secrets) == 0 {
		return ""
	}
	return t.Secrets[0].Prefix
}

// Event is an event about the token: without its name, into which people write people.
func (t AppToken) Event(kind EventType, by Actor, from Origin) Event {
	e := NewEvent(kind, by, from, "app_token", string(t.ID)).In(t.ServiceID).With("prefix", t.Prefix()).WithList("scopes", t.Scopes.Texts())
	if !t.ExpiresAt.IsZero() {
		e = e.With("expires_at", t.ExpiresAt.Format(time.RFC3339Nano))
	}
	return e
}

// Place is where the token stands in lists, which are newest first.
func (t AppToken) Place() Cursor { return Cursor{At: t.CreatedAt, ID: string(t.ID)} }

// ListedAppToken is a token with what is known of its use and of whom it is by.
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
