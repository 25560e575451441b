package bunsql

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// The keys in meta for the feed's epoch, and when it began. The migrator sets the first epoch, which has no beginning; Restoration.BeginEpoch
// replaces it.
const (
	epochKey      = "feed_epoch"
	epochBegunKey = "feed_epoch_begun"
)

type changeRow struct {
	bun.BaseModel `bun:"table:changes,alias:c"`

	Seq     int64             `bun:"seq,pk,autoincrement"`
	Kind    domain.ChangeKind `bun:"kind"`
	Subject string            `bun:"subject"`
	At      time.Time         `bun:"at"`
	Fact    *string           `bun:"fact"` // NULL: of a release that knew no facts
}

// factColumn is how a fact is kept: the empty text for a change that does not concern tokens.
func factColumn(f domain.Fact) *string {
	text := string(f)
	switch f {
	case domain.TokensUnknown:
		return nil
	case domain.TokensUnaffected:
		text = ""
	case domain.TokensStale, domain.TokensEnded:
	}
	return &text
}

func factOf(column *string) domain.Fact {
	switch {
	case column == nil:
		return domain.TokensUnknown
	case *column == "":
		return domain.TokensUnaffected
	default:
		return domain.Fact(*column)
	}
}

// publish writes the changes as the transaction's last statements. The lock is held from here to the end of the commit, so the
// order of the numbers is the order of the commits and a follower that has read up to n has missed nothing below it.
func (c conn) publish(ctx context.Context, collected []domain.Change) error {
	if len(collected) == 0 || c.tx.failed != nil {
		return nil //nolint:nilerr // the commit will return its error
	}
	rows := make([]changeRow, len(collected))
	for i, change := range collected {
		rows[i] = changeRow{Kind: change.Kind, Subject: change.Subject, At: c.owner.now(), Fact: factColumn(change.Tokens)}
	}
	if err := c.hold(ctx, "feed", nil); err != nil {
		return err
	}
	return c.insert(ctx, &rows)
}

type feedRow struct {
	bun.BaseModel `bun:"alias:x"`

	Epoch   sql.NullString    `bun:"epoch"`
	Begun   sql.NullString    `bun:"begun"`
	Max     int64             `bun:"highest"`
	Seq     int64             `bun:"seq"`
	Kind    domain.ChangeKind `bun:"kind"`
	Subject string            `bun:"subject"`
	Fact    *string           `bun:"fact"`
	At      time.Time         `bun:"at"`
}

func (r *feedRow) change() domain.Change {
	return domain.Change{Seq: r.Seq, Kind: r.Kind, Subject: r.Subject, Tokens: factOf(r.Fact), At: utc(r.At)}
}

type changes struct{ conn }

// After reads everything in one query, so that the epoch, the highest number and the rows come from one snapshot.
func (s changes) After(ctx context.Context, seq int64, limit int) (store.Feed, error) {
	var rows []feedRow
	err := s.scan(ctx, &rows, `
		SELECT m.epoch, m.begun, m.highest, c.seq, c.kind, c.subject, c.fact, c.at
		FROM (SELECT (SELECT value FROM meta WHERE key = ?) AS epoch, (SELECT value FROM meta WHERE key = ?) AS begun,
			(SELECT max(seq) FROM changes) AS highest) m
		LEFT JOIN (SELECT seq, kind, subject, fact, at FROM changes WHERE seq > ? ORDER BY seq LIMIT ?) c ON TRUE
		ORDER BY c.seq`, epochKey, epochBegunKey, seq, limit)
	if err != nil {
		return store.Feed{}, err
	}
	feed := store.Feed{Epoch: rows[0].Epoch.String, Max: rows[0].Max}
	if rows[0].Begun.Valid {
		if feed.Begun, err = time.Parse(time.RFC3339Nano, rows[0].Begun.String); err != nil {
			return store.Feed{}, s.fail(ctx, err)
		}
	}
	for _, row := range rows {
		if row.Seq != 0 {
			feed.Changes = append(feed.Changes, row.change())
		}
	}
	return feed, nil
}

// Purge reads the primary key from its oldest end, so it needs no index on the time, and skips rows that another replica is purging.
func (s changes) Purge(ctx context.Context, before time.Time, n int) (int, error) {
	removed, err := s.count(ctx, `
		DELETE FROM changes WHERE at < ? AND seq < (SELECT max(seq) FROM changes)
		AND seq IN (SELECT seq FROM changes ORDER BY seq LIMIT ? ?)`, before, n, s.owner.dialect.SkipLocked)
	return int(removed), err
}

type facts struct{ conn }

func (s facts) Between(ctx context.Context, after, upTo int64, limit int) ([]domain.Change, error) {
	var rows []feedRow
	err := s.scan(ctx, &rows, `
		SELECT seq, kind, subject, fact, at FROM changes
		WHERE seq > ? AND seq <= ? AND (fact IS NULL OR fact <> '') ORDER BY seq LIMIT ?`, after, upTo, limit)
	return mapped(rows, (*feedRow).change), list(err)
}

func (s facts) Before(ctx context.Context, at time.Time) (int64, error) {
	var row feedRow
	err := s.scan(ctx, &row, "SELECT seq FROM changes WHERE at < ? ORDER BY at DESC, seq DESC LIMIT 1", at)
	if errors.Is(err, domain.ErrNotFound) {
		return 0, nil
	}
	return row.Seq, err
}
