package run

import (
	"context"
	"errors"
	"fmt"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/app/admin"
)

// tool is what commands work with that change data while a server may be running: they write as another replica would, and
// the server hears of it by the change feed.
type tool struct {
	db    *bunsql.DB
	admin *admin.Create
}

func openTool(ctx context.Context, c *Config) (*tool, error) {
	if c.embedded() {
		if err := dataDir(c.DataDir).open(); err != nil {
			return nil, err
		}
	}
	if err := upToDate(ctx, c); err != nil {
		return nil, err
	}
	hasher, err := openHasher(c)
	if err != nil {
		return nil, err
	}
	common, err := commonPasswords()
	if err != nil {
		return nil, err
	}
	db, err := openDatabase(c, c.Database, c.System)
	if err != nil {
		return nil, err
	}
	return &tool{db: db, admin: &admin.Create{Store: db, System: c.System, Hasher: hasher, Password: passwordPolicy(c, hasher, common)}}, nil
}

func (t *tool) close() { _ = t.db.Close() }

// upToDate brings the embedded database up, so that a command may come before the first start; with Postgres the schema's
// owner does it.
func upToDate(ctx context.Context, c *Config) error {
	migrator, err := openMigrator(c)
	if err != nil {
		return err
	}
	defer func() { _ = migrator.Close() }()
	if c.embedded() {
		_, err = migrator.Up(ctx, 0)
		return err
	}
	pending, err := migrator.Pending(ctx)
	if err != nil {
		return fmt.Errorf("look at the database's schema: %w", err)
	}
	if pending {
		return errors.New("the database lacks migrations: run signet migrate up")
	}
	return nil
}
