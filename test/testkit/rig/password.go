package rig

import (
	"time"

	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/domain"
)

// newRecovery answers forgotten passwords behind the rig's outbox.
func (r *Rig) newRecovery() *password.Recovery {
	return &password.Recovery{
		System: r.System, Postbox: r.Postbox, TTL: 30 * time.Minute,
		Link: func(token domain.Secret) string { return Issuer + "/api/password/reset/" + token.Reveal() },
	}
}

func (r *Rig) replacement() password.Replacement {
	return password.Replacement{
		Store: r.Store, System: r.System, Hasher: r.Hasher, Guard: r.Guard, Password: r.Passwords, Ender: r.Ender, Postbox: r.Postbox,
		NoticeTTL: 24 * time.Hour,
	}
}

// NewForgot is the use case on the rig's parts.
func (r *Rig) NewForgot() *password.Forgot {
	return &password.Forgot{Store: r.Store, System: r.System, Guard: r.Guard, Postbox: r.Postbox, Recovery: r.Recovery}
}

// NewReset is the use case on the rig's parts.
func (r *Rig) NewReset() *password.Reset {
	return &password.Reset{Replacement: r.replacement()}
}

// NewChangePassword is the use case on the rig's parts.
func (r *Rig) NewChangePassword() *password.Change {
	return &password.Change{
		Replacement: r.replacement(), Confirm: r.NewConfirm(), Directory: r.Directory, Mint: r.Mint, Refresh: r.RefreshKeys,
	}
}
