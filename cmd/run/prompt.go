package run

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/signet-auth/signet/domain"
)

// errInterrupted is a prompt that was left by Ctrl-C or a signal. There is nothing to say about it.
var errInterrupted = errors.New("interrupted")

// terminal is the terminal that the person sits at, nil when there is none.
func (p *program) terminal() *os.File {
	if file, ok := p.stdio.In.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return file
	}
	return nil
}

// password reads a password from standard input or, without stdin, asks for it at the terminal. It is never an argument: those
// are seen by everybody on the machine and kept by shells.
func (p *program) password(stdin bool) (domain.Secret, error) {
	terminal := p.terminal()
	switch {
	case stdin:
		line, err := bufio.NewReader(io.LimitReader(p.stdio.In, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return domain.Secret{}, fmt.Errorf("read the password: %w", err)
		}
		return domain.NewSecret(strings.TrimRight(line, "\r\n")), nil
	case terminal == nil:
		return domain.Secret{}, errors.New("there is no terminal to ask for a password: give it on standard input with --password-stdin")
	}
	first, err := p.ask(terminal, "Password: ", true)
	if err != nil {
		return domain.Secret{}, err
	}
	again, err := p.ask(terminal, "Again: ", true)
	if err == nil && first != again {
		err = errors.New("the two are not equal, and nothing was done")
	}
	return domain.NewSecret(first), err
}

// confirm asks whether to go on. Without a terminal the answer is in the flag that the error names.
func (p *program) confirm(question, flag string) error {
	terminal := p.terminal()
	if terminal == nil {
		return fmt.Errorf("%s Confirm with %s", question, flag)
	}
	answer, err := p.ask(terminal, question+" [y/N] ", false)
	if err == nil && !slices.Contains([]string{"y", "yes"}, strings.ToLower(strings.TrimSpace(answer))) {
		err = errors.New("nothing was done")
	}
	return err
}

// ask prints a prompt and reads a line, hidden or not. Ctrl-C and Ctrl-D leave it at once, and so do signals, which end the context; the
// terminal is then as it was.
func (p *program) ask(terminal *os.File, prompt string, hidden bool) (string, error) {
	before, err := term.MakeRaw(int(terminal.Fd()))
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(int(terminal.Fd()), before) }()
	if p.editor == nil { // one for all questions: it may have read ahead
		p.keys = &keyboard{Reader: terminal}
		p.editor = term.NewTerminal(struct {
			io.Reader
			io.Writer
		}{p.keys, p.stdio.Err}, "")
	}
	p.editor.SetPrompt(prompt)
	type answer struct {
		text string
		err  error
	}
	given := make(chan answer, 1)
	go func() {
		read := p.editor.ReadLine
		if hidden {
			read = func() (string, error) { return p.editor.ReadPassword(prompt) }
		}
		text, err := read()
		given <- answer{text, err}
	}()
	left := func() { _, _ = fmt.Fprint(p.stdio.Err, "\r\n") }
	select {
	case <-p.ctx.Done():
		left()
		return "", errInterrupted
	case a := <-given:
		switch {
		case a.err == nil:
			return a.text, nil
		case p.keys.interrupted:
			left()
			return "", errInterrupted
		case errors.Is(a.err, io.EOF):
			left()
			return "", errors.New("nothing was typed, and nothing was done")
		}
		return "", a.err
	}
}

// keyboard notices Ctrl-C, which a terminal that is read key by key makes no signal of.
type keyboard struct {
	io.Reader

	interrupted bool
}

func (k *keyboard) Read(keys []byte) (int, error) {
	n, err := k.Reader.Read(keys)
	k.interrupted = k.interrupted || bytes.ContainsRune(keys[:n], '\x03')
	return n, err
}
