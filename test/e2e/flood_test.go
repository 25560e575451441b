package e2e_test

import (
	"context"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit"
)

// flood writes so many events about a user, three of each moment.
func flood(s *testkit.Server, user string, n int) error {
	record, now := s.Record(), s.Clock.Now()
	for done := 0; done < n; done += 300 {
		err := record.Insist(func(ctx context.Context, tx *store.Tx) error {
			events := make([]domain.Event, min(300, n-done))
			for i := range events {
				at := now.Add(time.Duration((done+i)/3) * time.Microsecond)
				events[i] = domain.NewEvent(domain.EventUserUpdated, domain.System(), domain.Origin{IP: "192.0.2.1"}, "user", user).Stamped(domain.EventID(newID()), at)
			}
			return tx.Audit.Add(ctx, events...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
