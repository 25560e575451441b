package run

import "github.com/signet-auth/signet/app/profile"

// wireProfile makes the use cases by which people change their account.
func (p *parts) wireProfile(k *core) {
	k.updateMe = &profile.Update{Store: p.store, System: p.system}
}
