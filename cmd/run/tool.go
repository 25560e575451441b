package run

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/jwtoken"
	"github.com/signet-auth/signet/adapters/mailtmpl"
	"github.com/signet-auth/signet/adapters/memory"
	"github.com/signet-auth/signet/adapters/otp"
	"github.com/signet-auth/signet/adapters/pwhash"
	"github.com/signet-auth/signet/adapters/useragent"
	"github.com/signet-auth/signet/app"
)

// tool is the core without listeners and background work, for commands that look at data or change it, also while a server is running:
// they write as another replica would, and the server hears of it by the change feed.
type tool struct {
	*app.App

	db     *bunsql.DB
	hasher *pwhash.Hasher
}

// openTool opens what a server opens, except what other replicas share in Redis: nobody guesses at a terminal, and commands are heard
// of by the feed.
func openTool(ctx context.Context, c *Config, looks bool, told func(format string, args ...any)) (*tool, error) {
	if err := upToDate(ctx, c, looks, told); err != nil {
		return nil, err
	}
	sealer, err := openSealer(c)
	if err != nil {
		return nil, err
	}
	hasher, err := openHasher(c)
	if err != nil {
		return nil, err
	}
	composer, err := mailtmpl.New(mailtmpl.Options{}) // servers write the mails that commands promise
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	providers, err := c.openProviders(ctx, c.PublicURL, log) // none is asked: which there are says who can still log in
	if err != nil {
		return nil, err
	}
	db, err := openDatabase(c, c.Database, c.System)
	if err != nil {
		return nil, err
	}
	return &tool{db: db, hasher: hasher, App: app.New(app.Ports{
		Log: log, System: c.System, Store: db, Caches: memory.NewCaches(c.System.Now),
		Limiter: memory.Unlimited{}, Waker: memory.NewWaker(), Sealer: sealer, Hasher: hasher, KeyMaker: jwtoken.KeyMaker{},
		Issuer: jwtoken.Issuer{}, Verifier: jwtoken.Verifier{}, Composer: composer, Transport: memory.NewInbox(c.System.Now), Devices: useragent.Namer{}, OTP: otp.Generator{},
		Passkeys:  nil,
		Providers: providers.List(), PrepareMonths: c.prepareMonths,
	}, c.settings(c.PublicURL, c.Issuer, passwordPolicy(c, hasher)))}, nil
}

// close writes what was refused, which a server would write a second later.
func (t *tool) close(ctx context.Context) {
	t.Base.Audit.Flush(ctx)
	_ = t.db.Close()
}

// use runs a command on the core.
func (p *program) use(run func(*tool) error) error {
	c, err := parseConfig(p.environ, onData)
	if err != nil {
		return err
	}
	t, err := openTool(p.ctx, c, p.looks, p.notice)
	if err != nil {
		return err
	}
	defer t.close(p.ctx)
	return p.inFlags(run(t))
}

// upToDate brings the embedded database up, so that a command may come before the first start; with Postgres the schema's
// owner does it. A command that only looks changes nothing.
func upToDate(ctx context.Context, c *Config, looks bool, told func(format string, args ...any)) error {
	absent := c.embedded() && dataDir(c.DataDir).there() != nil
	if looks && absent {
		return dataDir(c.DataDir).there()
	}
	migrator, err := openMigrator(c)
	if err != nil {
		return err
	}
	defer func() { _ = migrator.Close() }()
	if c.embedded() && !looks {
		if absent {
			told("there was no database in %s (DATA_DIR), so one was made", c.DataDir)
		}
		_, err = migrator.Up(ctx, 0)
		return causeOf(err)
	}
	pending, err := migrator.Pending(ctx)
	if err != nil {
		return fmt.Errorf("look at the database's schema: %w", causeOf(err))
	}
	if pending {
		return errors.New("the database lacks migrations: run signet migrate up")
	}
	return nil
}

// notice says something to the person that is no answer.
func (p *program) notice(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stdio.Err, "signet: "+format+"\n", args...)
}
