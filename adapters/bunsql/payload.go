package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

type payloadRow struct {
	ID      string        `bun:"id"`
	At      time.Time     `bun:"at"`
	Payload []byte        `bun:"payload"`
	Owner   domain.UserID `bun:"owner"`
}

func (r *payloadRow) sealed() store.Payload {
	return store.Payload{Mark: domain.Cursor{At: utc(r.At), ID: r.ID}, Sealed: r.Payload, Owner: r.Owner}
}

type payloads struct{ conn }

// OfMessages reads the index of messages to deliver.
func (s payloads) OfMessages(ctx context.Context, now time.Time, after domain.Cursor, n int) ([]store.Payload, error) {
	return s.list(ctx, `SELECT id, run_at AS at, payload FROM outbox
		WHERE delivered_at IS NULL AND parked_at IS NULL AND payload IS NOT NULL AND (expires_at IS NULL OR expires_at > ?) AND ?
		ORDER BY run_at, id LIMIT ?`, now, later("run_at", after), n)
}

// OfFlows reads the index of the ends of flows.
func (s payloads) OfFlows(ctx context.Context, now time.Time, after domain.Cursor, n int) ([]store.Payload, error) {
	return s.list(ctx, `SELECT id, expires_at AS at, payload FROM flows
		WHERE expires_at > ? AND consumed_at IS NULL AND payload IS NOT NULL AND ? ORDER BY expires_at, id LIMIT ?`,
		now, later("expires_at", after), n)
}

// OfFactors reads the primary key. There are few factors for each user, and no time by which they end.
func (s payloads) OfFactors(ctx context.Context, after domain.Cursor, n int) ([]store.Payload, error) {
	from := bun.SafeQuery("TRUE")
	if after.ID != "" {
		from = bun.SafeQuery("id > ?", after.ID)
	}
	return s.list(ctx, "SELECT id, created_at AS at, secret AS payload, user_id AS owner FROM factors WHERE secret IS NOT NULL AND ? ORDER BY id LIMIT ?", from, n)
}

func later(column string, after domain.Cursor) schema.QueryWithArgs {
	if after.IsZero() {
		return bun.SafeQuery("TRUE")
	}
	return bun.SafeQuery("(?, id) > (?, ?)", bun.Ident(column), after.At, after.ID)
}

func (s payloads) list(ctx context.Context, query string, args ...any) ([]store.Payload, error) {
	var rows []payloadRow
	err := s.patient().scan(ctx, &rows, query, args...)
	return mapped(rows, (*payloadRow).sealed), list(err)
}

func (s payloads) ReplaceMessage(ctx context.Context, id string, from, to []byte) (bool, error) {
	return s.replace(ctx, "outbox", "payload", id, from, to)
}

func (s payloads) ReplaceFlow(ctx context.Context, id string, from, to []byte) (bool, error) {
	return s.replace(ctx, "flows", "payload", id, from, to)
}

func (s payloads) ReplaceFactor(ctx context.Context, id string, from, to []byte) (bool, error) {
	return s.replace(ctx, "factors", "secret", id, from, to)
}

func (s payloads) replace(ctx context.Context, table, column, id string, from, to []byte) (bool, error) {
	n, err := s.count(ctx, "UPDATE ?0 SET ?1 = ?2 WHERE id = ?3 AND ?1 = ?4", bun.Ident(table), bun.Ident(column), to, id, from)
	return n > 0, err
}
