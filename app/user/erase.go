package user

import (
	"context"
	"errors"
	"time"

	"github.com/signet-auth/signet/app/base"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// erasePage is how much of a person one transaction removes: a long-time user has more than one transaction can hold.
const erasePage = 200

// Erasure removes everything that is stored about a person. Only an id remains, which identifies nobody: in the principal, so that it is
// never used again, and in the events of the audit log, whose traces are removed.
//
//	traces, page by page ─► sessions, some at a time ─► one transaction: the newest traces, secrets, registrations, mail, the run of
//	                                                    failures, the user; the principal becomes a tombstone
//
// Each step makes progress and may be interrupted: it is repeated as long as the user exists.

// Delete erases a user without the grace of a closed account. It disables the account and marks it as due in one transaction, so that the
// janitor finishes it after a crash. domain.ErrLastAdmin for the last administrator.
func (s *Service) Delete(ctx context.Context, in ChangeInput) error {
	if err := s.require(ctx, in.Actor, domain.DeleteUsers); err != nil {
		return err
	}
	now := s.System.Now()
	erasing := act{ChangeInput: in, rights: []domain.Right{domain.DeleteUsers}, event: domain.EventUserDeleted}
	_, err := s.change(ctx, erasing, now, func(ctx context.Context, tx *store.Tx, user *domain.User) error {
		sessions := base.Ending{By: in.Actor, From: in.From, Reason: domain.EndedByDelete}
		if err := s.suspend(ctx, tx, user, "deleted", time.Time{}, sessions, now); err != nil {
			return err
		}
		return tx.Erasure.Schedule(ctx, user.ID, now)
	})
	if err != nil {
		return err
	}
	_, err = s.erase(ctx, in.User, in.Actor, in.From)
	return err
}

// EraseDue erases up to n users who are due, and returns how many. It is a task of the janitor.
func (s *Service) EraseDue(ctx context.Context, now time.Time, n int) (erased int, err error) {
	due, err := s.Store.Read().Erasure.Due(ctx, now, n)
	if err != nil {
		return 0, err
	}
	var errs []error // a user who can't be erased must not block the others
	for _, id := range due {
		done, err := s.erase(ctx, id, domain.System(), domain.Origin{})
		if errs = append(errs, err); done {
			erased++
		}
	}
	return erased, errors.Join(errs...)
}

// erase erases a user who is due, and tells whether it did. It does not when they were enabled again, or another replica was faster.
func (s *Service) erase(ctx context.Context, id domain.UserID, by domain.Actor, from domain.Origin) (bool, error) {
	user, err := s.Store.Read().Users.ByID(ctx, id)
	if errors.Is(err, domain.ErrNotFound) || err == nil && !isDue(user, s.System.Now()) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := s.eraseTraces(ctx, user); err != nil {
		return false, err
	}
	if err := s.eraseSessions(ctx, user); err != nil {
		return false, err
	}
	done, err := s.eraseRest(ctx, user, by, from)
	if err != nil || !done {
		return false, err
	}
	return true, s.Store.Scrub(ctx)
}

func isDue(u domain.User, now time.Time) bool { return u.IsClosed() && !now.Before(u.EraseAt) }

// eraseTraces reads the events from the newest to the oldest. Events about a session, no matter who ended it, are found through its login;
// events in which somebody typed a former address of the user are found through the change of that address.
func (s *Service) eraseTraces(ctx context.Context, user domain.User) error {
	var before domain.Cursor
	for {
		events, err := s.Store.Read().Audit.About(ctx, user.ID.Principal(), before, erasePage)
		if err != nil {
			return err
		}
		for _, event := range events {
			if event.Type != domain.EventUserEmailChanged || event.Trace.Identifier == "" {
				continue
			}
			if err := s.eraseFormer(ctx, user, domain.RestoreEmail(event.Trace.Identifier, event.Trace.Identifier)); err != nil {
				return err
			}
		}
		err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error { return forget(ctx, tx, user, events) })
		if err != nil {
			return err
		}
		if len(events) < erasePage {
			break
		}
		before = events[len(events)-1].Place()
	}
	return s.repeat(ctx, func(ctx context.Context, tx *store.Tx) (int, error) {
		return tx.Erasure.IdentifierTraces(ctx, user.Email, erasePage)
	})
}

// eraseFormer removes the remains of a former address of the user, unless another account has that address by now.
func (s *Service) eraseFormer(ctx context.Context, user domain.User, email domain.Email) error {
	return s.repeat(ctx, func(ctx context.Context, tx *store.Tx) (int, error) {
		owner, err := tx.Users.ByEmail(ctx, email)
		if err == nil && owner.ID != user.ID {
			return 0, nil
		}
		if err != nil && !errors.Is(err, domain.ErrNotFound) {
			return 0, err
		}
		if err := tx.Erasure.Messages(ctx, s.Mail.Subjects(email)); err != nil {
			return 0, err
		}
		return tx.Erasure.IdentifierTraces(ctx, email, erasePage)
	})
}

// forget removes the traces of events. It skips other people's sessions, such as that of an administrator who acted on the user.
func forget(ctx context.Context, tx *store.Tx, user domain.User, events []domain.Event) error {
	ids := make([]domain.EventID, len(events))
	var sessions []domain.SessionID
	for i, event := range events {
		ids[i] = event.ID
		if event.ActorID == user.ID.Principal() && event.SessionID != "" {
			sessions = append(sessions, event.SessionID)
		}
	}
	return tx.Erasure.Traces(ctx, ids, sessions)
}

func (s *Service) eraseSessions(ctx context.Context, user domain.User) error {
	return s.repeat(ctx, func(ctx context.Context, tx *store.Tx) (int, error) {
		ending := base.Ending{By: domain.System(), Reason: domain.EndedByDelete}
		if _, err := s.EndAllSessions(ctx, tx, user.ID, ending, s.System.Now()); err != nil {
			return 0, err
		}
		return tx.Erasure.Sessions(ctx, user.ID, erasePage)
	})
}

// repeat does a step until there is nothing left for it.
func (s *Service) repeat(ctx context.Context, step func(context.Context, *store.Tx) (int, error)) error {
	for {
		var n int
		err := s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			n, err = step(ctx, tx)
			return err
		})
		if err != nil || n < erasePage {
			return err
		}
	}
}

// eraseRest locks the address first and then the principal, in the same order as all code that decides about both.
func (s *Service) eraseRest(ctx context.Context, seen domain.User, by domain.Actor, from domain.Origin) (done bool, err error) {
	now := s.System.Now()
	err = s.Store.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) error {
		done = false
		if err := tx.Registrations.LockAddress(ctx, seen.Email); err != nil {
			return err
		}
		user, err := lock(ctx, tx, seen.ID)
		if errors.Is(err, domain.ErrNotFound) || err == nil && (!isDue(user, now) || user.Email.Canonical() != seen.Email.Canonical()) {
			return nil // another replica was faster
		}
		if err != nil {
			return err
		}
		newest, err := tx.Audit.About(ctx, user.ID.Principal(), domain.Cursor{}, erasePage)
		if err != nil {
			return err
		}
		if err := forget(ctx, tx, user, newest); err != nil {
			return err
		}
		done = true
		return s.eraseAccount(ctx, tx, user, by, from, now)
	})
	return done && err == nil, err
}

// eraseMail removes mail that waits for the person's mailbox, and for one that they asked to change to.
func (s *Service) eraseMail(ctx context.Context, tx *store.Tx, user domain.User, now time.Time) error {
	subjects := s.Mail.Subjects(user.Email)
	sent, err := tx.Flows.LiveBySubject(ctx, string(user.ID), now, erasePage)
	if err != nil {
		return err
	}
	for _, flow := range sent {
		subjects = append(subjects, s.Mail.Subjects(domain.RestoreEmail(flow.Address, flow.Address))...)
	}
	return tx.Erasure.Messages(ctx, subjects)
}

func (s *Service) eraseAccount(ctx context.Context, tx *store.Tx, user domain.User, by domain.Actor, from domain.Origin, now time.Time) error {
	user.Principal.Delete(now)
	for _, step := range []func() error{
		func() error { return tx.Registrations.DeleteByEmail(ctx, user.Email) },
		func() error { return s.eraseMail(ctx, tx, user, now) },
		func() error { return tx.Erasure.Secrets(ctx, user.ID, user.Email) },
		func() error { return tx.Lockouts.Clear(ctx, s.guard.RunKey(user.Email)) },
		func() error { return tx.Lockouts.Clear(ctx, s.guard.FactorRunKey(user.ID)) },
		func() error { return tx.Erasure.User(ctx, user.ID) },
		func() error { return tx.Principals.Update(ctx, user.Principal) },
		func() error {
			return s.Audit.Record(ctx, tx, now, domain.UserEvent(domain.EventUserDeleted, by, from, user.ID))
		},
	} {
		if err := step(); err != nil {
			return err
		}
	}
	tx.Changed(domain.ChangePrincipal, string(user.ID), domain.TokensEnded)
	return nil
}
