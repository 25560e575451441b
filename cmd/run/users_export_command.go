package run

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

type usersExport struct {
	File               string `arg:"" optional:"" help:"The file to write; there must be none yet. Standard output without it, or with -."`
	WithPasswordHashes bool   `help:"Password hashes too: into a file for your eyes only, or another program."`
}

// Run exports.
func (u usersExport) Run(p *program) error {
	if u.File == "-" {
		u.File = ""
	}
	if screen, ok := p.stdio.Out.(*os.File); ok && u.File == "" && u.WithPasswordHashes && term.IsTerminal(int(screen.Fd())) {
		return errors.New("password hashes are not for a screen: name a file, or pass the output on to a program")
	}
	return p.users(func(t *tool) error {
		out, end := p.stdio.Out, func() error { return nil }
		if u.File != "" {
			file, err := os.OpenFile(u.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return fmt.Errorf("write the file: %w", err)
			}
			out, end = file, func() error { return errors.Join(file.Sync(), file.Close()) }
		}
		n, err := u.write(p, t, out)
		if err = errors.Join(err, end()); err != nil {
			return err
		}
		p.notice("accounts written: %d, without those that their owners have closed", n)
		return nil
	})
}

func (u usersExport) write(p *program, t *tool, out io.Writer) (int, error) {
	buffered := bufio.NewWriterSize(out, 64<<10)
	encoder := json.NewEncoder(buffered)
	encoder.SetEscapeHTML(false)
	n, err := t.Users.ExportAll(p.ctx, user.ExportAllInput{Actor: domain.System(), Hashes: u.WithPasswordHashes, Each: func(a user.Account) error {
		line, err := userLineOf(a, u.WithPasswordHashes)
		if err != nil {
			return err
		}
		return encoder.Encode(line)
	}})
	return n, errors.Join(err, buffered.Flush())
}
