package rig

import (
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
