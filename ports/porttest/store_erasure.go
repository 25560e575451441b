package porttest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeErasure(t *testing.T, s storeTest) {
	schedule := func(t *testing.T, id domain.UserID, at time.Time) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Erasure.Schedule(ctx, id, at) })
	}
	due := func(t *testing.T, now time.Time, n int) []domain.UserID {
		t.Helper()
		got, err := s.Read().Erasure.Due(t.Context(), now, n)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}

	t.Run("whose time has come is due, longest first, unless it was taken back", func(t *testing.T) {
		first, second, later, spared := s.user(t), s.user(t), s.user(t), s.user(t)
		schedule(t, second.ID, noon)
		schedule(t, first.ID, noon.Add(-time.Hour))
		schedule(t, later.ID, noon.Add(time.Microsecond))
		schedule(t, spared.ID, noon)
		schedule(t, spared.ID, time.Time{})
		same(t, "due", due(t, noon, 10), []domain.UserID{first.ID, second.ID})
		same(t, "one", due(t, noon, 1), []domain.UserID{first.ID})
		u, err := s.Read().Users.ByID(t.Context(), second.ID)
		if err != nil {
			t.Fatal(err)
		}
		second.EraseAt = noon
		same(t, "user", u, second)
		for _, id := range []domain.UserID{newID[domain.UserID](), "nonsense"} {
			err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Erasure.Schedule(ctx, id, noon) })
			fails(t, "Schedule", err, domain.ErrNotFound)
		}
		for _, u := range []domain.User{first, second, later} {
			schedule(t, u.ID, time.Time{})
		}
	})

	t.Run("sessions go with their families, some at a time, and only theirs", func(t *testing.T) {
		u, other := s.user(t), s.user(t)
		_, kept := s.session(t, other.ID, noon)
		for range 5 {
			s.session(t, u.ID, noon)
		}
		for _, want := range []int{3, 2, 0} {
			s.write(t, func(ctx context.Context, tx *store.Tx) error {
				n, err := tx.Erasure.Sessions(ctx, u.ID, 3)
				if n != want {
					t.Errorf("%d are gone, want %d", n, want)
				}
				return err
			})
		}
		if _, _, err := s.Read().Sessions.Family(t.Context(), kept.ID); err != nil {
			t.Error(err)
		}
	})

	t.Run("a user goes with all that hangs on them, and the principal stays", func(t *testing.T) {
		u := s.user(t)
		session, family := s.session(t, u.ID, noon)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Assignments.Assign(ctx, domain.Assignment{
				ID: newID[domain.AssignmentID](), PrincipalID: u.Principal.ID, RoleID: domain.RolePlatformReader, ServiceID: domain.PlatformID, CreatedAt: noon,
			})
			return errors.Join(err, tx.Users.RecordLogin(ctx, u.ID, noon))
		})
		remove := func(ctx context.Context, tx *store.Tx) error { return tx.Erasure.User(ctx, u.ID) }
		s.write(t, remove)
		_, err := s.Read().Users.ByID(t.Context(), u.ID)
		fails(t, "ByID", err, domain.ErrNotFound)
		_, err = s.Read().Sessions.ByID(t.Context(), session.ID)
		fails(t, "the session", err, domain.ErrNotFound)
		_, _, err = s.Read().Sessions.Family(t.Context(), family.ID)
		fails(t, "the family", err, domain.ErrNotFound)
		if held, err := s.Read().Grants.Held(t.Context(), u.Principal.ID, domain.PlatformID); err != nil || len(held) != 0 {
			t.Errorf("it holds %v (%v)", held, err)
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			p, err := tx.Principals.Lock(ctx, u.Principal.ID)
			p.Delete(noon)
			return errors.Join(err, tx.Principals.Update(ctx, p))
		})
		fails(t, "again", s.WithinTx(t.Context(), remove), domain.ErrNotFound)
		again := newUser(t, u.Email)
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, again) })
		reborn := newUser(t, newAddress(t))
		reborn.ID, reborn.Principal.ID = u.ID, u.Principal.ID
		err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Users.Insert(ctx, reborn) })
		conflicts(t, "the id", err, "id_taken")
	})

	t.Run("secrets about a user, and those that their address was sent, go", func(t *testing.T) {
		u, other := s.user(t), s.user(t)
		about, sent, spent, kept := newFlow(string(u.ID), newAddress(t)), newFlow(string(other.ID), u.Email), newFlow(string(other.ID), u.Email), newFlow(string(other.ID), other.Email)
		byAddress := newFlow(u.Email.Canonical(), u.Email)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			for _, f := range []domain.Flow{about, sent, spent, kept, byAddress} {
				if err := tx.Flows.Insert(ctx, f); err != nil {
					return err
				}
			}
			_, err := tx.Flows.Consume(ctx, spent.ID, noon)
			return err
		})
		live, err := s.Read().Flows.LiveBySubject(t.Context(), string(other.ID), noon, 10)
		if err != nil || len(live) != 2 {
			t.Errorf("%d are live (%v), want 2", len(live), err)
		}
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Erasure.Secrets(ctx, u.ID, u.Email) })
		for _, f := range []domain.Flow{about, sent, spent, byAddress} {
			_, err := s.Read().Flows.BySecret(t.Context(), f.SecretHash)
			fails(t, "a secret", err, domain.ErrNotFound)
		}
		if _, err := s.Read().Flows.BySecret(t.Context(), kept.SecretHash); err != nil {
			t.Error(err)
		}
	})

	t.Run("messages go by any of their subjects, delivered ones too", func(t *testing.T) {
		his, hers, nobodys := newMessage(noon.Add(-time.Hour)), newMessage(noon.Add(-time.Minute)), newMessage(noon)
		his.Subject, hers.Subject = newBytes(32), newBytes(32)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.Outbox.Add(ctx, his), tx.Outbox.Add(ctx, hers), tx.Outbox.Add(ctx, nobodys))
		})
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.Erasure.Messages(ctx, [][]byte{newBytes(32), his.Subject}), tx.Erasure.Messages(ctx, nil))
		})
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			left, err := tx.Outbox.Claim(ctx, noon, time.Minute, []domain.Topic{domain.TopicForgot}, 10)
			if len(left) != 2 || left[0].ID != hers.ID || left[1].ID != nobodys.ID {
				t.Errorf("left are %+v", left)
			}
			return err
		})
	})

	storeTraces(t, s)
}

func storeTraces(t *testing.T, s storeTest) {
	add := func(t *testing.T, by domain.Actor, subject, id string, at time.Time, typed string) domain.Event {
		t.Helper()
		e := domain.NewEvent(domain.EventSessionEnded, by, domain.Origin{IP: "192.0.2.1"}, subject, id).Stamped(newID[domain.EventID](), at)
		e.Trace.Identifier = typed
		s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Audit.Add(ctx, e) })
		return e
	}
	about := func(t *testing.T, id domain.PrincipalID, before domain.Cursor, n int) []domain.Event {
		t.Helper()
		events, err := s.Read().Audit.About(t.Context(), id, before, n)
		if err != nil {
			t.Fatal(err)
		}
		return events
	}

	t.Run("events by and about a principal come once, newest first, page by page", func(t *testing.T) {
		who, other := newID[domain.PrincipalID](), newID[domain.PrincipalID]()
		self := domain.Actor{Kind: domain.ActorUser, ID: who}
		var want []domain.Event
		for i := range 7 {
			switch i % 3 {
			case 0:
				want = append(want, add(t, self, "session", string(newID[domain.SessionID]()), noon, "")) // all of one moment
			case 1:
				want = append(want, add(t, domain.System(), "user", string(who), noon, ""))
			default:
				want = append(want, add(t, self, "user", string(who), noon.Add(time.Duration(i)*time.Second), ""))
			}
		}
		add(t, domain.Actor{Kind: domain.ActorUser, ID: other}, "user", string(other), noon, "")
		slices.SortFunc(want, func(a, b domain.Event) int {
			if c := b.At.Compare(a.At); c != 0 {
				return c
			}
			return slices.Compare([]byte(b.ID), []byte(a.ID))
		})
		same(t, "all", about(t, who, domain.Cursor{}, 100), want)
		var paged []domain.Event
		var mark domain.Cursor
		for {
			page := about(t, who, mark, 2)
			if paged = append(paged, page...); len(page) < 2 {
				break
			}
			mark = page[1].Place()
		}
		same(t, "page by page", paged, want)
		same(t, "nobody", about(t, "nonsense", domain.Cursor{}, 10), []domain.Event(nil))
	})

	t.Run("traces of events, of what is about sessions and of what was typed go, and the events stay", func(t *testing.T) {
		who, session := newID[domain.PrincipalID](), newID[domain.SessionID]()
		email := newAddress(t)
		own := add(t, domain.Actor{Kind: domain.ActorUser, ID: who}, "user", string(who), noon, "")
		ended := add(t, domain.System(), "session", string(session), noon, "")
		failed := add(t, domain.Anonymous(), "user", "", noon, email.Canonical())
		kept := add(t, domain.Anonymous(), "user", "", noon, "somebody@example.com")
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.Erasure.IdentifierTraces(ctx, email, 10)
			if n != 1 {
				t.Errorf("%d were typed", n)
			}
			return errors.Join(err, tx.Erasure.Traces(ctx, []domain.EventID{own.ID, "nonsense"}, []domain.SessionID{session}), tx.Erasure.Traces(ctx, nil, nil))
		})
		all, err := s.Read().Audit.List(t.Context(), store.AuditFilter{Types: []domain.EventType{domain.EventSessionEnded}})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			switch e.ID {
			case own.ID, ended.ID, failed.ID:
				if e.Trace != (domain.Trace{}) {
					t.Errorf("a trace is left: %+v", e)
				}
			case kept.ID:
				if e.Trace != kept.Trace {
					t.Errorf("another's trace is gone: %+v", e)
				}
			}
		}
	})
}

func storeLastAdmin(t *testing.T, s storeTest) {
	last := func(t *testing.T, id domain.UserID) (is bool) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			is, err = tx.Assignments.LastAdmin(ctx, id, noon)
			return err
		})
		return is
	}
	admin := func(t *testing.T, role domain.RoleID, expires time.Time) domain.User {
		t.Helper()
		u := s.user(t)
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Assignments.Assign(ctx, domain.Assignment{
				ID: newID[domain.AssignmentID](), PrincipalID: u.Principal.ID, RoleID: role, ServiceID: domain.PlatformID, CreatedAt: noon, ExpiresAt: expires,
			})
			return err
		})
		return u
	}
	state := func(t *testing.T, u domain.User, change func(*domain.Principal)) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) error {
			change(&u.Principal)
			return tx.Principals.Update(ctx, u.Principal)
		})
	}

	root := admin(t, domain.RolePlatformAdmin, time.Time{})
	if !last(t, root.ID) || last(t, s.user(t).ID) || last(t, newID[domain.UserID]()) || last(t, "nonsense") {
		t.Error("the only administrator is the last one, and nobody else is")
	}
	admin(t, domain.RolePlatformAdmin, noon.Add(time.Hour))
	admin(t, domain.RolePlatformReader, time.Time{})
	disabled := admin(t, domain.RolePlatformAdmin, time.Time{})
	state(t, disabled, func(p *domain.Principal) { p.Disable("", noon.Add(time.Hour), noon) })
	if !last(t, root.ID) {
		t.Error("one whose role ends, one of another role and one who is disabled count as administrators")
	}
	if last(t, disabled.ID) {
		t.Error("one who may not act is the last to")
	}
	state(t, disabled, func(p *domain.Principal) { p.Disable("", noon, noon) })
	if last(t, root.ID) {
		t.Error("one whose disablement is over does not count")
	}
	state(t, disabled, func(p *domain.Principal) { p.Delete(noon) })
	role, err := domain.NewRole(newID[domain.RoleID](), domain.PlatformID, "board", "", nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	role.Includes = []domain.IncludedRole{{ID: domain.RolePlatformAdmin}}
	s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Roles.Insert(ctx, role) })
	if !last(t, root.ID) {
		t.Error("a tombstone counts")
	}
	admin(t, role.ID, time.Time{})
	if last(t, root.ID) {
		t.Error("one whose role includes the administrator's does not count")
	}
}
