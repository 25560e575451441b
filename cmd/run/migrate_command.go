package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/migrations"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply what is pending, or some steps of it."`
	Down   migrateDown   `cmd:"" help:"Take the last step back, or some steps."`
	Status migrateStatus `cmd:"" help:"List the migrations and when they were applied."`
	Create migrateCreate `cmd:"" help:"Make the two files of a new migration below migrations/."`
}

type migrateUp struct {
	Steps int `help:"How many; everything unless given." default:"0"`
}

type migrateDown struct {
	Steps int  `help:"How many." default:"1"`
	All   bool `help:"All of them: the database is empty after it. Refused in production."`
	Yes   bool `help:"Confirm, where it would be asked: in production, and for --all."`
}

type migrateStatus struct{}

type migrateCreate struct {
	Name string `arg:"" help:"What it does, in a few words joined by dashes, such as add-teams."`
	Dir  string `help:"The folder of up/ and down/." default:"migrations"`
}

// Run applies migrations. Replicas that start together wait for each other.
func (m migrateUp) Run(p *program) error {
	if m.Steps < 0 {
		return errors.New("--steps must be 0 (everything) or more")
	}
	return p.migrator(func(_ *Config, migrator *bunsql.Migrator) error {
		applied, err := migrator.Up(p.ctx, m.Steps)
		for _, a := range applied {
			_, _ = fmt.Fprintf(p.stdio.Out, "applied %d %s\n", a.Version, a.Name)
		}
		if err == nil && len(applied) == 0 {
			_, _ = fmt.Fprintln(p.stdio.Out, "nothing to apply")
		}
		if err != nil || m.Steps > 0 {
			return err
		}
		// Here, because servers may work with a role that can't.
		made, err := migrator.PrepareMonths(p.ctx, time.Now(), monthsAhead)
		if made > 0 {
			_, _ = fmt.Fprintf(p.stdio.Out, "prepared %d monthly partitions\n", made)
		}
		return err
	})
}

// Run takes migrations back.
func (m migrateDown) Run(p *program) error {
	if m.Steps < 1 {
		return errors.New("--steps must be 1 or more")
	}
	if m.All && !m.Yes {
		return fmt.Errorf("--all drops every table and everything in it: confirm with --yes")
	}
	return p.migrator(func(c *Config, migrator *bunsql.Migrator) error {
		if err := m.allowed(p, c, migrator); err != nil {
			return err
		}
		taken, err := migrator.Down(p.ctx, m.Steps, m.All)
		for _, t := range taken {
			_, _ = fmt.Fprintf(p.stdio.Out, "took back %d %s\n", t.Version, t.Name)
		}
		if err == nil && len(taken) == 0 {
			_, _ = fmt.Fprintln(p.stdio.Out, "nothing to take back")
		}
		return err
	})
}

// allowed keeps a production database from being emptied by one command, however it is spelled, and asks before anything else, naming what
// would go.
func (m migrateDown) allowed(p *program, c *Config, migrator *bunsql.Migrator) error {
	if c.isDevelopment() {
		return nil
	}
	if m.All {
		return errors.New("--all is refused in production")
	}
	status, err := migrator.Status(p.ctx)
	if err != nil {
		return err
	}
	var applied []string
	for _, s := range slices.Backward(status) {
		if !s.AppliedAt.IsZero() {
			applied = append(applied, s.Name)
		}
	}
	switch {
	case len(applied) == 0:
		return nil
	case m.Steps >= len(applied):
		return fmt.Errorf("--steps %d would take back everything: refused in production", m.Steps)
	case m.Yes:
		return nil
	}
	return p.confirm("This takes back "+strings.Join(applied[:m.Steps], ", ")+", with all that is stored there.", "--yes")
}

// Run lists migrations.
func (migrateStatus) Run(p *program) error {
	return p.migrator(func(_ *Config, migrator *bunsql.Migrator) error {
		all, err := migrator.Status(p.ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(p.stdio.Out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(table, "VERSION\tNAME\tSTATE")
		for _, m := range all {
			state := "pending"
			if !m.AppliedAt.IsZero() {
				state = "applied " + m.AppliedAt.UTC().Format(time.RFC3339)
			}
			_, _ = fmt.Fprintf(table, "%d\t%s\t%s\n", m.Version, m.Name, state)
		}
		return table.Flush()
	})
}

// Run makes the files.
func (m migrateCreate) Run(p *program) error {
	up, down, err := migrations.Create(m.Dir, m.Name, time.Now())
	if err == nil {
		_, _ = fmt.Fprintf(p.stdio.Out, "%s\n%s\n", up, down)
	}
	return err
}

// migrator opens the database as its owner (MIGRATE_DATABASE_URI, where the server's own role may not change the schema).
func (p *program) migrator(use func(*Config, *bunsql.Migrator) error) error {
	c, err := parseConfig(p.environ, only("SIGNET_ENV", "DATABASE_URI", "MIGRATE_DATABASE_URI", "DATA_DIR"))
	if err != nil {
		return err
	}
	if p.looks && c.embedded() {
		if err := dataDir(c.DataDir).there(); err != nil {
			return err
		}
	}
	migrator, err := openMigrator(c)
	if err != nil {
		return err
	}
	defer func() { _ = migrator.Close() }()
	migrator.OnWait = func(_ context.Context, holder string) {
		_, _ = fmt.Fprintln(p.stdio.Err, "waiting for another process to finish migrating the database: the lock is held by", holder)
	}
	return use(c, migrator)
}
