package domain

import (
	"strings"
	"time"
)

// AppToken is a secret by which a service proves itself to Signet. It belongs to the service account, not to the user who made it,
// and outlives them.
type AppToken struct {
	ID        AppTokenID
	ServiceID ServiceID
	Name      string
	Scopes    Scopes
	CreatedBy PrincipalID
	CreatedAt time.Time
	ExpiresAt time.Time // zero: no end
	RevokedAt time.Time
}

// NewAppToken makes a token for a service.
func NewAppToken(id AppTokenID, service ServiceID, name string, scopes Scopes, by PrincipalID, expires, now time.Time) (AppToken, error) {
	err := checkName(name, maxServiceName)
	if !expires.IsZero() && !expires.After(now) {
		err = MergeFields(err, ErrInvalidFields(FieldError{Field: "expires_at", Code: "invalid", Text: "expires_at must be in the future"}))
	}
	if err != nil {
		return AppToken{}, err
	}
	return AppToken{ID: id, ServiceID: service, Name: name, Scopes: scopes, CreatedBy: by, CreatedAt: now, ExpiresAt: expires}, nil
}

// IsAppToken tells whether a token has the form of an application token, whatever it is worth.
func IsAppToken(token Secret) bool { return strings.HasPrefix(token.Reveal(), appTokenPrefix) }

// IsLive tells whether it may be used, its service aside.
func (t AppToken) IsLive(now time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}
