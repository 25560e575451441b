package run

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/signet-auth/signet/app/user"
	"github.com/signet-auth/signet/domain"
)

// importing gives accounts to an import, a batch at a time, and says what became of those that can't be taken as they are: by a label, never
// by what is in them.
type importing struct {
	*program

	run      *user.Import
	goesOn   bool // past what can't be taken
	mapping  *mapping
	progress progress
	took     func(label string, id domain.UserID) error // may be nil
	onWhy    func()                                     // hears of each that is not taken whole; may be nil

	batch  []user.ImportedUser
	labels []string
	count  map[user.ImportResult]int
}

func newImporting(p *program, t *tool, run *user.Import) *importing {
	return &importing{program: p, run: run, count: map[user.ImportResult]int{}, progress: newProgress(p.stdio.Err, t.Base.System.Now)}
}

// errNotTaken ends a run that does not go on.
var errNotTaken = errors.New("nothing of this batch was written; what came before it was, and is known when the import is begun again")

func (i *importing) add(label string, u user.ImportedUser) error {
	i.batch, i.labels = append(i.batch, u), append(i.labels, label)
	if len(i.batch) < user.MaxImported {
		return nil
	}
	return i.flush()
}

// refuse counts what never became an account.
func (i *importing) refuse(label, why string) error {
	i.count[user.ImportRefused]++
	i.say(label, why)
	if i.goesOn {
		return nil
	}
	return errNotTaken
}

func (i *importing) say(label, why string) {
	i.progress.end()
	i.notice("%s: %s", label, why)
}

// flush imports what has gathered.
func (i *importing) flush() error {
	outcomes, err := i.run.Add(i.ctx, i.batch)
	if err != nil {
		return err
	}
	refused := false
	for n, o := range outcomes {
		refused = refused || o.Result == user.ImportRefused
		if o.Why != "" {
			i.say(i.labels[n], o.Why)
			if i.onWhy != nil {
				i.onWhy()
			}
		}
	}
	if refused && !i.goesOn {
		for _, o := range outcomes {
			if o.Result == user.ImportRefused {
				i.count[o.Result]++
			}
		}
		return errNotTaken
	}
	for n, o := range outcomes {
		i.count[o.Result]++
		if i.took != nil && o.Result != user.ImportRefused {
			if err := i.took(i.labels[n], o.ID); err != nil {
				return err
			}
		}
		if external := i.batch[n].ExternalID; external != "" && o.Result != user.ImportRefused {
			if err := i.mapping.add(external, string(o.ID)); err != nil {
				return err
			}
		}
	}
	i.progress.add(len(outcomes))
	i.batch, i.labels = i.batch[:0], i.labels[:0]
	return nil
}

func (i *importing) report(dry bool) {
	i.progress.end()
	verb := "imported"
	if dry {
		verb = "to import"
	}
	i.done("%d accounts %s, %d were there already, %d can't be taken", i.count[user.Imported], verb, i.count[user.ImportPresent], i.count[user.ImportRefused])
}

// mapping is a file that says which id an external one has become; the zero value writes nothing.
type mapping struct {
	file *os.File
	out  *bufio.Writer
}

func openMapping(path string) (*mapping, error) {
	if path == "" {
		return &mapping{}, nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--mapping: %w", err)
	}
	return &mapping{file, bufio.NewWriter(file)}, nil
}

func (m *mapping) add(external, id string) error {
	if m == nil || m.file == nil {
		return nil
	}
	text, err := json.Marshal(struct {
		External string `json:"external_id"`
		ID       string `json:"id"`
	}{external, id})
	if err != nil {
		return err
	}
	_, err = m.out.Write(append(text, '\n'))
	return err
}

func (m *mapping) close() error {
	if m == nil || m.file == nil {
		return nil
	}
	return errors.Join(m.out.Flush(), m.file.Close())
}

// progress is a line at a terminal that says how far a long run is, and nothing anywhere else.
type progress struct {
	out   *os.File // nil: no terminal
	now   func() time.Time
	begun time.Time
	told  time.Time
	n     int
}

func newProgress(out io.Writer, now func() time.Time) progress {
	p := progress{now: now, begun: now()}
	if file, ok := out.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		p.out = file
	}
	return p
}

func (p *progress) add(n int) {
	p.n += n
	now := p.now()
	if p.out == nil || now.Sub(p.told) < 200*time.Millisecond {
		return
	}
	p.told = now
	rate := float64(p.n) / max(now.Sub(p.begun).Seconds(), 0.001)
	_, _ = fmt.Fprintf(p.out, "\r%d accounts, %.0f a second\x1b[K", p.n, rate)
}

// end takes the line away, for what is to stay.
func (p *progress) end() {
	if p.out != nil && !p.told.IsZero() {
		_, _ = fmt.Fprint(p.out, "\r\x1b[K")
	}
}
