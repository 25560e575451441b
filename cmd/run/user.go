package run

import (
	"time"

	"github.com/signet-auth/signet/app/janitor"
	"github.com/signet-auth/signet/app/user"
)

// wireUsers makes the use cases of an account as a whole.
func (p *parts) wireUsers(k *core) {
	k.closing = &user.Close{
		Store: p.store, System: p.system, Confirm: p.newConfirm(), Ender: p.ender, Postbox: p.postbox,
		Grace: time.Duration(p.config.CloseGrace), NoticeTTL: noticeTTL,
	}
	k.export = &user.Export{Store: p.store, System: p.system, Guard: p.guard, Recent: time.Duration(p.config.RecentAuth)}
}

func (p *parts) eraser() *user.Eraser {
	return &user.Eraser{Store: p.store, System: p.system, Ender: p.ender, Guard: p.guard, Postbox: p.postbox, Scrub: p.scrub}
}

// erasing is the janitor's task of erasing closed accounts.
func (p *parts) erasing() janitor.Task { return janitor.Task{Kind: "users", Do: p.eraser().Due} }
