package porttest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// remove is one of the methods of store.ExpiredRows.
type remove func(r store.ExpiredRows, ctx context.Context, before time.Time, n int) (int, error)

func storeExpiredRows(t *testing.T, s storeTest) {
	clean := func(t *testing.T, method remove, before time.Time, n int) (removed int) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			removed, err = method(tx.ExpiredRows, ctx, before, n)
			return err
		})
		return removed
	}
	user := s.user(t)
	session := func(t *testing.T, at time.Time) domain.FamilyID {
		t.Helper()
		_, family := s.session(t, user.ID, at)
		return family.ID
	}

	t.Run("a session goes when its end, or the end of its time, is long past, and its family with it", func(t *testing.T) {
		ended, endedFamily := s.session(t, user.ID, noon)
		expired, live := session(t, noon.Add(time.Hour-policy.Absolute)), session(t, noon.Add(2*time.Hour))
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Sessions.End(ctx, []domain.SessionID{ended.ID}, domain.EndedByLogout, noon)
			return err
		})
		if n := clean(t, store.ExpiredRows.Sessions, noon, 10); n != 0 {
			t.Errorf("%d are gone at the very end", n)
		}
		if n := clean(t, store.ExpiredRows.Sessions, noon.Add(time.Microsecond), 10); n != 1 {
			t.Errorf("%d are gone, want the ended one", n)
		}
		if n := clean(t, store.ExpiredRows.Sessions, noon.Add(time.Hour+time.Microsecond), 10); n != 1 {
			t.Errorf("%d are gone, want the one at its absolute end", n)
		}
		for id, want := range map[domain.FamilyID]*domain.Error{endedFamily.ID: domain.ErrNotFound, expired: domain.ErrNotFound, live: nil} {
			if _, _, err := s.Read().Sessions.Family(t.Context(), id); (err == nil) != (want == nil) {
				t.Errorf("a family: %v, want %v", err, want)
			}
		}
	})

	t.Run("a factor goes when nobody confirmed it", func(t *testing.T) {
		waiting, counting := newFactor(user.ID, newID[domain.SessionID](), domain.FactorTOTP), newFactor(user.ID, newID[domain.SessionID](), domain.FactorTOTP)
		counting.ConfirmedAt = noon
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Factors.Insert(ctx, waiting); err != nil {
				return err
			}
			return tx.Factors.Insert(ctx, counting)
		})
		if n := clean(t, store.ExpiredRows.Factors, noon, 10); n != 0 {
			t.Errorf("%d are gone before their time", n)
		}
		if n := clean(t, store.ExpiredRows.Factors, noon.Add(time.Microsecond), 10); n != 1 {
			t.Errorf("%d are gone", n)
		}
		left, err := s.Read().Factors.ByUser(t.Context(), user.ID)
		if err != nil || len(left) != 1 || left[0].ID != counting.ID {
			t.Errorf("left are %v (%v)", left, err)
		}
	})

	t.Run("a remembered device goes when its time is past", func(t *testing.T) {
		over, live := newTrustedDevice(user.ID, noon.Add(-time.Hour)), newTrustedDevice(user.ID, noon)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Trusted.Insert(ctx, over); err != nil {
				return err
			}
			return tx.Trusted.Insert(ctx, live)
		})
		if n := clean(t, store.ExpiredRows.TrustedDevices, noon, 10); n != 0 {
			t.Errorf("%d are gone before their time", n)
		}
		if n := clean(t, store.ExpiredRows.TrustedDevices, noon.Add(time.Microsecond), 10); n != 1 {
			t.Errorf("%d are gone", n)
		}
		left, err := s.Read().Trusted.ByUser(t.Context(), user.ID)
		if err != nil || len(left) != 1 || left[0].ID != live.ID {
			t.Errorf("left are %v (%v)", left, err)
		}
	})

	t.Run("a flow goes when its time is past, used or not", func(t *testing.T) {
		put := func(expires time.Time) domain.Flow {
			f := newFlow(string(newID[domain.UserID]()), newAddress(t))
			f.ExpiresAt = expires
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Flows.Insert(ctx, f) })
			return f
		}
		used, open, live := put(noon), put(noon), put(noon.Add(time.Hour))
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Flows.Consume(ctx, used.ID, noon.Add(-time.Minute))
			return err
		})
		if n := clean(t, store.ExpiredRows.Flows, noon, 10) + clean(t, store.ExpiredRows.Flows, noon.Add(time.Microsecond), 10); n != 2 {
			t.Errorf("%d are gone, want 2", n)
		}
		for _, f := range []domain.Flow{used, open} {
			_, err := s.Read().Flows.BySecret(t.Context(), f.SecretHash)
			fails(t, "a flow that is over", err, domain.ErrNotFound)
		}
		if _, err := s.Read().Flows.BySecret(t.Context(), live.SecretHash); err != nil {
			t.Error(err)
		}
	})

	t.Run("an event goes when it is old enough, with its trace", func(t *testing.T) { storeExpiredEvents(t, s, clean) })

	t.Run("a registration goes when its time is past", func(t *testing.T) {
		put := func(expires time.Time) domain.Registration {
			r := newRegistration(newAddress(t), noon)
			r.ExpiresAt = expires
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Registrations.Insert(ctx, r) })
			return r
		}
		over, live := put(noon), put(noon.Add(time.Hour))
		if n := clean(t, store.ExpiredRows.Registrations, noon, 10) + clean(t, store.ExpiredRows.Registrations, noon.Add(time.Microsecond), 10); n != 1 {
			t.Errorf("%d are gone, want 1", n)
		}
		_, err := s.Read().Registrations.ByID(t.Context(), over.ID)
		fails(t, "what is over", err, domain.ErrNotFound)
		if _, err := s.Read().Registrations.ByID(t.Context(), live.ID); err != nil {
			t.Error(err)
		}
	})

	t.Run("a message goes when it was delivered or parked long ago, and never before it is either", func(t *testing.T) {
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for range 3 {
				if err := tx.Outbox.Add(ctx, newMessage(noon)); err != nil {
					return err
				}
			}
			claimed, err := tx.Outbox.Claim(ctx, noon, time.Minute, []domain.Topic{domain.TopicForgot}, 3)
			if err != nil || len(claimed) != 3 {
				t.Fatalf("claimed %d, %v", len(claimed), err)
			}
			if _, err := tx.Outbox.Settle(ctx, claimed[0], noon); err != nil {
				return err
			}
			_, err = tx.Outbox.Park(ctx, claimed[1], noon.Add(time.Hour), "refused")
			return err
		})
		for _, row := range []struct {
			before time.Time
			want   int
		}{{noon, 0}, {noon.Add(time.Microsecond), 1}, {noon.Add(24 * time.Hour), 1}, {noon.Add(1000 * time.Hour), 0}} {
			if n := clean(t, store.ExpiredRows.Messages, row.before, 10); n != row.want {
				t.Errorf("before %s %d are gone, want %d", row.before, n, row.want)
			}
		}
	})

	t.Run("a run of failures goes when it is old and locks nothing", func(t *testing.T) {
		put := func(l domain.Lockout) []byte {
			l.Key = newBytes(32)
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Lockouts.Save(ctx, l) })
			return l.Key
		}
		old := put(domain.Lockout{Failures: 3, UpdatedAt: noon})
		locking := put(domain.Lockout{Failures: 3, UpdatedAt: noon, LockedUntil: noon.Add(time.Hour)})
		young := put(domain.Lockout{Failures: 3, UpdatedAt: noon.Add(time.Hour)})
		if n := clean(t, store.ExpiredRows.Lockouts, noon.Add(time.Minute), 10); n != 1 {
			t.Errorf("%d are gone, want 1", n)
		}
		for name, row := range map[string]struct {
			key  []byte
			want int
		}{"old": {old, 0}, "locking": {locking, 3}, "young": {young, 3}} {
			if l, err := s.Read().Lockouts.ByKey(t.Context(), row.key); err != nil || l.Failures != row.want {
				t.Errorf("%s has %d failures, want %d (%v)", name, l.Failures, row.want, err)
			}
		}
	})

	t.Run("application tokens, their secrets and what is known of their use", func(t *testing.T) {
		storeExpiredAppTokens(t, s, clean)
	})
	storeExpiredRowsRaces(t, s, user)
}

func storeExpiredAppTokens(t *testing.T, s storeTest, clean func(*testing.T, remove, time.Time, int) int) {
	service := s.service(t)
	live := s.appToken(t, service.ID, nil)
	ended := s.appToken(t, service.ID, func(t *domain.AppToken) { t.ExpiresAt = noon })
	revoked := s.appToken(t, service.ID, func(t *domain.AppToken) { t.RevokedAt, t.ExpiresAt = noon, noon.Add(1000*time.Hour) })
	for _, token := range []domain.AppToken{live, ended} {
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return tx.AppTokens.AddUse(ctx, []domain.TokenUse{{Secret: token.Secrets[0].ID, Token: token.ID, Count: 1, LastAt: noon}}, nil)
		})
	}
	if n := clean(t, store.ExpiredRows.AppTokens, noon, 10); n != 0 {
		t.Errorf("%d are gone at the very end", n)
	}
	if n := clean(t, store.ExpiredRows.AppTokens, noon.Add(time.Microsecond), 10); n != 2 {
		t.Errorf("%d are gone, want 2", n)
	}
	for _, token := range []domain.AppToken{ended, revoked} {
		_, err := s.Read().AppTokens.BySecret(t.Context(), token.Secrets[0].ID)
		fails(t, "a secret of what is over", err, domain.ErrNotFound)
	}
	if got, err := s.Read().AppTokens.Listed(t.Context(), live.ID); err != nil || len(got.Secrets) != 1 || got.Used().Count != 1 {
		t.Errorf("what lives became %+v, %v", got, err)
	}
	s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.AppTokens.Insert(ctx, ended) })
	if got, err := s.Read().AppTokens.Listed(t.Context(), ended.ID); err != nil || got.Used().Count != 0 {
		t.Errorf("its use is still there: %+v, %v", got.Use, err)
	}
}

func storeExpiredEvents(t *testing.T, s storeTest, clean func(*testing.T, remove, time.Time, int) int) {
	put := func(at time.Time) domain.EventID {
		e := domain.NewEvent(domain.EventLoginSucceeded, domain.System(), domain.Origin{IP: "192.0.2.7"}, "user", "old").Stamped(newID[domain.EventID](), at)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Audit.Add(ctx, e) })
		return e.ID
	}
	for i := range 3 {
		put(noon.Add(time.Duration(i-3) * time.Hour))
	}
	kept := put(noon)
	for i, want := range []int{2, 1, 0} {
		if n := clean(t, store.ExpiredRows.Events, noon, 2); n != want {
			t.Errorf("round %d removes %d, want %d", i, n, want)
		}
	}
	left, err := s.Read().Audit.List(t.Context(), store.AuditFilter{SubjectID: "old"})
	if err != nil || len(left) != 1 || left[0].ID != kept || left[0].Trace.IP == "" {
		t.Errorf("%+v is left, %v", left, err)
	}
}

func storeExpiredRowsRaces(t *testing.T, s storeTest, user domain.User) {
	long := noon.Add(-10 * policy.Absolute)

	t.Run("several replicas at once remove each row once, as many at a time as was asked for", func(t *testing.T) {
		const rows, batch = 100, 7
		for range rows {
			s.session(t, user.ID, long)
		}
		var total atomic.Int64
		race(t, 8, func(int) (bool, error) {
			for {
				var n int
				err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
					n, err = tx.ExpiredRows.Sessions(ctx, noon.Add(-policy.Absolute), batch)
					return err
				})
				if n > batch {
					t.Errorf("%d were removed at once", n)
				}
				if err != nil || n == 0 {
					return true, err
				}
				total.Add(int64(n))
			}
		})
		if total.Load() != rows {
			t.Errorf("%d were removed, want %d", total.Load(), rows)
		}
	})

	t.Run("what another transaction holds is passed by", func(t *testing.T) {
		session, _ := s.session(t, user.ID, long)
		s.session(t, user.ID, long)
		held, release := make(chan struct{}), make(chan struct{})
		done := make(chan error, 1)
		go func() {
			done <- s.WithinTx(context.WithoutCancel(t.Context()), func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Sessions.End(ctx, []domain.SessionID{session.ID}, domain.EndedByAdmin, noon)
				close(held)
				<-release
				return err
			})
		}()
		<-held
		begun := time.Now()
		var n int
		cleaned := make(chan error, 1)
		go func() {
			cleaned <- s.WithinTx(context.WithoutCancel(t.Context()), func(ctx context.Context, tx *store.Tx) (err error) {
				n, err = tx.ExpiredRows.Sessions(ctx, noon.Add(-policy.Absolute), 10)
				return err
			})
		}()
		select {
		case err := <-cleaned: // Postgres
			close(release)
			if err != nil || n != 1 || time.Since(begun) > 2*time.Second {
				t.Errorf("%d were removed after %s (%v), want the free one at once", n, time.Since(begun), err)
			}
		case <-time.After(time.Second): // one writer: it waits for its turn, and then nothing is locked
			close(release)
			if err := <-cleaned; err != nil || n != 1 {
				t.Errorf("%d were removed (%v), want the one that is over still", n, err)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
