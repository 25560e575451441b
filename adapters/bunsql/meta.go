package bunsql

import (
	"context"

	"github.com/uptrace/bun"
)

type metaRow struct {
	bun.BaseModel `bun:"table:meta,alias:m"`

	Key   string `bun:"key,pk"`
	Value string `bun:"value"`
}

type meta struct{ conn }

func (s meta) Get(ctx context.Context, key string) (string, error) {
	var row metaRow
	err := s.scan(ctx, &row, "SELECT key, value FROM meta WHERE key = ?", key)
	return row.Value, err
}

func (s meta) PutOnce(ctx context.Context, key, value string) (string, error) {
	err := s.write(ctx, metaRow{Key: key, Value: value}, "CONFLICT (key) DO NOTHING")
	if err != nil {
		return "", err
	}
	return s.Get(ctx, key)
}

func (s meta) Put(ctx context.Context, key, value string) error {
	return s.write(ctx, metaRow{Key: key, Value: value}, "CONFLICT (key) DO UPDATE SET value = EXCLUDED.value")
}

func (s meta) write(ctx context.Context, row metaRow, on string) error {
	if err := checkText(row); err != nil {
		return s.fail(ctx, err)
	}
	return s.enqueue(ctx, s.idb.NewInsert().Model(&row).On(on).Returning("NULL"))
}
