package bunsql

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/signet-auth/signet/domain"
)

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`

	ID         domain.SessionID `bun:"id,pk,type:uuid"`
	UserID     domain.UserID    `bun:"user_id,type:uuid"`
	AMR        []string         `bun:"amr,type:jsonb"`
	Level      domain.Level     `bun:"level"`
	AuthTime   time.Time        `bun:"auth_time"`
	CreatedAt  time.Time        `bun:"created_at"`
	ExpiresAt  time.Time        `bun:"expires_at"`
	EndedAt    time.Time        `bun:"ended_at,nullzero"`
	EndReason  domain.EndReason `bun:"end_reason"`
	IP         string           `bun:"ip"`
	UserAgent  string           `bun:"user_agent"`
	DeviceName string           `bun:"device_name"`
	Cookie     bool             `bun:"cookie"`

	LastSeenAt time.Time `bun:"last_seen_at,scanonly"`
	Static     bool      `bun:"static,scanonly"`
}

var sessionColumns = columns[sessionRow]("s")

// derived is what a session knows of its families: when the newest one was last used, and whether the current one keeps its token. The
// current family ends together with its session; replaced families ended earlier.
const derived bun.Safe = `COALESCE((SELECT max(f.rotated_at) FROM refresh_families f WHERE f.session_id = s.id), s.created_at) AS last_seen_at,
	EXISTS (SELECT 1 FROM refresh_families f
		WHERE f.session_id = s.id AND f.is_static AND f.ended_at IS NOT DISTINCT FROM s.ended_at) AS static`

func (r *sessionRow) session() domain.Session {
	s := domain.Session{
		ID: r.ID, UserID: r.UserID, Level: r.Level.OrLowest(), AuthTime: utc(r.AuthTime), CreatedAt: utc(r.CreatedAt), ExpiresAt: utc(r.ExpiresAt),
		LastSeenAt: utc(r.LastSeenAt), EndedAt: utc(r.EndedAt), EndReason: r.EndReason, IP: r.IP, UserAgent: r.UserAgent,
		DeviceName: r.DeviceName, Cookie: r.Cookie, Static: r.Static,
	}
	if len(r.AMR) > 0 {
		s.AMR = r.AMR
	}
	return s
}

type familyRow struct {
	bun.BaseModel `bun:"table:refresh_families,alias:f"`

	ID         domain.FamilyID  `bun:"id,pk,type:uuid"`
	SessionID  domain.SessionID `bun:"session_id,type:uuid"`
	ClientID   domain.ClientID  `bun:"client_id,type:uuid"`
	Generation int64            `bun:"generation"`
	Hash       []byte           `bun:"hash,type:bytea"`
	Salt       []byte           `bun:"salt,type:bytea"`
	CreatedAt  time.Time        `bun:"created_at"`
	AdvancedAt time.Time        `bun:"advanced_at"`
	RotatedAt  time.Time        `bun:"rotated_at"`
	EndedAt    time.Time        `bun:"ended_at,nullzero"`
	Static     bool             `bun:"is_static"`

	Session *sessionRow `bun:"rel:belongs-to,join:session_id=id"`
}

func familyOf(f domain.Family) *familyRow {
	return &familyRow{
		ID: f.ID, SessionID: f.SessionID, ClientID: f.ClientID, Generation: f.Generation, Hash: f.Hash, Salt: f.Salt,
		CreatedAt: f.CreatedAt, AdvancedAt: f.AdvancedAt, RotatedAt: f.RotatedAt, EndedAt: f.EndedAt, Static: f.Static,
	}
}

func (r *familyRow) family() domain.Family {
	return domain.Family{
		ID: r.ID, SessionID: r.SessionID, ClientID: r.ClientID, Generation: r.Generation, Hash: r.Hash, Salt: r.Salt,
		CreatedAt: utc(r.CreatedAt), AdvancedAt: utc(r.AdvancedAt), RotatedAt: utc(r.RotatedAt), EndedAt: utc(r.EndedAt), Static: r.Static,
	}
}

type sessions struct{ conn }

func (s sessions) ByID(ctx context.Context, id domain.SessionID) (domain.Session, error) {
	if !isID(id) {
		return domain.Session{}, domain.ErrNotFound
	}
	var row sessionRow
	err := s.scan(ctx, &row, "SELECT ?, ? FROM sessions s WHERE s.id = ?", sessionColumns, derived, id)
	return row.session(), err
}

func (s sessions) LiveByUser(ctx context.Context, user domain.UserID, policy domain.SessionPolicy, now time.Time) ([]domain.Session, error) {
	if !isID(user) {
		return nil, nil
	}
	var rows []sessionRow
	err := s.scan(ctx, &rows, `SELECT ?0, s.last_seen_at, s.static FROM (
			SELECT ?0, ?1 FROM sessions s WHERE s.user_id = ?2 AND s.ended_at IS NULL AND s.expires_at > ?3
		) s WHERE s.last_seen_at > ?4 ORDER BY s.last_seen_at, s.id`,
		sessionColumns, derived, user, now, now.Add(-policy.Idle))
	return mapped(rows, (*sessionRow).session), list(err)
}

// liveIDs joins what LiveByUser derives, because an open session has one open family: Renew ends what it replaces.
func liveIDs(user domain.UserID, policy domain.SessionPolicy, now time.Time, order schema.QueryAppender) schema.QueryAppender {
	return bun.SafeQuery(`SELECT s.id FROM sessions s JOIN refresh_families f ON f.session_id = s.id AND f.ended_at IS NULL
		WHERE s.user_id = ? AND s.ended_at IS NULL AND s.expires_at > ? AND f.rotated_at > ? ORDER BY ?`,
		user, now, now.Add(-policy.Idle), order)
}

func (s sessions) LiveIDs(ctx context.Context, user domain.UserID, policy domain.SessionPolicy, now time.Time) ([]domain.SessionID, error) {
	if !isID(user) {
		return nil, nil
	}
	var live []domain.SessionID
	err := s.scan(ctx, &live, "?", liveIDs(user, policy, now, bun.Safe("f.rotated_at, s.id")))
	return live, list(err)
}

func (s sessions) ByUser(ctx context.Context, user domain.UserID, n int) ([]domain.Session, error) {
	if !isID(user) {
		return nil, nil
	}
	var rows []sessionRow
	err := s.scan(ctx, &rows, "SELECT ?, ? FROM sessions s WHERE s.user_id = ? ORDER BY s.created_at DESC, s.id DESC LIMIT ?",
		sessionColumns, derived, user, n)
	return mapped(rows, (*sessionRow).session), list(err)
}

// PageByUser reads the index of open sessions backwards and stops at the limit, however many sessions the user has.
func (s sessions) PageByUser(ctx context.Context, user domain.UserID, policy domain.SessionPolicy, now time.Time, after domain.Cursor, limit int) ([]domain.Session, error) {
	if !isID(user) || !after.IsZero() && !isID(after.ID) {
		return nil, nil
	}
	from := bun.SafeQuery("TRUE")
	if !after.IsZero() {
		from = bun.SafeQuery("(s.created_at, s.id) < (?, ?)", after.At, after.ID)
	}
	var rows []sessionRow
	err := s.patient().scan(ctx, &rows, `SELECT ?, f.rotated_at AS last_seen_at, f.is_static AS static
		FROM sessions s JOIN refresh_families f ON f.session_id = s.id AND f.ended_at IS NULL
		WHERE s.user_id = ? AND s.ended_at IS NULL AND s.expires_at > ? AND f.rotated_at > ? AND ?
		ORDER BY s.created_at DESC, s.id DESC LIMIT ?`, sessionColumns, user, now, now.Add(-policy.Idle), from, limit)
	return mapped(rows, (*sessionRow).session), list(err)
}

// CountLive reads the families only of sessions that are older than the idle time: a younger session can't have lapsed.
func (s sessions) CountLive(ctx context.Context, policy domain.SessionPolicy, now time.Time) (domain.SessionCount, error) {
	lapsed := now.Add(-policy.Idle)
	var count struct{ Sessions, Users int64 }
	err := s.patient().scan(ctx, &count, `SELECT COALESCE(sum(n), 0) AS sessions, count(*) AS users FROM (
			SELECT count(*) AS n FROM sessions s
			WHERE s.ended_at IS NULL AND s.expires_at > ? AND (s.created_at > ?
				OR EXISTS (SELECT 1 FROM refresh_families f WHERE f.session_id = s.id AND f.rotated_at > ?))
			GROUP BY s.user_id
		) m`, now, lapsed, lapsed)
	return domain.SessionCount(count), err
}

func (s sessions) OpenByUser(ctx context.Context, user domain.UserID) ([]domain.SessionID, error) {
	if !isID(user) {
		return nil, nil
	}
	var open []domain.SessionID
	err := s.scan(ctx, &open, "SELECT id FROM sessions WHERE user_id = ? AND ended_at IS NULL", user)
	slices.Sort(open)
	return open, list(err)
}

// Family reads both rows in one query, so that they come from one snapshot.
func (s sessions) Family(ctx context.Context, id domain.FamilyID) (domain.Family, domain.Session, error) {
	if !isID(id) {
		return domain.Family{}, domain.Session{}, domain.ErrNotFound
	}
	var row familyRow
	err := s.do(ctx, func(ctx context.Context, idb bun.IDB) error {
		return idb.NewSelect().Model(&row).Relation("Session").Where("f.id = ?", id).Scan(ctx)
	})
	if err != nil {
		return domain.Family{}, domain.Session{}, err
	}
	row.Session.LastSeenAt, row.Session.Static = row.RotatedAt, row.Static
	return row.family(), row.Session.session(), nil
}

func (s sessions) Insert(ctx context.Context, session domain.Session, f domain.Family) error {
	row := &sessionRow{
		ID: session.ID, UserID: session.UserID, AMR: session.AMR, Level: session.Level.OrLowest(), AuthTime: session.AuthTime, CreatedAt: session.CreatedAt,
		ExpiresAt: session.ExpiresAt, EndedAt: session.EndedAt, EndReason: session.EndReason, IP: session.IP,
		UserAgent: session.UserAgent, DeviceName: session.DeviceName, Cookie: session.Cookie,
	}
	if row.AMR == nil {
		row.AMR = []string{}
	}
	if err := s.insert(ctx, row); err != nil {
		return err
	}
	return s.insert(ctx, familyOf(f))
}

func (s sessions) Advance(ctx context.Context, from, to domain.Family) (bool, error) {
	n, err := s.count(ctx, `UPDATE refresh_families
		SET generation = ?, hash = ?, salt = ?, advanced_at = ?, rotated_at = ?, is_static = ?
		WHERE id = ? AND generation = ? AND hash = ? AND is_static = ? AND ended_at IS NULL
		AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = refresh_families.session_id AND s.ended_at IS NULL)`,
		to.Generation, to.Hash, to.Salt, to.AdvancedAt, to.RotatedAt, to.Static, from.ID, from.Generation, from.Hash, from.Static)
	return n > 0, err
}

// Rotate does Advance and the checks before it in one statement, without a transaction.
func (db *DB) Rotate(ctx context.Context, from, to domain.Family, policy domain.SessionPolicy) (session domain.ProvedSession, ok bool, err error) {
	c := conn{owner: db, idb: db.write, deadline: db.dialect.Statement}
	if !isID(from.ID) {
		return session, false, nil
	}
	query := `UPDATE refresh_families
		SET generation = ?, hash = ?, salt = ?, advanced_at = ?, rotated_at = ?
		WHERE id = ? AND generation = ? AND hash = ? AND ended_at IS NULL AND NOT is_static AND rotated_at > ?
		AND EXISTS (SELECT 1 FROM sessions s WHERE s.id = refresh_families.session_id AND s.ended_at IS NULL AND s.expires_at > ?)
		RETURNING (SELECT s.id || ' ' || s.level || ' ' || ` + string(db.dialect.Instant("s.auth_time")) + `
			FROM sessions s WHERE s.id = refresh_families.session_id)`
	var answer string
	err = c.do(ctx, func(ctx context.Context, _ bun.IDB) (err error) {
		answer, err = db.dialect.Answer(ctx, db.write, query,
			to.Generation, to.Hash, to.Salt, to.AdvancedAt, to.RotatedAt, from.ID, from.Generation, from.Hash,
			to.RotatedAt.Add(-policy.Idle), to.RotatedAt)
		return err
	})
	if errors.Is(err, domain.ErrNotFound) {
		return session, false, nil
	}
	if err == nil {
		session, err = readProved(answer)
	}
	return session, err == nil, err
}

// readProved reads "id level time".
func readProved(answer string) (s domain.ProvedSession, err error) {
	fields := strings.SplitN(answer, " ", 3)
	if len(fields) < 3 {
		return s, domain.ErrInternal.Because(errShortAnswer)
	}
	level, err := strconv.ParseUint(fields[1], 10, 8)
	at, notTime := time.Parse("2006-01-02 15:04:05.999999-07:00", fields[2])
	if err = errors.Join(err, notTime); err != nil {
		return s, domain.ErrInternal.Because(err)
	}
	return domain.ProvedSession{ID: domain.SessionID(fields[0]), Level: domain.Level(level).OrLowest(), AuthTime: utc(at)}, nil
}

// Renew locks the session's row before it touches a family, as End does: a concurrent End either finishes first or sees the new family. An
// Advance locks only the row of its family, which it either finds ended or which is ended afterwards.
func (s sessions) Renew(ctx context.Context, f domain.Family) (bool, error) {
	if !isID(f.SessionID) {
		return false, nil
	}
	var held domain.SessionID
	err := s.scan(ctx, &held, "SELECT id FROM sessions WHERE id = ? AND ended_at IS NULL ?", f.SessionID, s.owner.dialect.RowLock)
	if errors.Is(err, domain.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = s.execute(ctx, "UPDATE refresh_families SET ended_at = ? WHERE session_id = ? AND ended_at IS NULL", f.CreatedAt, f.SessionID)
	if err != nil {
		return false, err
	}
	return true, s.insert(ctx, familyOf(f))
}

func (s sessions) Prove(ctx context.Context, session domain.Session) error {
	if !isID(session.ID) {
		return domain.ErrNotFound
	}
	return s.update(ctx, &sessionRow{ID: session.ID, AMR: session.AMR, Level: session.Level.OrLowest(), AuthTime: session.AuthTime}, "amr", "level", "auth_time")
}

// End ends the sessions before their families: a concurrent Advance either sees the end of the session, or finishes before its family is
// ended.
func (s sessions) End(ctx context.Context, all []domain.SessionID, reason domain.EndReason, now time.Time) ([]domain.SessionID, error) {
	known := ids(all)
	if len(known) == 0 {
		return nil, nil
	}
	return s.end(ctx, bun.List(known), reason, now)
}

// EndBeyond names a limit because SQLite has no offset without one.
func (s sessions) EndBeyond(
	ctx context.Context, user domain.UserID, keep int, policy domain.SessionPolicy, reason domain.EndReason, now time.Time,
) ([]domain.SessionID, error) {
	if !isID(user) {
		return nil, nil
	}
	newest := bun.SafeQuery("f.rotated_at DESC, s.id DESC LIMIT ? OFFSET ?", math.MaxInt32, keep)
	return s.end(ctx, liveIDs(user, policy, now, newest), reason, now)
}

func (s sessions) end(ctx context.Context, which schema.QueryAppender, reason domain.EndReason, now time.Time) ([]domain.SessionID, error) {
	var ended []domain.SessionID
	err := s.scan(ctx, &ended, `UPDATE sessions SET ended_at = ?, end_reason = ? WHERE id IN (?) AND ended_at IS NULL RETURNING id`,
		now, reason, which)
	if err = list(err); err != nil || len(ended) == 0 {
		return nil, err
	}
	slices.Sort(ended)
	return ended, s.execute(ctx, "UPDATE refresh_families SET ended_at = ? WHERE session_id IN (?) AND ended_at IS NULL", now, bun.List(ended))
}
