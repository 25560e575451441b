// Package restore makes a database that came out of a backup fit to be served. A backup holds an old state: sessions, links and tokens that
// have ended since are valid in it.
//
//	After     ends what can be ended for everybody: sessions, one-time secrets, remembered devices, mails that wait. Nobody is told of each:
//	          the feed begins another epoch, at which every replica forgets all it knows.
//	Standing  lists what nobody can judge but the operator: application tokens, roles at the platform, keys
//	Undone    lists exactly what was lost, where the database from before the restore can still be read
package restore

import (
	"github.com/signet-auth/signet/app/base"
)

// Service is the use cases. They are for operators only.
type Service struct {
	*base.Base
}

// New makes the service.
func New(b *base.Base) *Service { return &Service{Base: b} }
