package reseal

import (
	"context"
	"time"

	"github.com/signet-auth/signet/app/credential"
	"github.com/signet-auth/signet/app/outbox"
	"github.com/signet-auth/signet/app/proof"
	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// page is how many values one transaction reads.
const page = 200

// kind is one kind of payload.
type kind struct {
	place   func(p store.Payload) string
	list    func(ctx context.Context, tx *store.Tx, after domain.Cursor) ([]store.Payload, error)
	replace func(ctx context.Context, tx *store.Tx, id string, from, to []byte) (bool, error)
}

func messages(now time.Time) kind {
	return kind{
		place: func(p store.Payload) string { return outbox.Place(domain.MessageID(p.Mark.ID)) },
		list: func(ctx context.Context, tx *store.Tx, after domain.Cursor) ([]store.Payload, error) {
			return tx.Payloads.OfMessages(ctx, now, after, page)
		},
		replace: func(ctx context.Context, tx *store.Tx, id string, from, to []byte) (bool, error) {
			return tx.Payloads.ReplaceMessage(ctx, id, from, to)
		},
	}
}

func flows(now time.Time) kind {
	return kind{
		place: func(p store.Payload) string { return proof.PayloadPlace(domain.FlowID(p.Mark.ID)) },
		list: func(ctx context.Context, tx *store.Tx, after domain.Cursor) ([]store.Payload, error) {
			return tx.Payloads.OfFlows(ctx, now, after, page)
		},
		replace: func(ctx context.Context, tx *store.Tx, id string, from, to []byte) (bool, error) {
			return tx.Payloads.ReplaceFlow(ctx, id, from, to)
		},
	}
}

func factors() kind {
	return kind{
		place: func(p store.Payload) string { return credential.FactorPlace(domain.FactorID(p.Mark.ID), p.Owner) },
		list: func(ctx context.Context, tx *store.Tx, after domain.Cursor) ([]store.Payload, error) {
			return tx.Payloads.OfFactors(ctx, after, page)
		},
		replace: func(ctx context.Context, tx *store.Tx, id string, from, to []byte) (bool, error) {
			return tx.Payloads.ReplaceFactor(ctx, id, from, to)
		},
	}
}

// tally is the counts of some pages.
type tally struct {
	resealed int
	unread   int // can't be opened, or was sealed under an unknown secret
}

// pages reads all payloads of a kind, one page a transaction, and adds up the counts that do returns.
func (k kind) pages(ctx context.Context, s store.Store, do func(context.Context, *store.Tx, []store.Payload) (tally, error)) (total tally, err error) {
	var after domain.Cursor
	for {
		var found []store.Payload
		var t tally
		err := s.WithinTx(ctx, func(ctx context.Context, tx *store.Tx) (err error) {
			if found, err = k.list(ctx, tx, after); err != nil {
				return err
			}
			t, err = do(ctx, tx, found)
			return err
		})
		if err != nil {
			return total, err
		}
		total.resealed, total.unread = total.resealed+t.resealed, total.unread+t.unread
		if len(found) < page {
			return total, nil
		}
		after = found[len(found)-1].Mark
	}
}
