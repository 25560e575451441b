package signet

import (
	"context"
	"slices"
)

// The kinds of principals.
const (
	KindUser           = "user"
	KindServiceAccount = "service_account"
)

// Principal is whose token it is, and what they may do now.
type Principal struct {
	// Subject is the id of the user or service account. Store this, never an address.
	Subject string
	// Kind is KindUser, or KindServiceAccount: no person sent this.
	Kind string
	// SessionID is empty for a service account.
	SessionID string
	ClientID  string
	// Permissions are short names, not to be changed. They are empty if there are too many for a token: Allowed asks Signet then.
	Permissions []string
	// Roles are for display: decide by permissions.
	Roles []string
	// Claims are all of the token. They are shared: don't change them. Numbers are json.Number.
	Claims map[string]any

	verifier *Verifier
	token    string
	from     *remembered
	asks     bool
}

func newPrincipal(v *Verifier, r *remembered, token string, answer *answered) *Principal {
	c := r.claims
	p := &Principal{
		Subject: c.subject, Kind: c.kind, SessionID: c.session, ClientID: c.client, Permissions: c.permissions, Roles: c.roles, Claims: c.all,
		verifier: v, token: token, from: r, asks: c.permRef,
	}
	if answer != nil {
		p.Permissions, p.Roles, p.asks = answer.permissions, answer.roles, false
	}
	if p.Kind == "" {
		p.Kind = KindUser
	}
	return p
}

// Allowed tells whether the principal has a permission of this service, such as "invoice:read". A malformed name, or another service's, is an
// error of the program. If the token's permissions are too many to be in it, Signet is asked: the error may be ErrUnavailable then, or
// ErrInvalid.
func (p *Principal) Allowed(ctx context.Context, permission string) (bool, error) {
	short, err := ownPermission(permission, p.verifier.set.Audience)
	if err != nil {
		return false, err
	}
	if slices.Contains(p.Permissions, short) {
		return true, nil
	}
	if !p.asks {
		return false, nil
	}
	return p.verifier.check(ctx, p.from, p.token, short)
}
