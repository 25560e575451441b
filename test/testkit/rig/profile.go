package rig

import (
	"time"

	"github.com/signet-auth/signet/app/profile"
	"github.com/signet-auth/signet/domain"
)

// Actor is a user with a token for Signet itself, of a session that has just begun.
func (r *Rig) Actor(u domain.User) domain.Actor {
	return domain.Actor{Kind: domain.ActorUser, ID: u.ID.Principal(), Audience: domain.PlatformKey, AuthTime: r.Clock.Now()}
}

// NewUpdateProfile is the use case on the rig's parts.
func (r *Rig) NewUpdateProfile() *profile.Update {
	return &profile.Update{Store: r.Store, System: r.System}
}

// NewChangeEmail is the use case on the rig's parts.
func (r *Rig) NewChangeEmail() *profile.ChangeEmail {
	return &profile.ChangeEmail{Store: r.Store, System: r.System, Confirm: r.NewConfirm(), Postbox: r.Postbox, EmailChange: r.EmailChange}
}

// NewConfirmEmail is the use case on the rig's parts.
func (r *Rig) NewConfirmEmail() *profile.ConfirmEmail {
	return &profile.ConfirmEmail{Store: r.Store, System: r.System, Guard: r.Guard, EmailChange: r.EmailChange, NoticeTTL: 24 * time.Hour}
}

// newEmailChange answers changes of address behind the rig's outbox.
func (r *Rig) newEmailChange() *profile.EmailChange {
	return &profile.EmailChange{
		System: r.System, Sealer: r.Sealer, Postbox: r.Postbox, TTL: 24 * time.Hour,
		Link: func(token domain.Secret) string { return Issuer + "/api/auth/change-email/" + token.Reveal() },
	}
}
