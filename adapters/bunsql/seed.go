package bunsql

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// seedKey is the key in meta for the version of the platform's roles and permissions in the database.
const seedKey = "platform_seed"

// seedPlatform begins the change feed, and writes the platform's roles and permissions if the database has a lower version of them, once
// the schema is that of this binary. Running servers learn of it through the feed.
func (m *Migrator) seedPlatform(ctx context.Context) error {
	pending, err := m.Pending(ctx)
	if err != nil || pending {
		return err
	}
	own := false // tests have their own schemas
	if err := m.lookIn(ctx, "meta", &own, "SELECT TRUE"); err != nil || !own {
		return err
	}
	if err := m.db.within(ctx, seed); err != nil {
		return fmt.Errorf("seed the platform: %w", err)
	}
	return nil
}

func isSeeded(stored string) bool {
	version, _ := strconv.Atoi(stored) // text that is no number counts as the lowest version
	return version >= domain.PlatformSeed
}

// settled tells whether Up has nothing to do. It only reads.
func (m *Migrator) settled(ctx context.Context) (bool, error) {
	pending, err := m.Pending(ctx)
	if err != nil || pending {
		return false, err
	}
	seeded := strconv.Itoa(domain.PlatformSeed) // in tests, which have their own schemas
	err = m.lookIn(ctx, "meta", &seeded, "SELECT coalesce((SELECT s.value FROM meta s, meta e WHERE s.key = ? AND e.key = ?), '')",
		seedKey, epochKey)
	return err == nil && isSeeded(seeded), err
}

func seed(ctx context.Context, c conn, tx *store.Tx) error {
	err := c.execute(ctx, "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", epochKey, rand.Text())
	if err != nil {
		return err
	}
	stored, err := tx.Meta.Get(ctx, seedKey)
	if err != nil && !errors.Is(err, domain.ErrNotFound) {
		return err
	}
	if isSeeded(stored) {
		return nil
	}
	platform, err := tx.Services.ByID(ctx, domain.PlatformID)
	if err != nil {
		return err
	}
	before, err := tx.Roles.Defaults(ctx, domain.PlatformID)
	if err != nil {
		return err
	}
	now := c.owner.now().UTC().Truncate(time.Microsecond)
	if err := c.seedPermissions(ctx, now); err != nil {
		return err
	}
	if err := c.seedRoles(ctx, now); err != nil {
		return err
	}
	if len(before) > 0 { // otherwise nobody can have read them before
		platform.PV++
		platform.UpdatedAt = now
		if err := tx.Services.Update(ctx, platform); err != nil {
			return err
		}
		tx.Changed(domain.ChangeService, string(domain.PlatformID), domain.TokensUnaffected)
	}
	return tx.Meta.Put(ctx, seedKey, strconv.Itoa(domain.PlatformSeed))
}

// seedPermissions leaves existing permissions as they are: only their names matter, and others may know their ids.
func (c conn) seedPermissions(ctx context.Context, now time.Time) error {
	var rows []permissionRow
	for _, name := range domain.PlatformPermissions() {
		rows = append(rows, permissionRow{ID: newID[domain.PermissionID](), ServiceID: domain.PlatformID, Name: name, CreatedAt: now})
	}
	return c.enqueue(ctx, c.idb.NewInsert().Model(&rows).
		On("CONFLICT (service_id, name) WHERE service_id IS NOT NULL DO NOTHING").Returning("NULL"))
}

// seedRoles makes the roles exactly what they are in the domain. Assignments of them stay, and so do roles that include them.
func (c conn) seedRoles(ctx context.Context, now time.Time) error {
	var rows []roleRow
	var patterns []patternRow
	var ids []domain.RoleID
	for _, r := range domain.PlatformRoles() {
		r.CreatedAt, r.UpdatedAt = now, now
		rows = append(rows, *roleOf(r))
		patterns = append(patterns, patternsOf(r)...)
		ids = append(ids, r.ID)
	}
	err := c.enqueue(ctx, c.idb.NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE").
		Set("name = EXCLUDED.name").Set("name_folded = EXCLUDED.name_folded").Set("description = EXCLUDED.description").Set("is_system = EXCLUDED.is_system").
		Set("is_default = EXCLUDED.is_default").Set("updated_at = EXCLUDED.updated_at").Returning("NULL"))
	if err != nil {
		return err
	}
	if err := (roles{c}).deleteContent(ctx, ids...); err != nil {
		return err
	}
	return c.insert(ctx, &patterns)
}

func newID[T ~string]() T {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // a random UUID
	return domain.UUIDText[T](b)
}
