package bunsql

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// scopesColumn keeps scopes as JSON: null narrows nothing, an empty list permits nothing.
type scopesColumn struct{ domain.Scopes }

// Value is the JSON.
func (s scopesColumn) Value() (driver.Value, error) {
	if !s.Narrows() {
		return "null", nil
	}
	texts := s.Texts()
	if texts == nil {
		texts = []string{}
	}
	text, err := json.Marshal(texts)
	return string(text), err
}

// Scan reads it. What can't be read is an error, never scopes that narrow nothing.
func (s *scopesColumn) Scan(value any) error {
	var text []byte
	switch v := value.(type) {
	case string:
		text = []byte(v)
	case []byte:
		text = v
	}
	var texts []string
	if err := json.Unmarshal(text, &texts); err != nil {
		return errors.New("scan: stored scopes are no list")
	}
	s.Scopes = domain.Scopes{}
	if texts != nil {
		s.Scopes = domain.RestoreScopes(texts)
	}
	return nil
}

type appTokenRow struct {
	bun.BaseModel `bun:"table:app_tokens,alias:t"`

	ID        domain.AppTokenID  `bun:"id,pk,type:uuid"`
	ServiceID domain.ServiceID   `bun:"service_id,type:uuid"`
	Name      string             `bun:"name"`
	Scopes    scopesColumn       `bun:"scopes,type:jsonb"`
	CreatedBy domain.PrincipalID `bun:"created_by,type:uuid,nullzero"`
	CreatedAt time.Time          `bun:"created_at"`
	ExpiresAt time.Time          `bun:"expires_at,nullzero"`
	RevokedAt time.Time          `bun:"revoked_at,nullzero"`
}

var appTokenColumns = columns[appTokenRow]("t")

func appTokenOf(t domain.AppToken) *appTokenRow {
	return &appTokenRow{
		ID: t.ID, ServiceID: t.ServiceID, Name: t.Name, Scopes: scopesColumn{t.Scopes}, CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt,
		ExpiresAt: t.ExpiresAt, RevokedAt: t.RevokedAt,
	}
}

func (r *appTokenRow) token() domain.AppToken {
	return domain.AppToken{
		ID: r.ID, ServiceID: r.ServiceID, Name: r.Name, Scopes: r.Scopes.Scopes, CreatedBy: r.CreatedBy, CreatedAt: utc(r.CreatedAt),
		ExpiresAt: utc(r.ExpiresAt), RevokedAt: utc(r.RevokedAt),
	}
}

type appTokenSecretRow struct {
	bun.BaseModel `bun:"table:app_token_secrets,alias:x"`

	ID        domain.AppTokenSecretID `bun:"id,pk,type:uuid"`
	TokenID   domain.AppTokenID       `bun:"token_id,type:uuid"`
	Hash      []byte                  `bun:"hash,type:bytea"`
	Prefix    string                  `bun:"prefix"`
	CreatedAt time.Time               `bun:"created_at"`
	ExpiresAt time.Time               `bun:"expires_at,nullzero"`
}

var appTokenSecretColumns = columns[appTokenSecretRow]("x")

func secretsOf(t domain.AppToken) []appTokenSecretRow {
	rows := make([]appTokenSecretRow, len(t.Secrets))
	for i, s := range t.Secrets {
		rows[i] = appTokenSecretRow{ID: s.ID, TokenID: t.ID, Hash: s.Hash, Prefix: s.Prefix, CreatedAt: s.CreatedAt, ExpiresAt: s.ExpiresAt}
	}
	return rows
}

type listedAppTokenRow struct {
	appTokenRow

	CreatorState domain.PrincipalState `bun:"creator_state,scanonly"`
	CreatorUntil time.Time             `bun:"creator_until,scanonly,nullzero"`
}

func (r *listedAppTokenRow) listed() domain.ListedAppToken {
	return domain.ListedAppToken{AppToken: r.token(), Creator: domain.Principal{
		ID: r.CreatedBy, State: r.CreatorState, DisabledUntil: utc(r.CreatorUntil),
	}}
}

type tokenUseRow struct {
	bun.BaseModel `bun:"table:token_use,alias:tu"`

	SecretID   domain.AppTokenSecretID `bun:"secret_id,pk,type:uuid"`
	TokenID    domain.AppTokenID       `bun:"token_id,type:uuid"`
	UseCount   int64                   `bun:"use_count"`
	LastUsedAt time.Time               `bun:"last_used_at"`
	LastUsedIP string                  `bun:"last_used_ip"`
}

var tokenUseColumns = columns[tokenUseRow]("tu")

type usedHourRow struct {
	bun.BaseModel `bun:"table:usage_hours,alias:uh"`

	TokenID    domain.AppTokenID `bun:"token_id,pk,type:uuid"`
	Hour       time.Time         `bun:"hour,pk"`
	UseCount   int64             `bun:"use_count"`
	LastUsedAt time.Time         `bun:"last_used_at"`
}

var usedHourColumns = columns[usedHourRow]("uh")

func (r *usedHourRow) hour() domain.UsedHour {
	return domain.UsedHour{Token: r.TokenID, Hour: utc(r.Hour), Count: r.UseCount, LastAt: utc(r.LastUsedAt)}
}

type appTokens struct{ conn }

func (s appTokens) ByID(ctx context.Context, id domain.AppTokenID) (domain.AppToken, error) {
	if !isID(id) {
		return domain.AppToken{}, domain.ErrNotFound
	}
	return s.one(ctx, bun.SafeQuery("t.id = ?", id))
}

func (s appTokens) BySecret(ctx context.Context, id domain.AppTokenSecretID) (domain.AppToken, error) {
	if !isID(id) {
		return domain.AppToken{}, domain.ErrNotFound
	}
	return s.one(ctx, bun.SafeQuery("t.id = (SELECT token_id FROM app_token_secrets WHERE id = ?)", id))
}

func (s appTokens) one(ctx context.Context, which schema.QueryWithArgs) (domain.AppToken, error) {
	var row appTokenRow
	if err := s.scan(ctx, &row, "SELECT ? FROM app_tokens t WHERE ?", appTokenColumns, which); err != nil {
		return domain.AppToken{}, err
	}
	all := []domain.ListedAppToken{{AppToken: row.token()}}
	err := s.readSecrets(ctx, s.conn, all)
	return all[0].AppToken, err
}

func (s appTokens) List(ctx context.Context, service domain.ServiceID, page store.Page) ([]domain.ListedAppToken, error) {
	if !isID(service) {
		return nil, nil
	}
	return s.list(ctx, bun.SafeQuery("t.service_id = ? AND ?", service, behind("t", page.After)), page.Limit)
}

func (s appTokens) Listed(ctx context.Context, id domain.AppTokenID) (domain.ListedAppToken, error) {
	if !isID(id) {
		return domain.ListedAppToken{}, domain.ErrNotFound
	}
	all, err := s.list(ctx, bun.SafeQuery("t.id = ?", id), 1)
	if err == nil && len(all) == 0 {
		err = domain.ErrNotFound
	}
	if err != nil {
		return domain.ListedAppToken{}, err
	}
	return all[0], nil
}

func (s appTokens) list(ctx context.Context, which schema.QueryWithArgs, limit int) ([]domain.ListedAppToken, error) {
	var rows []listedAppTokenRow
	err := s.patient().scan(ctx, &rows, `SELECT ?, COALESCE(p.state, '') AS creator_state, p.disabled_until AS creator_until
		FROM app_tokens t LEFT JOIN principals p ON p.id = t.created_by WHERE ? ORDER BY t.created_at DESC, t.id DESC LIMIT ?`,
		appTokenColumns, which, limit)
	if err = list(err); err != nil || len(rows) == 0 {
		return nil, err
	}
	all := mapped(rows, (*listedAppTokenRow).listed)
	if err := s.readSecrets(ctx, s.patient(), all); err != nil {
		return nil, err
	}
	return all, s.readUse(ctx, all)
}

// readSecrets fills in the secrets of tokens. The newest secret has no end of its own, which distinguishes it from another one that was
// created at the same time.
func (s appTokens) readSecrets(ctx context.Context, from conn, all []domain.ListedAppToken) error {
	at, known := places(all)
	var rows []appTokenSecretRow
	err := from.scan(ctx, &rows, `SELECT ? FROM app_token_secrets x WHERE x.token_id IN (?)
		ORDER BY x.created_at DESC, (x.expires_at IS NULL) DESC, x.id`, appTokenSecretColumns, bun.List(known))
	for _, row := range rows {
		t := &all[at[row.TokenID]]
		t.Secrets = append(t.Secrets, domain.AppTokenSecret{
			ID: row.ID, Hash: row.Hash, Prefix: row.Prefix, CreatedAt: utc(row.CreatedAt), ExpiresAt: utc(row.ExpiresAt),
		})
	}
	return list(err)
}

func (s appTokens) readUse(ctx context.Context, all []domain.ListedAppToken) error {
	at, known := places(all)
	var rows []tokenUseRow
	err := s.patient().scan(ctx, &rows, "SELECT ? FROM token_use tu WHERE tu.token_id IN (?)", tokenUseColumns, bun.List(known))
	for _, row := range rows {
		t := &all[at[row.TokenID]]
		if t.Use == nil {
			t.Use = map[domain.AppTokenSecretID]domain.TokenUse{}
		}
		t.Use[row.SecretID] = domain.TokenUse{
			Secret: row.SecretID, Token: row.TokenID, Count: row.UseCount, LastAt: utc(row.LastUsedAt), LastIP: row.LastUsedIP,
		}
	}
	return list(err)
}

// places says where in a list each token stands.
func places(all []domain.ListedAppToken) (at map[domain.AppTokenID]int, known []domain.AppTokenID) {
	at, known = make(map[domain.AppTokenID]int, len(all)), make([]domain.AppTokenID, len(all))
	for i := range all {
		at[all[i].ID], known[i] = i, all[i].ID
	}
	return at, known
}

func (s appTokens) CountLive(ctx context.Context, service domain.ServiceID, now time.Time) (n int, err error) {
	if !isID(service) {
		return 0, nil
	}
	err = s.scan(ctx, &n, "SELECT count(*) FROM app_tokens WHERE service_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
		service, now)
	return n, err
}

func (s appTokens) UsedHours(ctx context.Context, tokens []domain.AppTokenID, since, until time.Time) ([]domain.UsedHour, error) {
	known := ids(tokens)
	if len(known) == 0 {
		return nil, nil
	}
	var rows []usedHourRow
	err := s.patient().scan(ctx, &rows, "SELECT ? FROM usage_hours uh WHERE uh.token_id IN (?) AND uh.hour >= ? AND uh.hour < ? ORDER BY uh.token_id, uh.hour",
		usedHourColumns, bun.List(known), since, until)
	return mapped(rows, (*usedHourRow).hour), list(err)
}

func (s appTokens) Insert(ctx context.Context, t domain.AppToken) error {
	if err := s.insert(ctx, appTokenOf(t)); err != nil {
		return err
	}
	return s.putSecrets(ctx, t)
}

func (s appTokens) Update(ctx context.Context, t domain.AppToken) error {
	if !isID(t.ID) {
		return domain.ErrNotFound
	}
	if err := s.update(ctx, appTokenOf(t), "name", "scopes", "expires_at", "revoked_at"); err != nil {
		return err
	}
	if len(t.Secrets) > 0 {
		kept := make([]domain.AppTokenSecretID, len(t.Secrets))
		for i, secret := range t.Secrets {
			kept[i] = secret.ID
		}
		if err := s.execute(ctx, "DELETE FROM app_token_secrets WHERE token_id = ? AND id NOT IN (?)", t.ID, bun.List(kept)); err != nil {
			return err
		}
	}
	return s.putSecrets(ctx, t)
}

func (s appTokens) putSecrets(ctx context.Context, t domain.AppToken) error {
	rows := secretsOf(t)
	if len(rows) == 0 {
		return nil
	}
	return s.enqueue(ctx, s.idb.NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE").Set("expires_at = EXCLUDED.expires_at").Returning("NULL"))
}

func (s appTokens) Delete(ctx context.Context, id domain.AppTokenID) error {
	if !isID(id) {
		return nil
	}
	if err := s.execute(ctx, "DELETE FROM token_use WHERE token_id = ?", id); err != nil {
		return err
	}
	return s.execute(ctx, "DELETE FROM app_tokens WHERE id = ?", id) // its secrets are deleted with it
}

func (s appTokens) AddUse(ctx context.Context, secrets []domain.TokenUse, hours []domain.UsedHour) error {
	if err := s.addHours(ctx, hours); err != nil || len(secrets) == 0 {
		return err
	}
	rows, known := make([]tokenUseRow, len(secrets)), make([]domain.AppTokenSecretID, len(secrets))
	for i, u := range secrets {
		known[i] = u.Secret
		rows[i] = tokenUseRow{SecretID: u.Secret, TokenID: u.Token, UseCount: u.Count, LastUsedAt: u.LastAt, LastUsedIP: u.LastIP}
	}
	err := s.enqueue(ctx, s.idb.NewInsert().Model(&rows).On("CONFLICT (secret_id) DO UPDATE").
		Set("use_count = tu.use_count + EXCLUDED.use_count").
		Set("last_used_ip = CASE WHEN EXCLUDED.last_used_at > tu.last_used_at THEN EXCLUDED.last_used_ip ELSE tu.last_used_ip END").
		Set("last_used_at = CASE WHEN EXCLUDED.last_used_at > tu.last_used_at THEN EXCLUDED.last_used_at ELSE tu.last_used_at END").
		Returning("NULL"))
	if err != nil {
		return err
	}
	// A replica may report the use of a token that has been deleted meanwhile.
	return s.execute(ctx, "DELETE FROM token_use WHERE secret_id IN (?) AND NOT EXISTS (SELECT 1 FROM app_tokens t WHERE t.id = token_use.token_id)", bun.List(known))
}

func (s appTokens) addHours(ctx context.Context, hours []domain.UsedHour) error {
	if len(hours) == 0 {
		return nil
	}
	rows := make([]usedHourRow, len(hours))
	for i, h := range hours {
		rows[i] = usedHourRow{TokenID: h.Token, Hour: h.Hour, UseCount: h.Count, LastUsedAt: h.LastAt}
	}
	return s.enqueue(ctx, s.idb.NewInsert().Model(&rows).On("CONFLICT (token_id, hour) DO UPDATE").
		Set("use_count = uh.use_count + EXCLUDED.use_count").
		Set("last_used_at = CASE WHEN EXCLUDED.last_used_at > uh.last_used_at THEN EXCLUDED.last_used_at ELSE uh.last_used_at END").
		Returning("NULL"))
}
