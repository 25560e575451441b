package run

import (
	"errors"
	"os"
	"strings"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/bunsql/postgres"
	"github.com/signet-auth/signet/adapters/bunsql/sqlite"
	"github.com/signet-auth/signet/app/restore"
	"github.com/signet-auth/signet/domain"
)

type afterRestoreCommand struct {
	inJSON

	BackupTime string `required:"" help:"The moment that the database went back to, such as 2027-01-31T12:00:00Z. When in doubt, an earlier one."`
	Former     string `help:"The database from before the restore, if it can still be read: its address, or the file of an embedded one. What it knows and the restored one does not is listed."`
}

// Run ends and lists.
func (a afterRestoreCommand) Run(p *program) error {
	at, err := time.Parse(time.RFC3339, a.BackupTime)
	if err != nil {
		return errors.New("--backup-time must be a time such as 2027-01-31T12:00:00Z")
	}
	c, err := parseConfig(p.environ, onData)
	if err != nil {
		return err
	}
	if c.embedded() && dataDir(c.DataDir).there() != nil {
		return dataDir(c.DataDir).there()
	}
	t, err := openTool(p.ctx, c, false, p.notice)
	if err != nil {
		return err
	}
	defer t.close(p.ctx)
	done, err := afterRestore(p, t, c, at, a.Former)
	if err != nil {
		return clientText(err)
	}
	return p.print(a.JSON, done.printed(), func() error { return done.print(p) })
}

// restored is what was done after a restore, and what is to be looked at.
type restored struct {
	At       time.Time
	Ended    restore.AfterOutput
	Standing restore.StandingOutput
	Undone   restore.UndoneOutput
	Compared bool   // with the former database
	Former   string // where that is now, if a restore has put it there
}

// afterRestore is the same after either way of restoring. A former database that can't be read is no reason to leave anything undone.
func afterRestore(p *program, t *tool, c *Config, at time.Time, former string) (done restored, err error) {
	done.At = at.UTC()
	if done.Ended, err = t.Restore.After(p.ctx, restore.AfterInput{Actor: domain.System(), BackupTime: at}); err != nil {
		return restored{}, err
	}
	if done.Standing, err = t.Restore.Standing(p.ctx, domain.System()); err != nil {
		return restored{}, err
	}
	if former == "" {
		return done, nil
	}
	db, err := openFormer(c, former)
	if err == nil {
		defer func() { _ = db.Close() }()
		in := restore.UndoneInput{Actor: domain.System(), Former: db.Read(), BackupTime: at}
		done.Undone, err = t.Restore.Undone(p.ctx, in)
	}
	if err != nil {
		p.notice("the database from before the restore can't be read, so what happened since is not known: %v", err)
		return done, nil
	}
	done.Compared = true
	return done, nil
}

func openFormer(c *Config, address string) (*bunsql.DB, error) {
	options := bunsql.Options{MaxConns: 2, Now: c.System.Now}
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return postgres.Open(address, options)
	}
	if _, err := os.Stat(address); err != nil {
		return nil, err
	}
	return sqlite.Open(address, options)
}
