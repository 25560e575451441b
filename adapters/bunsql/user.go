package bunsql

import (
	"context"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

type userRow struct {
	bun.BaseModel `bun:"table:users,alias:u"`

	ID              domain.UserID `bun:"id,pk,type:uuid"`
	Email           string        `bun:"email"`
	EmailCanonical  string        `bun:"email_canonical"`
	PasswordHash    string        `bun:"password_hash,nullzero"`
	FirstName       string        `bun:"first_name"`
	LastName        string        `bun:"last_name"`
	Locale          string        `bun:"locale"`
	EmailVerifiedAt time.Time     `bun:"email_verified_at,nullzero"`
	Metadata        string        `bun:"metadata"`
	EraseAt         time.Time     `bun:"erase_at,nullzero"`
	CreatedAt       time.Time     `bun:"created_at"`
	UpdatedAt       time.Time     `bun:"updated_at"`

	Principal *principalRow `bun:"rel:belongs-to,join:id=id"`

	LastLoginAt time.Time `bun:"last_login_at,scanonly"`
	HasFactors  bool      `bun:"has_factors,scanonly"`
}

type activityRow struct {
	bun.BaseModel `bun:"table:user_activity,alias:a"`

	UserID      domain.UserID `bun:"user_id,pk,type:uuid"`
	LastLoginAt time.Time     `bun:"last_login_at"`
}

func userOf(u domain.User) *userRow {
	row := &userRow{
		ID: u.ID, Email: u.Email.Mailbox(), EmailCanonical: u.Email.Canonical(), PasswordHash: u.PasswordHash,
		FirstName: u.FirstName, LastName: u.LastName, Locale: u.Locale, EmailVerifiedAt: u.EmailVerifiedAt,
		Metadata: u.Metadata, EraseAt: u.EraseAt, CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt,
	}
	if row.Metadata == "" {
		row.Metadata = "{}"
	}
	return row
}

func (r *userRow) user() domain.User {
	u := domain.User{
		ID: r.ID, Email: domain.RestoreEmail(r.Email, r.EmailCanonical), PasswordHash: r.PasswordHash,
		FirstName: r.FirstName, LastName: r.LastName, Locale: r.Locale, EmailVerifiedAt: utc(r.EmailVerifiedAt),
		Metadata: r.Metadata, EraseAt: utc(r.EraseAt), CreatedAt: utc(r.CreatedAt), UpdatedAt: utc(r.UpdatedAt),
		LastLoginAt: utc(r.LastLoginAt), HasFactors: r.HasFactors,
	}
	if r.Principal != nil {
		u.Principal = r.Principal.principal()
	}
	return u
}

type users struct{ conn }

func (s users) ByID(ctx context.Context, id domain.UserID) (domain.User, error) {
	if !isID(id) {
		return domain.User{}, domain.ErrNotFound
	}
	return s.one(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("u.id = ?", id) })
}

func (s users) ByEmail(ctx context.Context, email domain.Email) (domain.User, error) {
	return s.one(ctx, func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("u.email_canonical = ?", email.Canonical()) })
}

func (s users) WithCredential(ctx context.Context, id domain.UserID, credential []byte) (domain.User, domain.Factor, error) {
	if !isID(id) {
		return domain.User{}, domain.Factor{}, domain.ErrNotFound
	}
	var user userRow
	var factor factorRow
	err := s.readAll(ctx, s.idb.NewSelect().Apply(account(&user)).Where("u.id = ?", id),
		s.idb.NewSelect().Model(&factor).Where("f.user_id = ?", id).Where("f.credential_id = ?", credential))
	if err == nil && (user.ID == "" || factor.ID == "") {
		err = domain.ErrNotFound
	}
	if err != nil {
		return domain.User{}, domain.Factor{}, err
	}
	return user.user(), factor.factor(), nil
}

// account selects an account that is not deleted, with its principal, its last login and whether it has a factor. Postgres takes three times
// as long to plan a join of three tables as one of two with subqueries.
func account(row *userRow) func(*bun.SelectQuery) *bun.SelectQuery {
	return func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Model(row).Relation("Principal").ColumnExpr("?TableColumns").
			ColumnExpr("(SELECT a.last_login_at FROM user_activity a WHERE a.user_id = u.id) AS last_login_at").
			ColumnExpr("EXISTS (SELECT 1 FROM factors x WHERE x.user_id = u.id AND x.confirmed_at IS NOT NULL) AS has_factors").
			Where("principal.state <> ?", domain.Deleted)
	}
}

func (s users) one(ctx context.Context, by func(*bun.SelectQuery) *bun.SelectQuery) (domain.User, error) {
	var row userRow
	err := s.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		return idb.NewSelect().Apply(account(&row)).Apply(by).Scan(ctx)
	})
	return row.user(), err
}

// with is a query of users, each with its principal and last login.
func (s users) with(idb bun.IDB, rows *[]userRow, f store.UserFilter) *bun.SelectQuery {
	q := idb.NewSelect().Model(rows).Relation("Principal").ColumnExpr("?TableColumns, a.last_login_at").
		Join("LEFT JOIN user_activity AS a ON a.user_id = u.id")
	switch f.State {
	case domain.Active:
		q.Where("(principal.state = ? OR principal.state = ? AND principal.disabled_until <= ?)", domain.Active, domain.Disabled, f.Now)
	case domain.Disabled:
		q.Where("principal.state = ? AND (principal.disabled_until IS NULL OR principal.disabled_until > ?)", domain.Disabled, f.Now)
	default:
		q.Where("principal.state <> ?", domain.Deleted)
	}
	if f.Closed {
		q.Where("u.erase_at IS NOT NULL")
	}
	return q
}

// List reads users from the index of creation times, and disabled users, who are few, from a separate index. A user and its principal have
// the same creation time.
func (s users) List(ctx context.Context, f store.UserFilter, page store.Page) ([]domain.User, error) {
	alias := bun.Safe("u")
	if f.State == domain.Disabled {
		alias = "principal"
	}
	var rows []userRow
	err := s.patient().do(ctx, func(ctx context.Context, idb bun.IDB) error {
		return s.with(idb, &rows, f).Where("?", behind(alias, page.After)).
			OrderExpr("?0.created_at DESC, ?0.id DESC", alias).Limit(int64(page.Limit)).Scan(ctx)
	})
	return mapped(rows, (*userRow).user), list(err)
}

// maxMatches is how many entries of an index a search reads.
const maxMatches = 1000

// Search first counts the matches: it must report that results were cut off even if none of them passes the filter.
func (s users) Search(ctx context.Context, prefix string, f store.UserFilter, n int) ([]domain.User, bool, error) {
	if checkText(prefix) != nil {
		return nil, false, nil //nolint:nilerr // text that can't be stored is in no row
	}
	var matches []schema.QueryAppender
	for _, column := range []schema.Safe{"email_canonical", "lower(first_name)", "lower(last_name)"} {
		matches = append(matches, s.owner.dialect.Prefix(column, prefix))
	}
	var found int
	err := s.patient().scan(ctx, &found, `SELECT max(n) FROM (
			SELECT count(*) AS n FROM (SELECT 1 FROM users WHERE ?0 LIMIT ?3) m
			UNION ALL SELECT count(*) FROM (SELECT 1 FROM users WHERE ?1 LIMIT ?3) m
			UNION ALL SELECT count(*) FROM (SELECT 1 FROM users WHERE ?2 LIMIT ?3) m
		) m`, matches[0], matches[1], matches[2], maxMatches+1)
	if err != nil || found == 0 {
		return nil, false, err
	}
	var rows []userRow
	err = s.patient().do(ctx, func(ctx context.Context, idb bun.IDB) error {
		return s.with(idb, &rows, f).OrderExpr("u.created_at DESC, u.id DESC").Limit(int64(n+1)).Where(`u.id IN (
			SELECT id FROM (SELECT id FROM users WHERE ?0 LIMIT ?3) m
			UNION SELECT id FROM (SELECT id FROM users WHERE ?1 LIMIT ?3) m
			UNION SELECT id FROM (SELECT id FROM users WHERE ?2 LIMIT ?3) m)`, matches[0], matches[1], matches[2], maxMatches).Scan(ctx)
	})
	cut := found > maxMatches || len(rows) > n
	return mapped(rows[:min(len(rows), n)], (*userRow).user), cut, list(err)
}

// Insert writes the principal first: the user's row refers to it.
func (s users) Insert(ctx context.Context, u domain.User) error {
	if err := s.insert(ctx, principalOf(u.Principal)); err != nil {
		return err
	}
	return s.insertUnique(ctx, userOf(u), domain.ErrEmailTaken)
}

func (s users) InsertAll(ctx context.Context, all []domain.User) error {
	if len(all) == 0 {
		return nil
	}
	principals, rows := make([]principalRow, len(all)), make([]userRow, len(all))
	for i, u := range all {
		principals[i], rows[i] = *principalOf(u.Principal), *userOf(u)
	}
	if err := s.insert(ctx, &principals); err != nil {
		return err
	}
	return s.insertUnique(ctx, &rows, domain.ErrEmailTaken)
}

// Occupied reads principals in any state: the id of an erased user is never used again.
func (s users) Occupied(ctx context.Context, all []domain.UserID, emails []domain.Email) (store.Occupied, error) {
	taken := store.Occupied{IDs: map[domain.PrincipalID]domain.Principal{}, Emails: map[string]domain.UserID{}}
	if known := ids(all); len(known) > 0 {
		var rows []principalRow
		err := s.patient().scan(ctx, &rows, "SELECT ? FROM principals WHERE id IN (?)", principalColumns, bun.List(known))
		if err = list(err); err != nil {
			return store.Occupied{}, err
		}
		for i := range rows {
			taken.IDs[rows[i].ID] = rows[i].principal()
		}
	}
	if len(emails) == 0 {
		return taken, nil
	}
	canonical := make([]string, len(emails))
	for i, email := range emails {
		canonical[i] = email.Canonical()
	}
	var rows []struct {
		ID    domain.UserID `bun:"id"`
		Email string        `bun:"email_canonical"`
	}
	err := s.patient().scan(ctx, &rows, "SELECT id, email_canonical FROM users WHERE email_canonical IN (?)", bun.List(canonical))
	for _, row := range rows {
		taken.Emails[row.Email] = row.ID
	}
	return taken, list(err)
}

func (s users) Update(ctx context.Context, u domain.User) error {
	return s.conflict(s.update(ctx, userOf(u), "email", "email_canonical", "first_name", "last_name", "locale",
		"email_verified_at", "metadata", "updated_at"), domain.ErrEmailTaken)
}

func (s users) SetPassword(ctx context.Context, id domain.UserID, hash string, now time.Time) error {
	return s.update(ctx, &userRow{ID: id, PasswordHash: hash, UpdatedAt: now}, "password_hash", "updated_at")
}

func (s users) ReplaceHash(ctx context.Context, id domain.UserID, old, hash string) (bool, error) {
	n, err := s.affect(ctx, s.idb.NewUpdate().Model(&userRow{ID: id, PasswordHash: hash}).Column("password_hash").
		WherePK().Where("password_hash = ?", old))
	return n > 0, err
}

func (s users) RecordLogin(ctx context.Context, id domain.UserID, at time.Time) error {
	return s.enqueue(ctx, s.idb.NewInsert().Model(&activityRow{UserID: id, LastLoginAt: at}).
		On("CONFLICT (user_id) DO UPDATE").Set("last_login_at = EXCLUDED.last_login_at").
		Where("a.last_login_at < EXCLUDED.last_login_at").Returning("NULL"))
}
