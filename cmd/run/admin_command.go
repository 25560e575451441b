package run

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/signet-auth/signet/app/admin"
	"github.com/signet-auth/signet/domain"
)

type adminCommand struct {
	Create adminCreate `cmd:"" help:"Make an administrator with a proved mailbox and every platform permission."`
}

type adminCreate struct {
	Email         string `required:"" help:"The address to log in with."`
	PasswordStdin bool   `help:"Read the password from standard input instead of asking for it."`
}

// Run makes the administrator, also while a server uses the same database.
func (a adminCreate) Run(p *program) error {
	if _, err := p.config(); err != nil {
		return err // before anybody types a password
	}
	password, err := typedPassword(p.stdio, a.PasswordStdin)
	if err != nil {
		return err
	}
	return p.use(func(t *tool) error {
		id, err := t.Admins.Create(p.ctx, admin.CreateInput{Email: a.Email, Password: password})
		if err == nil {
			p.done("%s is an administrator now, with id %s", a.Email, id)
		}
		return err
	})
}

// typedPassword reads a password from standard input or, without stdin, asks for it at the terminal. It is never an argument: those
// are seen by everybody on the machine and kept by shells.
func typedPassword(stdio Stdio, stdin bool) (domain.Secret, error) {
	file, ok := stdio.In.(*os.File)
	if stdin || !ok || !term.IsTerminal(int(file.Fd())) {
		if !stdin {
			return domain.Secret{}, errors.New("there is no terminal to ask for a password: give it on standard input with --password-stdin")
		}
		line, err := bufio.NewReader(io.LimitReader(stdio.In, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return domain.Secret{}, fmt.Errorf("read the password: %w", err)
		}
		return domain.NewSecret(strings.TrimRight(line, "\r\n")), nil
	}
	first, err := ask(stdio.Err, file, "Password: ")
	if err != nil {
		return domain.Secret{}, err
	}
	again, err := ask(stdio.Err, file, "Again: ")
	if err == nil && first != again {
		err = errors.New("the two are not equal")
	}
	return domain.NewSecret(first), err
}

func ask(out io.Writer, terminal *os.File, prompt string) (string, error) {
	_, _ = fmt.Fprint(out, prompt)
	typed, err := term.ReadPassword(int(terminal.Fd()))
	_, _ = fmt.Fprintln(out)
	return string(typed), err
}

// clientText is what a person at a terminal should read of an error: its text, and not its code.
func clientText(err error) error {
	var e *domain.Error
	if errors.As(err, &e) && e.Kind != domain.Internal && e.Kind != domain.Unavailable {
		return errors.New(e.Text)
	}
	return err
}
