package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
	"github.com/signet-auth/signet/adapters/rueidis"
	"github.com/signet-auth/signet/adapters/seal"
	"github.com/signet-auth/signet/adapters/smtpmail"
	"github.com/signet-auth/signet/app/keys"
	"github.com/signet-auth/signet/domain"
)

// doctor inspects a deployment from the machine it runs on, without changing it.
type doctor struct {
	config   *Config
	mistakes error // in the settings

	opened   *bunsql.DB
	database *bunsql.Inspection // nil: it can't be looked at
	schema   bool               // it is there, and this release can use it
}

func (d *doctor) close() {
	if d.opened != nil {
		_ = d.opened.Close()
	}
}

var (
	noDatabase = skip("the database can't be looked at: see database")
	noSchema   = skip("the schema can't be used: see schema")
)

func checkSettings(_ context.Context, d *doctor) []finding {
	found := []finding{ok("they can be used (%s)", d.config.Env)}
	if d.mistakes != nil {
		found = []finding{trouble(d.mistakes.Error(), "signet config explain NAME says what is accepted")}
	}
	for _, text := range slices.Concat(d.config.warnings, d.config.Providers.warnings) {
		found = append(found, warning(text, "rename it, or take it out"))
	}
	return found
}

// sealer is that of the servers; nil before the first start of a development server, which makes the key.
func (d *doctor) sealer() (*seal.Sealer, error) {
	c := d.config
	if c.SecretKey.IsZero() {
		if own, err := dataDir(c.DataDir).secretKey(false); err != nil || own.IsZero() {
			return nil, err
		}
	}
	return openSealer(c)
}

func checkSecretKey(_ context.Context, d *doctor) []finding {
	sealer, err := d.sealer()
	switch {
	case err != nil:
		return []finding{trouble(err.Error(), "set the SECRET_KEY that the servers have")}
	case sealer == nil:
		return []finding{skip("none yet: the first start makes one in " + d.config.DataDir)}
	}
	return []finding{ok("it is strong enough; whether it opens what is stored: see signing keys")}
}

// checkFolder opens what is there for writing and writes nothing.
func checkFolder(_ context.Context, d *doctor) []finding {
	c := d.config
	if !c.embedded() {
		return []finding{skip("not used with Postgres")}
	}
	folder := dataDir(c.DataDir)
	info, err := os.Stat(c.DataDir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return []finding{warning("there is not a folder "+c.DataDir+" yet", "signet serve makes it; if it should be there, check DATA_DIR and the working folder")}
	case err != nil:
		return []finding{trouble(err.Error(), "check DATA_DIR and its rights")}
	case !info.IsDir():
		return []finding{trouble(c.DataDir+" is not a folder", "set DATA_DIR to a folder")}
	}
	for _, path := range []string{folder.database(), filepath.Join(c.DataDir, "serve.lock")} {
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err == nil {
			err = file.Close()
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return []finding{trouble(err.Error(), "let the account that runs Signet write there")}
		}
	}
	return []finding{ok("%s", c.DataDir)}
}

func checkDatabase(ctx context.Context, d *doctor) []finding {
	c := d.config
	if c.embedded() {
		if err := dataDir(c.DataDir).there(); err != nil {
			return []finding{warning(err.Error(), "start the server, or check DATA_DIR and the working folder")}
		}
	}
	db, err := openDatabase(c, c.Database, c.System)
	if err != nil {
		return []finding{trouble(err.Error(), "check DATABASE_URI")}
	}
	d.opened = db
	found, err := db.Inspect(ctx)
	if err != nil {
		return []finding{trouble(causeOf(err).Error(), "check DATABASE_URI, and whether the server can be reached from here")}
	}
	d.database = &found
	if found.ReadOnly {
		return []finding{trouble(found.Server+" takes no writes: it is a standby, or in the middle of a failover",
			"point DATABASE_URI at the primary; with several hosts in it, add target_session_attrs=read-write")}
	}
	all := []finding{ok("%s", found.Server)}
	if !c.embedded() {
		all = append(all, d.way(found.Encryption, found.Verified, found.Local,
			"add sslmode=verify-full to DATABASE_URI, with sslrootcert=FILE where the authority is your own; a network within one machine may do without"))
	}
	return all
}

func checkSchema(ctx context.Context, d *doctor) []finding {
	if d.database == nil {
		return []finding{noDatabase}
	}
	migrator, err := openMigrator(d.config)
	if err != nil {
		return []finding{trouble(causeOf(err).Error(), "check MIGRATE_DATABASE_URI")}
	}
	defer func() { _ = migrator.Close() }()
	pending, err := migrator.Pending(ctx)
	if err != nil {
		return []finding{trouble(causeOf(err).Error(), "check MIGRATE_DATABASE_URI, or the release")}
	}
	all, err := migrator.Status(ctx)
	if err != nil {
		return []finding{trouble(causeOf(err).Error(), "check MIGRATE_DATABASE_URI")}
	}
	applied := slices.ContainsFunc(all, func(m bunsql.Migration) bool { return !m.AppliedAt.IsZero() })
	d.schema = !pending
	switch {
	case !applied:
		return []finding{warning("the database is empty", "the first start fills it, or: signet migrate up")}
	case pending:
		return []finding{warning("migrations are pending", "the next start applies them, or: signet migrate up")}
	case all[len(all)-1].Unknown:
		return []finding{warning("a newer release has changed it", "fine during a rollout; else start that release here, too")}
	}
	return []finding{ok("current (%d migrations)", len(all))}
}

func checkRole(_ context.Context, d *doctor) []finding {
	switch {
	case d.config.embedded():
		return []finding{skip("SQLite has no roles")}
	case d.database == nil:
		return []finding{noDatabase}
	case !d.schema:
		return []finding{noSchema}
	}
	f := d.database
	lacks := slices.Clone(f.Lacks)
	if d.config.AuditKeep == 0 { // nothing changes what is in the audit log, and nothing but its retention removes it
		lacks = slices.DeleteFunc(lacks, func(right string) bool { return right == "UPDATE on audit_events" || right == "DELETE on audit_events" })
	}
	switch {
	case len(lacks) > 0:
		return []finding{trouble(fmt.Sprintf("%s lacks %s", f.Role, strings.Join(lacks, ", ")),
			"as the schema's owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "+f.Role+" (docs/operations.md#postgres)")}
	case f.Superuser && d.config.Env == production:
		return []finding{warning(f.Role+" is a superuser: a bug in Signet could damage the whole database server", "serve as a role of its own, without rights beyond those on the tables")}
	case f.OwnsSchema && d.config.Env == production && !d.config.MigrateURI.IsZero():
		return []finding{warning(f.Role+" owns the schema, though MIGRATE_DATABASE_URI names another role for that", "serve as a role that may only read and write rows")}
	case f.OwnsSchema && d.config.Env == production:
		return []finding{warning(f.Role+" owns the schema: an attacker who takes over Signet could drop the tables", "serve as a role that may only read and write rows, and give the owner in MIGRATE_DATABASE_URI")}
	}
	if f.AppendOnly {
		return []finding{ok("%s may read and write every table, and only add to the audit log", f.Role)}
	}
	return []finding{ok("%s may read and write every table", f.Role)}
}

func checkPooler(_ context.Context, d *doctor) []finding {
	switch {
	case d.config.embedded():
		return []finding{skip("SQLite has no server")}
	case d.database == nil:
		return []finding{noDatabase}
	}
	switch d.database.Pooler {
	case bunsql.TransactionPooler:
		return []finding{ok("a pooler in transaction mode: Signet needs nothing of a session. Migrations need two of its connections at a time")}
	case bunsql.SessionPooler:
		return []finding{ok("a pooler in session mode: let it have more connections than all replicas together (DATABASE_POOL and one, each)")}
	case bunsql.NoPooler:
	}
	return []finding{ok("none: direct connection")}
}

// How far the clock of the database may be away: tokens and locks are dated here, and read by other machines.
const (
	clockNoticed = time.Second
	clockWrong   = 30 * time.Second
)

func checkClock(_ context.Context, d *doctor) []finding {
	switch {
	case d.config.embedded():
		return []finding{skip("the database has this machine's clock")}
	case d.database == nil:
		return []finding{noDatabase}
	}
	ahead := d.database.Ahead
	seen := fmt.Sprintf("this machine's clock is %s behind the database's", ahead.Round(time.Millisecond))
	if ahead < 0 {
		seen = fmt.Sprintf("this machine's clock is %s ahead of the database's", -ahead.Round(time.Millisecond))
	}
	switch ahead = ahead.Abs(); {
	case ahead >= clockWrong:
		return []finding{trouble(seen, "set the clocks by NTP: tokens are refused, and locks end early, where clocks differ so")}
	case ahead >= clockNoticed:
		return []finding{warning(seen, "set the clocks by NTP")}
	}
	return []finding{ok("%s", seen)}
}

func checkRedis(ctx context.Context, d *doctor) []finding {
	if !d.config.redis() {
		return []finding{skip("none is configured: limits count in each process")}
	}
	options := d.config.redisOptions(nil)
	encrypted, local, err := options.Way()
	if err == nil {
		err = rueidis.Check(ctx, options)
	}
	if err != nil {
		return []finding{trouble(err.Error(), "check REDIS_URL (or REDIS_HOST, REDIS_SENTINELS and the rest), and what its user may do. Signet serves without it, with limits for each replica")}
	}
	encryption := map[bool]string{true: "TLS"}[encrypted]
	return []finding{ok("it counts"), d.way(encryption, encrypted, local,
		"use rediss:// in REDIS_URL, or REDIS_TLS=on; a network within one machine may do without")}
}

// way judges how what is sent gets to a server.
func (d *doctor) way(encryption string, verified, local bool, do string) finding {
	seen := "the connection is not encrypted"
	switch {
	case encryption != "" && verified:
		return ok("the connection is encrypted (%s), and the certificate verified", encryption)
	case encryption != "":
		seen = "the connection is encrypted (" + encryption + "), but nothing verifies the certificate: an attacker in between could present their own"
	}
	if d.config.Env == production && !local {
		return warning(seen, do)
	}
	return ok("%s", seen)
}

func checkMailServer(ctx context.Context, d *doctor) []finding {
	c := d.config
	if c.inbox() {
		return []finding{skip("no MAIL_SERVER: mails stay in the development inbox")}
	}
	transport, err := openTransport(c)
	if err == nil {
		err = transport.Check(ctx)
	}
	if err != nil {
		return []finding{trouble(fmt.Sprintf("%s, port %d: %s", c.MailServer, c.MailPort, plainMail(err)),
			cmp.Or(smtpmail.Advice(err), "check MAIL_SERVER, MAIL_PORT, and which of MAIL_USE_TLS and MAIL_USE_SSL is on"))}
	}
	how := map[bool]string{true: "encrypted, with a certificate that is trusted"}[bool(c.MailTLS || c.MailStartTLS)]
	if how == "" {
		how = "not encrypted"
	}
	if c.MailUser != "" {
		how += ", and takes the password"
	}
	return []finding{ok("%s, port %d: %s (signet mail test ADDRESS sends one)", c.MailServer, c.MailPort, how)}
}

// checkKeys needs all of the core, which opens the keys as a server does.
func checkKeys(ctx context.Context, d *doctor) []finding {
	sealer, err := d.sealer()
	switch {
	case d.database == nil:
		return []finding{noDatabase}
	case !d.schema:
		return []finding{noSchema}
	case err != nil || sealer == nil:
		return []finding{skip("there is no SECRET_KEY to open them with")}
	}
	all, err := d.opened.Read().Keys.All(ctx)
	if err != nil {
		return []finding{trouble(causeOf(err).Error(), "see database")}
	}
	if len(all) == 0 {
		return []finding{skip("none yet: the first start makes them")}
	}
	var found []finding
	for _, key := range all {
		if len(key.Private) == 0 {
			continue
		}
		_, previous, err := sealer.Reseal(keys.Place(key.KID), key.Private)
		if err != nil {
			return []finding{trouble("SECRET_KEY does not open "+key.KID, "set the SECRET_KEY that sealed it, or add that to SECRET_KEY_PREVIOUS (docs/operations.md)")}
		}
		if previous {
			found = append(found, warning(key.KID+" is sealed under a previous SECRET_KEY", "keep it in SECRET_KEY_PREVIOUS until signet keys list shows no such key"))
		}
		if key.State == domain.KeyActive {
			found = append(found, d.age(key))
		}
	}
	return found
}

// rotationMargin is how late a rotation may be: sweeps do it, and a replica may have been off.
const rotationMargin = 24 * time.Hour

func (d *doctor) age(key domain.SigningKey) finding {
	age, rotation := d.config.System.Now().Sub(key.ActivatedAt), time.Duration(d.config.KeyRotation)
	seen := fmt.Sprintf("%s (%s) has signed for %s", key.KID, key.Algorithm, duration(age.Truncate(time.Minute)))
	switch {
	case rotation > 0 && age > rotation+rotationMargin:
		return trouble(seen+", longer than KEY_ROTATION", "no replica rotates it: look for errors of the janitor in their logs, or: signet keys rotate")
	case key.Algorithm != d.config.Algorithm:
		return warning(seen+", and JWT_ALG is "+string(d.config.Algorithm), "set JWT_ALG to the same on all replicas")
	}
	return ok("%s", seen)
}

// maxListed is how many administrators without a second factor are named.
const maxListed = 20

// checkAdministrators names those who hold roles of the platform and have no second factor: MFA_PLATFORM would shut them out, and until then
// anybody with the password of one is one.
func checkAdministrators(ctx context.Context, d *doctor) []finding {
	switch {
	case d.database == nil:
		return []finding{noDatabase}
	case !d.schema:
		return []finding{noSchema}
	}
	without, err := d.opened.Read().Grants.WithoutFactor(ctx, d.config.System.Now(), maxListed)
	if err != nil {
		return []finding{trouble(causeOf(err).Error(), "see database")}
	}
	var found []finding
	if d.config.platformLevel() == domain.AAL1 {
		found = append(found, d.advise(adviceOnLevel, "let administrators add a second factor, then set MFA_PLATFORM=aal2"))
	}
	for _, user := range without {
		found = append(found, d.advise(user.Email+" holds roles of Signet and has no second factor", "let them add one (docs/factors.md)"))
	}
	if len(found) == 0 {
		found = append(found, ok("all have a second factor, and their roles count from %s on", d.config.platformLevel()))
	}
	return found
}

const adviceOnLevel = "MFA_PLATFORM is aal1: the password of an administrator is enough to be one"

// advise warns in production, and only says so elsewhere.
func (d *doctor) advise(seen, do string) finding {
	if d.config.Env == production {
		return warning(seen, do)
	}
	return ok("%s", seen)
}
