package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type erasure struct{ conn }

func (s erasure) Due(ctx context.Context, now time.Time, n int) ([]domain.UserID, error) {
	var due []domain.UserID
	err := s.scan(ctx, &due, "SELECT id FROM users WHERE erase_at IS NOT NULL AND erase_at <= ? ORDER BY erase_at, id LIMIT ?", now, n)
	return due, list(err)
}

func (s erasure) Schedule(ctx context.Context, user domain.UserID, at time.Time) error {
	if !isID(user) {
		return domain.ErrNotFound
	}
	return s.update(ctx, &userRow{ID: user, EraseAt: at}, "erase_at")
}

func (s erasure) Sessions(ctx context.Context, user domain.UserID, n int) (int, error) {
	if !isID(user) {
		return 0, nil
	}
	removed, err := s.count(ctx, "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = ? ORDER BY id LIMIT ?)", user, n)
	return int(removed), err
}

func (s erasure) Traces(ctx context.Context, events []domain.EventID, sessions []domain.SessionID) error {
	if known := ids(events); len(known) > 0 {
		if err := s.execute(ctx, "DELETE FROM event_pii WHERE event_id IN (?)", bun.List(known)); err != nil {
			return err
		}
	}
	known := ids(sessions)
	if len(known) == 0 {
		return nil
	}
	return s.execute(ctx, "DELETE FROM event_pii WHERE event_id IN (SELECT id FROM audit_events WHERE subject_id IN (?))", bun.List(known))
}

func (s erasure) IdentifierTraces(ctx context.Context, email domain.Email, n int) (int, error) {
	if email.IsZero() {
		return 0, nil
	}
	removed, err := s.count(ctx, `DELETE FROM event_pii WHERE event_id IN (
		SELECT event_id FROM event_pii WHERE identifier = ? AND identifier <> '' LIMIT ?)`, email.Canonical(), n)
	return int(removed), err
}

func (s erasure) Secrets(ctx context.Context, user domain.UserID, email domain.Email) error {
	if !isID(user) {
		return nil
	}
	// A subject may also be an address. Open and used flows have an index each.
	if err := s.execute(ctx, "DELETE FROM flows WHERE subject IN (?, ?)", user, email.Canonical()); err != nil {
		return err
	}
	for _, state := range []bun.Safe{"consumed_at IS NULL", "consumed_at IS NOT NULL"} {
		if err := s.execute(ctx, "DELETE FROM flows WHERE address = ? AND ?", email.Canonical(), state); err != nil {
			return err
		}
	}
	return nil
}

func (s erasure) Messages(ctx context.Context, subjects [][]byte) error {
	if len(subjects) == 0 {
		return nil
	}
	return s.execute(ctx, "DELETE FROM outbox WHERE subject IN (?)", bun.List(subjects))
}

func (s erasure) User(ctx context.Context, user domain.UserID) error {
	if !isID(user) {
		return domain.ErrNotFound
	}
	if err := s.execute(ctx, "DELETE FROM assignments WHERE principal_id = ?", user); err != nil {
		return err
	}
	return found(s.count(ctx, "DELETE FROM users WHERE id = ?", user)) // the other rows are deleted with it
}
