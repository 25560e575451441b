package run

import (
	"time"

	"github.com/signet-auth/signet/app/auth"
	"github.com/signet-auth/signet/app/password"
)

// newRecovery makes what answers a forgotten password, behind the outbox.
func (p *parts) newRecovery() *password.Recovery {
	return &password.Recovery{
		System: p.system, Postbox: p.postbox, Link: p.link(p.config.LinkReset, "/api/password/reset/"), TTL: time.Duration(p.config.ResetTTL),
	}
}

// wirePasswords makes the use cases by which a password is replaced.
func (p *parts) wirePasswords(k *core) {
	replacement := password.Replacement{
		Store: p.store, System: p.system, Hasher: p.hasher, Guard: p.guard, Password: p.password, Ender: p.ender, Postbox: p.postbox,
		NoticeTTL: noticeTTL,
	}
	k.forgot = &password.Forgot{Store: p.store, System: p.system, Guard: p.guard, Postbox: p.postbox, Recovery: p.recovery}
	k.reset = &password.Reset{Replacement: replacement}
	k.change = &password.Change{
		Replacement: replacement, Confirm: p.newConfirm(), Directory: p.directory, Mint: p.mint, Refresh: p.refreshKeys,
	}
}

// newConfirm asks for the password again, for what a stolen token must not be enough for.
func (p *parts) newConfirm() *auth.Confirm {
	return &auth.Confirm{Credentials: p.credentials, Recent: time.Duration(p.config.RecentAuth)}
}
