package run

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/signet-auth/signet/adapters/bunsql/flask"
	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

type importCommand struct {
	Flask importFlask `cmd:"" help:"Take over what the Flask service keeps (docs/migrating-from-flask.md)."`
}

type importFlask struct {
	DSN           string            `required:"" name:"dsn" help:"The Flask service's database: postgresql://user@host/database. It is only read. A password is better in PGPASSWORD or ~/.pgpass."`
	DryRun        bool              `help:"Change nothing, and say what would be taken and what can't be."`
	Source        string            `help:"What integer ids are made into ids with: another one for each Flask service." default:"flask"`
	Map           map[string]string `help:"A role that Signet has itself: auth_service's as admin=admin, another service's as billing-api/admin=admin. Again for more." placeholder:"[SERVICE/]ROLE=ROLE"`
	MapPermission map[string]string `help:"A permission whose name is none here: \"Manage Invoices=invoice:manage\". Again for more." placeholder:"OLD=NEW"`
	Mapping       string            `help:"Write what integer ids have become into this file, a line of JSON each."`
	Tokens        string            `help:"Write the new application tokens to the end of this file, a line of JSON each, instead of to standard output."`
}

// Run reads everything first, so that what can't be taken is known before anything is written. Each step finds what an earlier run has done.
func (f importFlask) Run(p *program) error {
	source, err := flask.Open(p.ctx, f.DSN)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	rest, err := source.Rest(p.ctx)
	if err != nil {
		return err
	}
	return p.users(func(t *tool) error {
		mapping, err := openMapping(f.Mapping)
		if err != nil {
			return err
		}
		out, end, err := f.openTokens(p)
		if err != nil {
			return err
		}
		m := &flaskImport{
			importFlask: f, program: p, tool: t, source: source, rest: rest, mapping: mapping, out: out, done: map[string]int{}, there: map[string]int{},
		}
		return errors.Join(m.all(), mapping.close(), end())
	})
}

// flaskImport is one run.
type flaskImport struct {
	importFlask
	*program
	*tool

	source  *flask.Source
	rest    flask.Rest
	mapping *mapping
	out     io.Writer // of new tokens

	users    map[string]domain.UserID // those that are here, by their old ids; so are the next three
	services map[string]flaskService
	carried  map[string]flaskPermission
	roles    map[string]flaskRole
	done     map[string]int // how many of a kind were taken, or would be
	there    map[string]int // how many of a kind an earlier run has taken
	left     int            // how many things were left out, or not taken whole
}

// all takes everything over, each kind after what it refers to.
func (m *flaskImport) all() error {
	for _, unknown := range m.source.Unknown() {
		m.leave("column "+unknown, "it is not known, and what is in it is not taken")
	}
	for _, step := range []func() error{m.takeUsers, m.takeServices, m.takePermissions, m.takeRoles, m.takeGrants, m.takeTokens} {
		if err := step(); err != nil {
			return err
		}
	}
	m.report()
	return nil
}

// report goes to standard output, unless that has the new tokens.
func (m *flaskImport) report() {
	say, verb := m.program.done, "taken"
	if m.DryRun {
		verb = "to take"
	} else if m.Tokens == "" {
		say = m.notice
	}
	for _, kind := range []string{"users", "services", "permissions", "roles", "role holders", "application tokens"} {
		say("%s: %d %s, %d were there already", kind, m.done[kind], verb, m.there[kind])
	}
	say("%d things are not taken, or not whole; standard error says which and why", m.left)
}

// leave says what is not taken, and why.
func (m *flaskImport) leave(what, why string) {
	m.left++
	m.notice("%s: %s", what, why)
}

// idOf is the id of a row here: a UUID stays, anything else becomes one, the same each time, which the mapping tells.
func idOf[T ~string](m *flaskImport, table, old string) T {
	if id, ok := domain.ParseID[T](old); ok {
		return id
	}
	return domain.DeriveID[T]("flask "+table, m.Source+"\x00"+old)
}

// remember puts an id that had to be made into the mapping.
func (m *flaskImport) remember(table, old, id string) error {
	if _, same := domain.ParseID[string](old); same {
		return nil
	}
	return m.mapping.add(table+"/"+old, id)
}

// takeUsers takes all of them through the import of users, whose rules are theirs.
func (m *flaskImport) takeUsers() error {
	run, err := m.Users.Import(user.ImportInput{Actor: domain.System(), Source: m.Source, DryRun: m.DryRun, WithoutHash: true})
	if err != nil {
		return err
	}
	m.users = map[string]domain.UserID{}
	i := newImporting(m.program, m.tool, run)
	i.goesOn, i.onWhy = true, func() { m.left++ }
	i.took = func(label string, id domain.UserID) error {
		old := strings.TrimPrefix(label, "users.id ")
		m.users[old] = id
		return m.remember("users", old, string(id))
	}
	err = m.source.Users(m.ctx, func(u flask.User) error {
		imported := user.ImportedUser{
			ID: string(idOf[domain.UserID](m, "users", u.ID)), Email: u.Email, EmailVerified: u.Verified, PasswordHash: u.Hash, FirstName: u.First, LastName: u.Last,
			Disabled: !u.Active, CreatedAt: u.CreatedAt,
		}
		for _, a := range m.rest.Accounts[u.ID] {
			issuer := flaskIssuers[a.Provider]
			if issuer == "" {
				m.leave("users.id "+u.ID, fmt.Sprintf("its way in through the provider %q is left out: what it calls accounts is not known here", domain.Clip(a.Provider, 32)))
				continue
			}
			imported.Identities = append(imported.Identities, user.ImportedIdentity{Issuer: issuer, Subject: a.Subject, Provider: a.Provider, Email: a.Email})
		}
		return i.add("users.id "+u.ID, imported)
	})
	if err == nil {
		err = i.flush()
	}
	i.progress.end()
	m.done["users"], m.there["users"] = i.count[user.Imported], i.count[user.ImportPresent]
	return err
}

// flaskIssuers are the providers of the Flask service whose accounts are the same here: those that have one issuer for everybody.
var flaskIssuers = map[string]string{
	"google": "https://accounts.google.com", "github": "https://github.com", "discord": "https://discord.com", "facebook": "https://www.facebook.com",
	"apple": "https://appleid.apple.com",
}

// openTokens is where new tokens go: a file for the operator's eyes only, or standard output.
func (f importFlask) openTokens(p *program) (out io.Writer, end func() error, err error) {
	if f.Tokens == "" || f.DryRun {
		return p.stdio.Out, func() error { return nil }, nil
	}
	file, err := os.OpenFile(f.Tokens, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) // what an earlier run wrote is shown nowhere again
	if err == nil {
		err = file.Chmod(0o600)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("--tokens: %w", err)
	}
	return file, func() error { return errors.Join(file.Sync(), file.Close()) }, nil
}
