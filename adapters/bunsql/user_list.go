package bunsql

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// maxUsers is how many users one look returns at most: a page, and one more that tells of another page.
const maxUsers = 201

func (s users) List(ctx context.Context, f store.UserFilter) ([]domain.User, error) {
	if f.Limit <= 0 || f.Limit > maxUsers {
		f.Limit = maxUsers
	}
	if checkText(f.Search) != nil {
		return nil, nil //nolint:nilerr // what can't be stored is in no row
	}
	var rows []userRow
	err := s.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		q := idb.NewSelect().Model(&rows).Relation("Principal").Relation("Activity").Where("principal.state <> ?", domain.Deleted).
			OrderExpr("u.created_at DESC, u.id DESC").Limit(int64(f.Limit))
		if f.Before != (store.UserMark{}) {
			q.Where("(u.created_at, u.id) < (?, ?)", f.Before.CreatedAt, f.Before.ID)
		}
		switch f.State {
		case domain.Active:
			q.Where("(principal.state = ? OR principal.disabled_until <= ?)", domain.Active, f.Now)
		case domain.Disabled:
			q.Where("principal.state = ? AND (principal.disabled_until IS NULL OR principal.disabled_until > ?)", domain.Disabled, f.Now)
		case domain.Deleted:
		}
		return searched(q, f.Search).Scan(ctx)
	})
	return mapped(rows, (*userRow).user), list(err)
}

// searched compares names as the database folds them, which on SQLite is ASCII only.
func searched(q *bun.SelectQuery, search string) *bun.SelectQuery {
	if search == "" {
		return q
	}
	if id, ok := domain.ParseID[domain.UserID](search); ok {
		return q.Where("u.id = ?", id)
	}
	prefix := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(search) + "%"
	return q.Where("(u.email_canonical LIKE lower(?0) ESCAPE '!' OR lower(u.first_name) LIKE lower(?0) ESCAPE '!' OR lower(u.last_name) LIKE lower(?0) ESCAPE '!')", prefix)
}
