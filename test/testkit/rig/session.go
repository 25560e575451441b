package rig

import (
	"time"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
)

// NewListSessions is the use case on the rig's parts.
func (r *Rig) NewListSessions() *session.List {
	return &session.List{Store: r.Store, System: r.System, Policy: r.Sessions, Cursors: r.Sealer.Derive("cursor")}
}

// NewEndSession is the use case on the rig's parts.
func (r *Rig) NewEndSession() *session.EndOne {
	return &session.EndOne{Store: r.Store, System: r.System, Ender: r.Ender, Policy: r.Sessions}
}

// NewEndOthers is the use case on the rig's parts.
func (r *Rig) NewEndOthers() *session.EndOthers {
	return &session.EndOthers{Store: r.Store, System: r.System, Ender: r.Ender, Policy: r.Sessions}
}

// NewSessionStats is the use case on the rig's parts.
func (r *Rig) NewSessionStats() *session.Stats {
	return &session.Stats{
		Store: r.Store, System: r.System, Directory: r.Directory, Policy: r.Sessions,
		Counts: memory.NewCache[session.CountKey, domain.SessionCount](1, time.Minute, r.Clock.Now, nil),
	}
}
