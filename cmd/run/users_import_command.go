package run

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

type usersImport struct {
	File        string `arg:"" help:"The file, or - for standard input."`
	Source      string `help:"Where they come from: part of the ids that are made of external_id, and in the audit log." default:"import"`
	DryRun      bool   `help:"Change nothing, and say what would happen."`
	SkipInvalid bool   `help:"Leave out lines that can't be taken, instead of stopping at the first."`
	Mapping     string `help:"Write the id of each external_id into this file, a line of JSON each."`
}

// Run imports. Lines that were taken before are known by their ids, so a run that was broken off is simply begun again.
func (u usersImport) Run(p *program) error {
	in := p.stdio.In
	if u.File != "-" {
		file, err := os.Open(u.File)
		if err != nil {
			return fmt.Errorf("the file can't be read: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	return p.users(func(t *tool) error {
		run, err := t.Users.Import(user.ImportInput{Actor: domain.System(), Source: u.Source, DryRun: u.DryRun, Strict: !u.SkipInvalid})
		if err != nil {
			return err
		}
		mapping, err := openMapping(u.Mapping)
		if err != nil {
			return err
		}
		i := newImporting(p, t, run)
		i.goesOn, i.mapping = u.SkipInvalid || u.DryRun, mapping
		err = errors.Join(i.lines(newUserLines(in)), mapping.close())
		i.report(u.DryRun)
		if err == nil && i.count[user.ImportRefused] > 0 && !u.SkipInvalid {
			err = errors.New("not all can be taken: mend the lines above, or leave them out with --skip-invalid")
		}
		return err
	})
}

// lines imports every line.
func (i *importing) lines(in *userLines) error {
	for {
		next, err := in.next()
		label := fmt.Sprintf("line %d", in.line)
		var bad lineError
		switch {
		case errors.Is(err, io.EOF):
			return i.flush()
		case errors.As(err, &bad):
			if err = i.flush(); err == nil { // first those before it, in their order
				err = i.refuse(label, bad.why)
			}
		case err == nil:
			err = i.add(label, next)
		}
		if err != nil {
			return err
		}
	}
}
