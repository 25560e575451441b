package core_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/password"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
	"github.com/signet-auth/signet/test/testkit/rig"
)

// cases are the use cases on a rig.
type cases struct{ *rig.Rig }

func newCases(t *testing.T) *cases {
	t.Helper()
	return &cases{rig.New(t)}
}

// actor is a logged-in user.
func (c *cases) actor(t *testing.T, u domain.User) domain.Actor {
	t.Helper()
	s, token := c.Session(t, u, c.Platform(t))
	actor, err := c.Authenticator.Authenticate(t.Context(), token)
	if err != nil || actor.SessionID != s.ID {
		t.Fatal(err)
	}
	return actor
}

// acts are the use cases that act on somebody, each with the permission that it wants.
func (c *cases) acts() map[string]func(context.Context, domain.Actor, domain.UserID) error {
	return map[string]func(context.Context, domain.Actor, domain.UserID) error{
		"disable": func(ctx context.Context, by domain.Actor, id domain.UserID) error {
			_, err := c.Users.Disable(ctx, user.DisableInput{ChangeInput: user.ChangeInput{Actor: by, User: id}, Reason: "asked to"})
			return err
		},
		"enable": func(ctx context.Context, by domain.Actor, id domain.UserID) error {
			_, err := c.Users.Enable(ctx, user.ChangeInput{Actor: by, User: id})
			return err
		},
		"end sessions": func(ctx context.Context, by domain.Actor, id domain.UserID) error {
			_, err := c.Users.EndAll(ctx, user.ChangeInput{Actor: by, User: id})
			return err
		},
		"set a password": func(ctx context.Context, by domain.Actor, id domain.UserID) error {
			return c.Password.Set(ctx, password.SetInput{Actor: by, User: id, Password: domain.NewSecret("another good passphrase")})
		},
		"change": func(ctx context.Context, by domain.Actor, id domain.UserID) error {
			_, err := c.Users.Update(ctx, user.UpdateInput{ChangeInput: user.ChangeInput{Actor: by, User: id}, FirstName: new("Grace")})
			return err
		},
		"change the address": func(ctx context.Context, by domain.Actor, id domain.UserID) error {
			_, err := c.Users.Update(ctx, user.UpdateInput{ChangeInput: user.ChangeInput{Actor: by, User: id}, Email: new("new." + string(id) + "@example.com")})
			return err
		},
		"verify": func(ctx context.Context, by domain.Actor, id domain.UserID) error {
			_, err := c.Users.Verify(ctx, user.ChangeInput{Actor: by, User: id})
			return err
		},
		"send a reset": func(ctx context.Context, by domain.Actor, id domain.UserID) error {
			return c.Users.SendReset(ctx, user.ChangeInput{Actor: by, User: id})
		},
		"delete": func(ctx context.Context, by domain.Actor, id domain.UserID) error {
			return c.Users.Delete(ctx, user.ChangeInput{Actor: by, User: id})
		},
	}
}

func TestWhoMayActOnWhom(t *testing.T) {
	for name := range newCases(t).acts() {
		t.Run(name, func(t *testing.T) {
			c := newCases(t)
			act := c.acts()[name]
			c.User(t, "root@example.com", domain.RolePlatformAdmin)
			admin := c.User(t, "admin@example.com", domain.RolePlatformAdmin)
			manager := c.actor(t, c.User(t, "manager@example.com", domain.RoleUserManager))
			reader := c.actor(t, c.User(t, "reader@example.com", domain.RolePlatformReader))
			nobody := c.User(t, "nobody@example.com")
			ada := c.User(t, "ada@example.com")
			foreign := manager
			foreign.Audience = "another-service"
			for who, row := range map[string]struct {
				by   domain.Actor
				on   domain.UserID
				want error
			}{
				"without credentials":                          {domain.Anonymous(), ada.ID, domain.ErrTokenMissing},
				"with a token of another service":              {foreign, ada.ID, domain.ErrWrongAudience},
				"who holds nothing":                            {c.actor(t, nobody), ada.ID, domain.ErrForbidden},
				"who holds nothing, on themselves":             {c.actor(t, nobody), nobody.ID, domain.ErrForbidden},
				"who may only read":                            {reader, ada.ID, domain.ErrForbidden},
				"a manager of users, on an administrator":      {manager, admin.ID, domain.ErrTargetOutranks},
				"a manager of users, on who reads more":        {manager, domain.UserID(reader.ID), domain.ErrTargetOutranks},
				"an administrator, on nobody":                  {c.actor(t, admin), domain.UserID(c.System.NewID()), domain.ErrNotFound},
				"an administrator, on a service's own account": {c.actor(t, admin), domain.UserID(domain.PlatformID), domain.ErrNotFound},
			} {
				if err := act(t.Context(), row.by, row.on); !errors.Is(err, row.want) {
					t.Errorf("%s: got %v, want %v", who, err, row.want)
				}
			}
			if err := act(t.Context(), manager, ada.ID); err != nil {
				t.Errorf("a manager of users: %v", err)
			}
			if err := act(t.Context(), c.actor(t, admin), nobody.ID); err != nil {
				t.Errorf("an administrator: %v", err)
			}
		})
	}
}

// A caller's rights are looked up before the transaction, from memory, so they are checked again under the locks.
func TestWhatWasTakenMeanwhileIsGone(t *testing.T) {
	for name, row := range map[string]struct {
		take func(c *cases, t *testing.T, manager domain.User)
		want error
	}{
		"a role": {func(c *cases, t *testing.T, manager domain.User) {
			t.Helper()
			c.Database.Exec(t, "DELETE FROM assignments WHERE principal_id = ?", string(manager.ID))
		}, domain.ErrForbidden},
		"the account": {func(c *cases, t *testing.T, manager domain.User) {
			t.Helper()
			c.Database.Exec(t, "UPDATE principals SET state = 'disabled' WHERE id = ?", string(manager.ID))
		}, domain.ErrTokenInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCases(t)
			manager, ada := c.User(t, "manager@example.com", domain.RoleUserManager), c.User(t, "ada@example.com")
			by := c.actor(t, manager)
			for act, run := range c.acts() {
				taken := false
				c.Store.Before(func(query string) error {
					if query == "WithinTx" && !taken {
						taken = true
						row.take(c, t, manager)
					}
					return nil
				})
				if err := run(t.Context(), by, ada.ID); !errors.Is(err, row.want) || !taken {
					t.Errorf("%s: got %v, want %v", act, err, row.want)
				}
			}
		})
	}
}

func TestErase(t *testing.T) {
	t.Run("more than one page", func(t *testing.T) {
		c := newCases(t)
		ada := c.User(t, "ada@example.com")
		root := c.User(t, "root@example.com", domain.RolePlatformAdmin)
		for range 3 {
			c.Write(t, func(ctx context.Context, tx *store.Tx) error {
				events := make([]domain.Event, 150)
				for i := range events {
					events[i] = domain.UserEvent(domain.EventUserUpdated, domain.Actor{Kind: domain.ActorUser, ID: ada.ID.Principal()}, rig.From, ada.ID)
				}
				return c.Base.Audit.Record(ctx, tx, c.Clock.Now(), events...)
			})
			for range 100 {
				c.Session(t, ada, c.Platform(t))
			}
		}
		if err := c.acts()["delete"](t.Context(), c.actor(t, root), ada.ID); err != nil {
			t.Fatal(err)
		}
		if n := c.Database.Int(t, "SELECT count(*) FROM event_pii p JOIN audit_events e ON e.id = p.event_id WHERE e.actor_id = ?", string(ada.ID)); n != 0 {
			t.Errorf("%d traces are left", n)
		}
		if n := c.Database.Int(t, "SELECT count(*) FROM sessions WHERE user_id = ?", string(ada.ID)); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		if n := c.Database.Int(t, "SELECT count(*) FROM event_pii p JOIN audit_events e ON e.id = p.event_id WHERE e.type = 'user.deleted'"); n != 0 {
			t.Errorf("%d traces of an actor without an origin", n)
		}
		if n := c.Store.Count("Scrub"); n != 1 {
			t.Errorf("scrubbed %d times", n)
		}
	})

	t.Run("of an address that they had before, unless it is another's by now", func(t *testing.T) {
		for name, left := range map[string]int{"free": 0, "taken": 2} {
			c := newCases(t)
			ada := c.User(t, "new@example.com")
			old := rig.Email(t, "old@example.com")
			if name == "taken" {
				c.User(t, old.Canonical())
			}
			c.Write(t, func(ctx context.Context, tx *store.Tx) error {
				changed := domain.UserEvent(domain.EventUserEmailChanged, domain.Anonymous(), rig.From, ada.ID)
				changed.Trace.Identifier = old.Canonical()
				typed := domain.UserEvent(domain.EventLoginFailed, domain.Anonymous(), rig.From, "")
				typed.Trace.Identifier = old.Canonical()
				return errors.Join(c.Base.Audit.Record(ctx, tx, c.Clock.Now(), changed, typed),
					c.Base.Mail.Notice(ctx, tx, outbox.Mail{To: old}, c.Clock.Now()))
			})
			if err := c.acts()["delete"](t.Context(), domain.System(), ada.ID); err != nil {
				t.Fatal(err)
			}
			if n := c.Database.Int(t, "SELECT (SELECT count(*) FROM event_pii WHERE identifier = 'old@example.com') + (SELECT count(*) FROM outbox)"); n != left {
				t.Errorf("%s: %d rows are left, want %d", name, n, left)
			}
		}
	})

	t.Run("is finished by the janitor when it was interrupted", func(t *testing.T) {
		c := newCases(t)
		ada := c.User(t, "ada@example.com")
		steps := 0
		c.Store.Before(func(query string) error {
			if steps++; query == "WithinTx" && steps > 1 {
				return domain.ErrUnavailable // the process died
			}
			return nil
		})
		if err := c.acts()["delete"](t.Context(), domain.System(), ada.ID); !errors.Is(err, domain.ErrUnavailable) {
			t.Fatalf("got %v", err)
		}
		c.Store.Up()
		if n := c.Database.Int(t, "SELECT count(*) FROM users"); n != 1 {
			t.Fatal("there is nothing to finish")
		}
		if n, err := c.Users.EraseDue(t.Context(), c.Clock.Now(), 10); err != nil || n != 1 {
			t.Errorf("%d were erased (%v)", n, err)
		}
		if n := c.Database.Int(t, "SELECT count(*) FROM users"); n != 0 {
			t.Error("it is not finished")
		}
	})

	t.Run("one who can't be erased does not keep the others", func(t *testing.T) {
		c := newCases(t)
		first, second := c.User(t, "first@example.com"), c.User(t, "second@example.com")
		c.Write(t, func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(tx.Erasure.Schedule(ctx, first.ID, c.Clock.Now().Add(-time.Hour)), tx.Erasure.Schedule(ctx, second.ID, c.Clock.Now()))
		})
		asked := 0
		c.Store.Before(func(query string) error {
			if query == "Users.ByID" {
				if asked++; asked == 1 {
					return domain.ErrUnavailable
				}
			}
			return nil
		})
		if n, err := c.Users.EraseDue(t.Context(), c.Clock.Now(), 10); n != 1 || !errors.Is(err, domain.ErrUnavailable) {
			t.Errorf("%d were erased (%v)", n, err)
		}
		c.Store.Up()
	})
}

// formerKey is a SECRET_KEY that another one has replaced.
const formerKey = "Mjd2stBwe4MdDhrFiiQcNmmX9R6he3RfRGTYA8X/Fh33de+a"

func TestMailIsFoundUnderAFormerSecretKey(t *testing.T) {
	c := newCases(t)
	ada := c.User(t, "ada@example.com")
	old := outbox.MailQueue{Sealer: rig.Sealer(t, formerKey), System: c.System}
	c.Write(t, func(ctx context.Context, tx *store.Tx) error {
		return old.Notice(ctx, tx, outbox.Mail{To: ada.Email}, c.Clock.Now())
	})
	c.Base.Mail.Sealer = rig.Sealer(t, rig.SecretKey, formerKey)
	if err := c.acts()["delete"](t.Context(), domain.System(), ada.ID); err != nil {
		t.Fatal(err)
	}
	if n := c.Database.Int(t, "SELECT count(*) FROM outbox"); n != 0 {
		t.Errorf("%d messages are left", n)
	}
}
