package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeRestoration(t *testing.T, s storeTest) {
	// counted runs a step that says how many rows it changed.
	counted := func(t *testing.T, step func(context.Context, store.Restoration) (int, error)) (n int) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			n, err = step(ctx, tx.Restoration)
			return err
		})
		return n
	}

	t.Run("sessions that have not ended are found, lapsed ones too", func(t *testing.T) {
		user := s.user(t)
		ended, _ := s.session(t, user.ID, noon)
		open := map[domain.SessionID]bool{}
		for _, at := range []time.Time{noon, noon.Add(-2 * policy.Absolute)} {
			session, _ := s.session(t, user.ID, at)
			open[session.ID] = true
		}
		var all, one, two []store.OpenSession
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			if _, err := tx.Sessions.End(ctx, []domain.SessionID{ended.ID}, domain.EndedByLogout, noon); err != nil {
				return err
			}
			if all, err = tx.Restoration.OpenSessions(ctx, store.OpenSession{}, 10); err != nil {
				return err
			}
			if one, err = tx.Restoration.OpenSessions(ctx, store.OpenSession{}, 1); err != nil {
				return err
			}
			two, err = tx.Restoration.OpenSessions(ctx, one[0], 10)
			return err
		})
		found := map[domain.SessionID]bool{}
		for _, session := range all {
			found[session.ID] = true
		}
		same(t, "open", found, open)
		same(t, "the first and those behind it", append(one, two...), all)
	})

	t.Run("remembered devices are forgotten, a batch at a time", func(t *testing.T) {
		user := s.user(t)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Trusted.Insert(ctx, newTrustedDevice(user.ID, noon)); err != nil {
				return err
			}
			return tx.Trusted.Insert(ctx, newTrustedDevice(user.ID, noon.Add(2*time.Hour)))
		})
		forget := func(ctx context.Context, r store.Restoration) (int, error) { return r.ForgetDevices(ctx, 1) }
		same(t, "batches", []int{counted(t, forget), counted(t, forget), counted(t, forget)}, []int{1, 1, 0})
	})

	t.Run("secrets that work are used up, a batch at a time", func(t *testing.T) {
		var made []domain.Flow
		for _, expires := range []time.Duration{-time.Minute, time.Hour, 2 * time.Hour} {
			f := newFlow(string(newID[domain.UserID]()), newAddress(t))
			f.ExpiresAt, f.Payload = noon.Add(expires), newBytes(9)
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Flows.Insert(ctx, f) })
			made = append(made, f)
		}
		void := func(ctx context.Context, r store.Restoration) (int, error) { return r.VoidFlows(ctx, noon, 1) }
		for i, want := range []int{1, 1, 0} {
			if n := counted(t, void); n != want {
				t.Errorf("round %d voids %d, want %d", i, n, want)
			}
		}
		for _, f := range made[1:] {
			got, err := s.Read().Flows.BySecret(t.Context(), f.SecretHash)
			if err != nil || !got.ConsumedAt.Equal(noon) || len(got.Payload) > 0 {
				t.Errorf("it was consumed at %s, with a payload of %d bytes; %v", got.ConsumedAt, len(got.Payload), err)
			}
		}
	})

	t.Run("messages that wait are parked, also one that is being delivered", func(t *testing.T) {
		leased, waiting := newMessage(noon.Add(-time.Hour)), newMessage(noon.Add(time.Hour))
		var claimed []domain.Message
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			if err := tx.Outbox.Add(ctx, leased); err != nil {
				return err
			}
			return tx.Outbox.Add(ctx, waiting)
		})
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			claimed, err = tx.Outbox.Claim(ctx, noon, time.Minute, []domain.Topic{leased.Topic}, 1)
			return err
		})
		park := func(ctx context.Context, r store.Restoration) (int, error) {
			return r.ParkMessages(ctx, noon, "restored", 1)
		}
		for i, want := range []int{1, 1, 0} {
			if n := counted(t, park); n != want {
				t.Errorf("round %d parks %d, want %d", i, n, want)
			}
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			settled, err := tx.Outbox.Settle(ctx, claimed[0], noon)
			if settled {
				t.Error("it was delivered after it was given up")
			}
			due, claimErr := tx.Outbox.Claim(ctx, noon.Add(2*time.Hour), time.Minute, []domain.Topic{leased.Topic}, 10)
			if len(due) > 0 || claimErr != nil {
				t.Errorf("%d are still due, %v", len(due), claimErr)
			}
			return err
		})
	})

	t.Run("the feed begins another epoch", func(t *testing.T) {
		begin := func(after, epoch string, at time.Time) (string, time.Time) {
			t.Helper()
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Restoration.BeginEpoch(ctx, after, epoch, at) })
			feed, err := s.Read().Changes.After(t.Context(), 0, 1)
			if err != nil {
				t.Fatal(err)
			}
			return feed.Epoch, feed.Begun
		}
		for _, step := range []struct {
			after, epoch, want string
			at, begun          time.Time
		}{
			{"", "second", "second", noon, noon},
			{"second", "third", "third", noon.Add(time.Hour), noon.Add(time.Hour)},
			{"second", "of a slower replica", "third", noon.Add(2 * time.Hour), noon.Add(time.Hour)},
		} {
			if epoch, begun := begin(step.after, step.epoch, step.at); epoch != step.want || !begun.Equal(step.begun) {
				t.Errorf("%s after %q: the feed is in %q since %v", step.epoch, step.after, epoch, begun)
			}
		}
	})
}
