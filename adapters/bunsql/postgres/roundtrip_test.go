package postgres_test

import (
	"context"
	"crypto/rand"
	"net/url"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/backend"
)

// A request mainly waits for round trips to the database: statements without a result, such as BEGIN and COMMIT, must not cost one each.
func TestRoundTrips(t *testing.T) {
	at, err := url.Parse(current(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := backend.NewProxy(t, at.Host)
	at.Host = proxy.Addr()
	db := open(t, at.String())

	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	policy := domain.SessionPolicy{Idle: time.Hour, Absolute: 24 * time.Hour}
	email, err := domain.ParseEmail("ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	user := domain.NewUser(id[domain.UserID](), email, "hash", domain.PersonName{First: "Ada"}, now)
	event := func() domain.Event {
		return domain.UserEvent(domain.EventUserVerified, domain.System(), domain.Origin{IP: "192.0.2.1"}, user.ID).Stamped(id[domain.EventID](), now)
	}
	message := func() domain.Message {
		return domain.Message{ID: id[domain.MessageID](), Topic: domain.TopicForgot, Payload: []byte("sealed"), RunAt: now, CreatedAt: now}
	}
	within := func(t *testing.T, fn func(context.Context, *store.Tx) error) {
		t.Helper()
		if err := db.WithinTx(t.Context(), fn); err != nil {
			t.Fatal(err)
		}
	}
	within(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, user) })

	for _, row := range []struct {
		name string
		want int
		run  func(t *testing.T)
	}{
		{"a login", 5, func(t *testing.T) {
			if _, err := db.Read().Users.Candidate(t.Context(), email, []byte("key"), now); err != nil {
				t.Fatal(err)
			}
			session := domain.NewSession(id[domain.SessionID](), user.ID, []string{"pwd"}, domain.Origin{}, "", policy, now)
			family := domain.Family{
				ID: id[domain.FamilyID](), SessionID: session.ID, ClientID: domain.FirstPartyClient, Hash: make([]byte, 32),
				Salt: make([]byte, 32), CreatedAt: now, AdvancedAt: now, RotatedAt: now,
			}
			within(t, func(ctx context.Context, tx *store.Tx) error {
				if _, err := tx.Principals.Lock(ctx, user.Principal.ID); err != nil {
					return err
				}
				if _, err := tx.Sessions.EndBeyond(ctx, user.ID, 9, policy, domain.EndedByLimit, now); err != nil {
					return err
				}
				if err := tx.Sessions.Insert(ctx, session, family); err != nil {
					return err
				}
				if err := tx.Users.RecordLogin(ctx, user.ID, now); err != nil {
					return err
				}
				if _, err := tx.Devices.RecordLogin(ctx, user.ID, "Firefox on Linux", now); err != nil {
					return err
				}
				return tx.Audit.Add(ctx, event())
			})
		}},
		{"a registration", 2, func(t *testing.T) {
			within(t, func(ctx context.Context, tx *store.Tx) error {
				if err := tx.Registrations.LockAddress(ctx, email); err != nil {
					return err
				}
				if _, err := tx.Registrations.LiveByEmail(ctx, email, now); err != nil {
					return err
				}
				r := domain.NewRegistration(id[domain.RegistrationID](), user.ID, email, "hash", domain.PersonName{}, now, time.Hour)
				if err := tx.Registrations.Insert(ctx, r); err != nil {
					return err
				}
				return tx.Outbox.Add(ctx, message())
			})
		}},
		{"a claim", 2, func(t *testing.T) {
			within(t, func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Outbox.Claim(ctx, now, time.Minute, []domain.Topic{domain.TopicForgot}, 1)
				return err
			})
		}},
		{"a change that others follow", 1, func(t *testing.T) {
			within(t, func(ctx context.Context, tx *store.Tx) error {
				tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensStale)
				return tx.Audit.Add(ctx, event())
			})
		}},
		{"a transaction that does nothing", 0, func(t *testing.T) {
			within(t, func(context.Context, *store.Tx) error { return nil })
		}},
		{"a refusal before the first answer", 0, func(t *testing.T) {
			_ = db.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				_ = tx.Audit.Add(ctx, event())
				return domain.ErrForbidden
			})
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := db.Ping(t.Context()); err != nil { // a connection that was idle for a second would be asked whether it lives
				t.Fatal(err)
			}
			before := proxy.RoundTrips()
			row.run(t)
			if n := proxy.RoundTrips() - before; n != row.want {
				t.Errorf("%d round trips, want %d", n, row.want)
			}
		})
	}
}

func id[T ~string]() T {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return domain.UUIDText[T](b)
}
