package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql/sqlite"
	"github.com/signet-auth/signet/app/reseal"
)

type backupCommand struct {
	File string `arg:"" help:"The file to write; there must be none yet. Nobody but you may read it: it holds addresses and password hashes."`
}

type restoreCommand struct {
	File string `arg:"" help:"A file that signet backup wrote."`
	Yes  bool   `help:"Confirm, where there is a database already."`

	inJSON
}

// errNotEmbedded is the refusal of what is the affair of Postgres' own tools.
var errNotEmbedded = errors.New("DATABASE_URI names Postgres, which has its own tools for it: docs/backup-and-restore.md says which, and what Signet does after them")

// embedded are the settings of a command that is for the embedded database only.
func (p *program) embedded() (*Config, error) {
	c, err := parseConfig(p.environ, only("SIGNET_ENV", "DATABASE_URI", "DATA_DIR"))
	if err == nil && !c.embedded() {
		err = errNotEmbedded
	}
	return c, err
}

// Run copies.
func (b backupCommand) Run(p *program) error {
	c, err := p.embedded()
	if err != nil {
		return err
	}
	folder := dataDir(c.DataDir)
	if err := folder.there(); err != nil {
		return err
	}
	now := c.System.Now()
	err = sqlite.Backup(p.ctx, folder.database(), b.File, now)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already, and was left as it is", b.File)
	}
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	info, err := os.Stat(b.File)
	if err != nil {
		return err
	}
	p.done("%s is a backup of %s as of %s, %d KiB", b.File, folder.database(), now.Format(time.RFC3339), (info.Size()+1023)/1024)
	if _, err := os.Stat(folder.secretKeyPath()); err == nil {
		p.notice("keep %s too, and apart from it: the backup is sealed with that key, and a restore wants it", folder.secretKeyPath())
	} else {
		p.notice("keep SECRET_KEY too, and apart from it: the backup is sealed with that key, and a restore wants it")
	}
	return nil
}

// Run restores. All is made ready beside the database, so that no start finds one in which those who have logged out are logged in, and
// takes its name in one step. Whatever fails before leaves everything as it was.
func (r restoreCommand) Run(p *program) error {
	if _, err := p.embedded(); err != nil {
		return err
	}
	c, err := parseConfig(p.environ, onData)
	if err != nil {
		return err
	}
	folder := dataDir(c.DataDir)
	at, err := r.inspect(p.ctx)
	if err != nil {
		return err
	}
	if err := folder.open(); err != nil {
		return err
	}
	release, err := folder.lock()
	if err != nil {
		return fmt.Errorf("%w. Nothing was changed", err)
	}
	defer release()
	if folder.there() == nil && !r.Yes {
		question := fmt.Sprintf("This puts the backup of %s in the place of %s, which is kept beside it.", at.Format(time.RFC3339), folder.database())
		if err := p.confirm(question, "--yes"); err != nil {
			return err
		}
	}
	work, err := os.MkdirTemp(c.DataDir, "restoring-")
	if err != nil {
		return fmt.Errorf("DATA_DIR can't be used: %w", err)
	}
	defer func() { _ = os.RemoveAll(work) }()
	staged := *c
	staged.DataDir = work
	done, err := r.prepare(p, folder, &staged, at)
	if err != nil {
		return fmt.Errorf("%w. Nothing was changed", err)
	}
	aside := folder.database() + ".before-restore-" + c.System.Now().Format("20060102T150405Z")
	if folder.there() == nil {
		done.Former = aside
	}
	if err := sqlite.Replace(p.ctx, dataDir(work).database(), folder.database(), aside); err != nil {
		return fmt.Errorf("put the backup in its place: %w", err)
	}
	return p.print(r.JSON, done.printed(), func() error { return done.print(p) })
}

// inspect refuses what is no backup, before anything is touched.
func (r restoreCommand) inspect(ctx context.Context) (time.Time, error) {
	info, err := os.Stat(r.File)
	if err != nil {
		return time.Time{}, fmt.Errorf("the backup can't be read: %w", err)
	}
	at, err := sqlite.Inspect(ctx, r.File)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s can't be restored: %w", r.File, err)
	}
	if at.IsZero() { // a copy of the file of a server that was stopped: its content is not younger than that
		at = info.ModTime().UTC()
	}
	return at, nil
}

// prepare makes a database of the backup in the folder of c, and looks at the one that it is to replace.
func (r restoreCommand) prepare(p *program, from dataDir, c *Config, at time.Time) (restored, error) {
	to := dataDir(c.DataDir)
	if err := sqlite.Copy(r.File, to.database()); err != nil {
		return restored{}, fmt.Errorf("copy the backup: %w", err)
	}
	if err := checkKnown(p.ctx, c); err != nil {
		return restored{}, err
	}
	err := sqlite.Copy(from.secretKeyPath(), to.secretKeyPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return restored{}, fmt.Errorf("read the SECRET_KEY in DATA_DIR: %w", err)
	}
	if c.SecretKey.IsZero() && err != nil {
		return restored{}, fmt.Errorf("there is no SECRET_KEY: put the file secret_key that belongs to the backup into %s, or set SECRET_KEY", string(from))
	}
	t, err := openTool(p.ctx, c, false, p.notice)
	if err != nil {
		return restored{}, err
	}
	done, err := r.finish(p, t, c, from, at)
	t.close(p.ctx)
	if err != nil {
		return restored{}, clientText(err)
	}
	return done, sqlite.Sync(to.database())
}

func (r restoreCommand) finish(p *program, t *tool, c *Config, from dataDir, at time.Time) (done restored, err error) {
	var unreadable reseal.Unreadable
	if unreadable, err = t.Reseal.Unreadable(p.ctx, c.System.Now()); err != nil {
		return restored{}, err
	}
	if !unreadable.IsNone() && !bool(c.SecretKeyForce) {
		return restored{}, fmt.Errorf("SECRET_KEY does not open %s of the backup: it is not the key that belongs to it. If that is lost for good, "+
			"SECRET_KEY_FORCE=on restores without it", unreadable)
	}
	var former string
	if from.there() == nil {
		former = from.database()
	}
	return afterRestore(p, t, c, at, former)
}

// checkKnown refuses a database whose schema is a later release's.
func checkKnown(ctx context.Context, c *Config) error {
	migrator, err := openMigrator(c)
	if err != nil {
		return err
	}
	defer func() { _ = migrator.Close() }()
	status, err := migrator.Status(ctx)
	if err != nil {
		return err
	}
	for _, m := range status {
		if m.Unknown {
			return fmt.Errorf("the backup is of a later release than this one: migration %d is unknown here. Restore it with that release", m.Version)
		}
	}
	return nil
}
