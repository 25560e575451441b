package porttest

import (
	"context"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storePayloads(t *testing.T, s storeTest) {
	var late, soon, parked domain.Message
	late, soon, parked = newMessage(noon.Add(time.Hour)), newMessage(noon), newMessage(noon.Add(-time.Hour))
	expired, endless := newMessage(noon), newMessage(noon.Add(2*time.Hour))
	expired.ExpiresAt, endless.ExpiresAt = noon, time.Time{}
	flow := func(expires time.Time, payload []byte) domain.Flow {
		return domain.Flow{
			ID: newID[domain.FlowID](), Purpose: domain.PurposeChangeEmail, SecretHash: newBytes(32), Subject: string(newID[domain.FlowID]()),
			Payload: payload, CreatedAt: noon.Add(-time.Hour), ExpiresAt: expires,
		}
	}
	live, next, used, over, bare := flow(noon.Add(time.Hour), newBytes(9)), flow(noon.Add(2*time.Hour), newBytes(9)), flow(noon.Add(time.Hour), newBytes(9)),
		flow(noon, newBytes(9)), flow(noon.Add(time.Hour), nil)
	s.write(t, func(ctx context.Context, tx *store.Tx) error {
		for _, m := range []domain.Message{late, parked} {
			if err := tx.Outbox.Add(ctx, m); err != nil {
				return err
			}
		}
		for _, f := range []domain.Flow{live, next, used, over, bare} {
			if err := tx.Flows.Insert(ctx, f); err != nil {
				return err
			}
		}
		_, err := tx.Flows.Consume(ctx, used.ID, noon)
		return err
	})
	s.write(t, func(ctx context.Context, tx *store.Tx) error {
		claimed, err := tx.Outbox.Claim(ctx, noon, time.Minute, []domain.Topic{domain.TopicForgot}, 1)
		if err != nil {
			return err
		}
		if _, err := tx.Outbox.Park(ctx, claimed[0], noon, "gone"); err != nil {
			return err
		}
		for _, m := range []domain.Message{soon, expired, endless} {
			if err := tx.Outbox.Add(ctx, m); err != nil {
				return err
			}
		}
		return nil
	})
	list := func(t *testing.T, get func(context.Context, store.Payloads) ([]store.Payload, error)) (found []store.Payload) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			found, err = get(ctx, tx.Payloads)
			return err
		})
		return found
	}
	ofMessage := func(m domain.Message) store.Payload {
		return store.Payload{Mark: domain.Cursor{At: m.RunAt, ID: string(m.ID)}, Sealed: m.Payload}
	}
	ofFlow := func(f domain.Flow) store.Payload {
		return store.Payload{Mark: domain.Cursor{At: f.ExpiresAt, ID: string(f.ID)}, Sealed: f.Payload}
	}

	t.Run("of messages are listed while they are to be delivered, a page at a time", func(t *testing.T) {
		first := list(t, func(ctx context.Context, p store.Payloads) ([]store.Payload, error) {
			return p.OfMessages(ctx, noon, domain.Cursor{}, 1)
		})
		same(t, "first", first, []store.Payload{ofMessage(soon)})
		rest := list(t, func(ctx context.Context, p store.Payloads) ([]store.Payload, error) {
			return p.OfMessages(ctx, noon, first[0].Mark, 9)
		})
		same(t, "rest", rest, []store.Payload{ofMessage(late), ofMessage(endless)})
	})
	t.Run("of flows are listed while they work, a page at a time", func(t *testing.T) {
		first := list(t, func(ctx context.Context, p store.Payloads) ([]store.Payload, error) {
			return p.OfFlows(ctx, noon, domain.Cursor{}, 1)
		})
		same(t, "first", first, []store.Payload{ofFlow(live)})
		rest := list(t, func(ctx context.Context, p store.Payloads) ([]store.Payload, error) {
			return p.OfFlows(ctx, noon, first[0].Mark, 9)
		})
		same(t, "rest", rest, []store.Payload{ofFlow(next)})
	})
	t.Run("of factors are listed with their owners, a page at a time", func(t *testing.T) {
		u := s.user(t)
		app, key, other := newFactor(u.ID, newID[domain.SessionID](), domain.FactorTOTP), newFactor(u.ID, "", domain.FactorPasskey), newFactor(u.ID, "", domain.FactorTOTP)
		app.ID, other.ID = min(app.ID, other.ID), max(app.ID, other.ID)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for _, f := range []domain.Factor{other, key, app} {
				if err := tx.Factors.Insert(ctx, f); err != nil {
					return err
				}
			}
			return nil
		})
		var found []store.Payload
		for after := (domain.Cursor{}); ; after = found[len(found)-1].Mark {
			page := list(t, func(ctx context.Context, p store.Payloads) ([]store.Payload, error) {
				return p.OfFactors(ctx, after, 1)
			})
			if len(page) == 0 {
				break
			}
			found = append(found, page...)
		}
		want := []store.Payload{
			{Mark: domain.Cursor{At: noon, ID: string(app.ID)}, Sealed: app.Secret, Owner: u.ID},
			{Mark: domain.Cursor{At: noon, ID: string(other.ID)}, Sealed: other.Secret, Owner: u.ID},
		}
		same(t, "all", found, want)
		for _, from := range [][]byte{[]byte("stale"), app.Secret} {
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				ok, err := tx.Payloads.ReplaceFactor(ctx, string(app.ID), from, []byte("sealed again"))
				if ok != (string(from) != "stale") {
					t.Errorf("replaced from %q: %v", from, ok)
				}
				return err
			})
		}
		first := list(t, func(ctx context.Context, p store.Payloads) ([]store.Payload, error) {
			return p.OfFactors(ctx, domain.Cursor{}, 1)
		})
		same(t, "stored", string(first[0].Sealed), "sealed again")
	})
	t.Run("are replaced where they stand still, once", func(t *testing.T) {
		for name, replace := range map[string]func(context.Context, store.Payloads) (bool, error){
			"message": func(ctx context.Context, p store.Payloads) (bool, error) {
				return p.ReplaceMessage(ctx, string(soon.ID), soon.Payload, []byte("sealed again"))
			},
			"flow": func(ctx context.Context, p store.Payloads) (bool, error) {
				return p.ReplaceFlow(ctx, string(live.ID), live.Payload, []byte("sealed again"))
			},
		} {
			won := race(t, racers, func(int) (ok bool, err error) {
				err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) (err error) {
					ok, err = replace(ctx, tx.Payloads)
					return err
				})
				return ok, err
			})
			if won != 1 {
				t.Errorf("%s: %d replaced it", name, won)
			}
		}
		first := list(t, func(ctx context.Context, p store.Payloads) ([]store.Payload, error) {
			return p.OfMessages(ctx, noon, domain.Cursor{}, 1)
		})
		same(t, "stored", string(first[0].Sealed), "sealed again")
	})
}
