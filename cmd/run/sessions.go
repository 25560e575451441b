package run

import (
	"time"

	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/app/session"
	"github.com/signet-auth/signet/domain"
)

// countTTL is how late the number of sessions may be shown.
const countTTL = time.Minute

// wireSessions makes the use cases by which people see and end their sessions.
func (p *parts) wireSessions(k *core) {
	k.listSessions = &session.List{Store: p.store, System: p.system, Policy: p.sessions, Cursors: p.sealer.Derive("cursor")}
	k.endSession = &session.EndOne{Store: p.store, System: p.system, Ender: p.ender, Policy: p.sessions}
	k.endOthers = &session.EndOthers{Store: p.store, System: p.system, Ender: p.ender, Policy: p.sessions}
	k.sessionStats = &session.Stats{
		Store: p.store, System: p.system, Directory: p.directory, Policy: p.sessions,
		Counts: memory.NewCache[session.CountKey, domain.SessionCount](1, countTTL, p.system.Now, nil),
	}
}
