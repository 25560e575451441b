package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"
)

// Stdio is the program's streams.
type Stdio struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// commands is the command line.
type commands struct {
	Serve        serveCommand        `cmd:"" help:"Start the server. Without any setting it runs on SQLite in ./data, with mails in the development inbox."`
	Migrate      migrateCommand      `cmd:"" help:"Change the database's schema."`
	Admin        adminCommand        `cmd:"" help:"Administrators."`
	Users        usersCommand        `cmd:"" help:"Accounts: look at them, keep people out and let them in, help with passwords, erase."`
	Services     servicesCommand     `cmd:"" help:"Services: look at them, make them, switch them off and on, delete."`
	Roles        rolesCommand        `cmd:"" help:"The roles of services, and who holds them."`
	Permissions  permissionsCommand  `cmd:"" help:"The permissions that services register, of which roles are made."`
	Tokens       tokensCommand       `cmd:"" help:"The application tokens by which services prove themselves."`
	Keys         keysCommand         `cmd:"" help:"The keys that access tokens are signed with."`
	Mail         mailCommand         `cmd:"" help:"The mails that people get."`
	Config       configCommand       `cmd:"" help:"The settings: what is in effect, where it comes from, what it means."`
	Doctor       doctorCommand       `cmd:"" help:"Check a deployment from here: database, Redis, mail, addresses, keys. It changes nothing; exit 1 when something is wrong."`
	Import       importCommand       `cmd:"" help:"Take over what another system keeps."`
	Backup       backupCommand       `cmd:"" help:"Copy the embedded database into a file, also while a server uses it."`
	Restore      restoreCommand      `cmd:"" help:"Put a backup in the place of the embedded database, without what must not come back to life."`
	AfterRestore afterRestoreCommand `cmd:"" help:"End what a restored Postgres brought back to life, and list what is to be looked at."`
	Dev          devCommand          `cmd:"" help:"Tools for development."`
	Health       healthCommand       `cmd:"" help:"Ask the server on this machine whether it is alive; exit 1 when not."`
	Version      versionCommand      `cmd:"" help:"Print the version."`
	Help         helpCommand         `cmd:"" help:"Say what a command takes."`

	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`
}

// helpCommand is for the list of commands only: Main turns "help users" into "users --help".
type helpCommand struct {
	Command []string `arg:"" optional:"" help:"The command; all of them when none is named."`
}

// looking are the commands that only look, by their last word: they neither migrate nor make a database.
var looking = []string{"list", "show", "status"}

// program is what commands run with.
type program struct {
	ctx     context.Context //nolint:containedctx // kong passes one value to Run
	environ map[string]string
	stdio   Stdio
	looks   bool       // the command only looks
	command *kong.Node // the one that runs

	keys   *keyboard // of the terminal, once something was asked there
	editor *term.Terminal
}

// Main is the program: it returns the exit code, 0 for success, 1 for a failure, 2 for a wrong call, 130 for a prompt that was left.
func Main(ctx context.Context, args []string, environ map[string]string, stdio Stdio) int {
	code := -1
	if len(args) > 0 && args[0] == "help" {
		args = append(slices.Clone(args[1:]), "--help")
	}
	parser, err := kong.New(&commands{}, kong.Name("signet"),
		kong.Description("Central authentication and authorization for microservices. Settings come from the environment and .env; signet config shows them."),
		kong.Writers(stdio.Out, stdio.Err), kong.UsageOnError(), kong.Vars{"version": "signet " + Version()}, kong.Exit(func(c int) { code = c }))
	if err != nil {
		_, _ = fmt.Fprintln(stdio.Err, "signet:", err)
		return 2
	}
	call, err := parser.Parse(args)
	if code >= 0 { // --help, --version
		return code
	}
	if err != nil {
		_, _ = fmt.Fprintf(stdio.Err, "signet: %v\n", wrongCall(err))
		return 2
	}
	err = call.Run(&program{ctx: ctx, environ: environ, stdio: stdio, looks: slices.Contains(looking, call.Selected().Name), command: call.Selected()})
	if errors.Is(err, errInterrupted) {
		return 128 + int(syscall.SIGINT)
	}
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			_, _ = fmt.Fprintf(stdio.Err, "signet: %s\n", strings.TrimRight(line, "\n"))
		}
		return 1
	}
	return 0
}

// wrongCall says what is wrong with a call, and where the right ones are.
func wrongCall(err error) string {
	help, has := "signet", ""
	if failed, ok := errors.AsType[*kong.ParseError](err); ok && failed.Context != nil {
		for _, step := range failed.Context.Path {
			if step.Command == nil {
				continue
			}
			help += " " + step.Command.Name
			has = ""
			for _, command := range step.Command.Children {
				has += ", " + command.Name
			}
		}
	}
	text := err.Error()
	if has != "" && strings.HasPrefix(text, "unexpected argument ") {
		text = help + " has no command " + strings.TrimPrefix(text, "unexpected argument ") + ", but" + strings.TrimPrefix(has, ",")
	}
	return text + "\nTry: " + help + " --help"
}

// Environ is the process's environment over that of .env in the working folder, if there is one. A .env that can't be read is an
// error: starting without it would be starting another, empty server.
func Environ() (map[string]string, error) {
	content, err := os.ReadFile(".env")
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, errDotEnv
	}
	environ, err := parseDotEnv(string(content))
	if err != nil {
		return nil, err
	}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		environ[name] = value
	}
	return environ, nil
}
