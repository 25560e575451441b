package run

import (
	"time"

	"github.com/signet-auth/signet/app/profile"
)

// newEmailChange makes what answers a change of address, behind the outbox.
func (p *parts) newEmailChange() *profile.EmailChange {
	return &profile.EmailChange{
		System: p.system, Sealer: p.sealer, Postbox: p.postbox, Link: p.link(p.config.LinkEmail, "/api/auth/change-email/"),
		TTL: time.Duration(p.config.EmailChangeTTL),
	}
}

// wireProfile makes the use cases by which people change their account.
func (p *parts) wireProfile(k *core) {
	k.updateMe = &profile.Update{Store: p.store, System: p.system}
	k.changeEmail = &profile.ChangeEmail{
		Store: p.store, System: p.system, Confirm: p.newConfirm(), Postbox: p.postbox, EmailChange: p.emailChange,
	}
	k.confirmEmail = &profile.ConfirmEmail{
		Store: p.store, System: p.system, Guard: p.guard, EmailChange: p.emailChange, NoticeTTL: noticeTTL,
	}
}
