package bunsql

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
)

type messageRow struct {
	bun.BaseModel `bun:"table:outbox,alias:o"`

	ID        domain.MessageID `bun:"id,pk,type:uuid"`
	Topic     domain.Topic     `bun:"topic"`
	Payload   []byte           `bun:"payload,type:bytea"`
	Subject   []byte           `bun:"subject,type:bytea"`
	RequestID string           `bun:"request_id"`
	RunAt     time.Time        `bun:"run_at"`
	Attempts  int              `bun:"attempts"`
	Lease     int64            `bun:"lease"`
	CreatedAt time.Time        `bun:"created_at"`
	ExpiresAt time.Time        `bun:"expires_at,nullzero"`
}

var messageColumns = columns[messageRow]("")

func (r *messageRow) message() domain.Message {
	return domain.Message{
		ID: r.ID, Topic: r.Topic, Payload: r.Payload, RequestID: r.RequestID, RunAt: utc(r.RunAt), Attempts: r.Attempts, Lease: r.Lease,
		CreatedAt: utc(r.CreatedAt), ExpiresAt: utc(r.ExpiresAt),
	}
}

type outbox struct{ conn }

func (s outbox) Add(ctx context.Context, m domain.Message) error {
	err := s.insert(ctx, &messageRow{
		ID: m.ID, Topic: m.Topic, Payload: m.Payload, Subject: m.Subject, RequestID: m.RequestID, RunAt: m.RunAt, Attempts: m.Attempts, Lease: m.Lease,
		CreatedAt: m.CreatedAt, ExpiresAt: m.ExpiresAt,
	})
	if err == nil {
		s.tx.messages = true
	}
	return err
}

// Backlog counts by the index of what is due, up to its bound.
func (s outbox) Backlog(ctx context.Context) (domain.Backlog, error) {
	var found struct {
		Messages int
		Oldest   time.Time `bun:",nullzero"`
	}
	err := s.scan(ctx, &found, `SELECT count(*) AS messages, min(created_at) AS oldest FROM (
			SELECT created_at FROM outbox WHERE delivered_at IS NULL AND parked_at IS NULL ORDER BY run_at, id LIMIT ?
		) m`, domain.MaxBacklog)
	if err != nil {
		return domain.Backlog{}, err
	}
	return domain.Backlog{Messages: found.Messages, Oldest: utc(found.Oldest)}, nil
}

// Claim finds and leases in one statement. The rows are found once, because a planner that runs the subquery in a loop would lease more
// than n.
func (s outbox) Claim(ctx context.Context, now time.Time, lease time.Duration, topics []domain.Topic, n int) ([]domain.Message, error) {
	if len(topics) == 0 {
		return nil, nil
	}
	if err := checkText(topics); err != nil {
		return nil, s.fail(ctx, err)
	}
	var rows []messageRow
	err := s.scan(ctx, &rows, `
		WITH due AS MATERIALIZED (
			SELECT id FROM outbox
			WHERE delivered_at IS NULL AND parked_at IS NULL AND run_at <= ? AND (locked_until IS NULL OR locked_until <= ?)
				AND topic IN (?)
			ORDER BY run_at, id LIMIT ? ?
		)
		UPDATE outbox SET locked_until = ?, attempts = attempts + 1, lease = lease + 1
		WHERE id IN (SELECT id FROM due)
		RETURNING ?`,
		now, now, bun.List(topics), n, s.owner.dialect.SkipLocked, now.Add(lease), messageColumns)
	if err = list(err); err != nil {
		return nil, err
	}
	slices.SortFunc(rows, func(a, b messageRow) int {
		if c := a.RunAt.Compare(b.RunAt); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return mapped(rows, (*messageRow).message), nil
}

// held is the condition that the claim of a message is still the latest and the message is still open.
const held = "id = ? AND lease = ? AND delivered_at IS NULL AND parked_at IS NULL"

func (s outbox) Settle(ctx context.Context, m domain.Message, now time.Time) (bool, error) {
	n, err := s.count(ctx, "UPDATE outbox SET delivered_at = ?, payload = NULL, locked_until = NULL WHERE ?",
		now, bun.SafeQuery(held, m.ID, m.Lease))
	return n > 0, err
}

// Retry also ends the lease of the dispatcher that held it.
func (s outbox) Retry(ctx context.Context, m domain.Message, runAt time.Time, reason string) (bool, error) {
	if err := checkText(reason); err != nil {
		return false, err
	}
	n, err := s.count(ctx, "UPDATE outbox SET run_at = ?, last_error = ?, locked_until = NULL, lease = lease + 1 WHERE ?",
		runAt, reason, bun.SafeQuery(held, m.ID, m.Lease))
	return n > 0, err
}

func (s outbox) Park(ctx context.Context, m domain.Message, now time.Time, reason string) (bool, error) {
	if err := checkText(reason); err != nil {
		return false, err
	}
	n, err := s.count(ctx, "UPDATE outbox SET parked_at = ?, last_error = ?, payload = NULL, locked_until = NULL WHERE ?",
		now, reason, bun.SafeQuery(held, m.ID, m.Lease))
	return n > 0, err
}
