package run

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

type configCommand struct {
	Show    configShow    `cmd:"" default:"withargs" help:"Print what is set, and where each value comes from; exit 1 when something can't be used. (config alone does it, too.)"`
	Explain configExplain `cmd:"" help:"Say what a setting does, what it takes, and what it is now."`
}

type configShow struct {
	All  bool `help:"The defaults too."`
	JSON bool `help:"Print JSON."`
}

type configExplain struct {
	Name string `arg:"" help:"The setting, such as PUBLIC_URL."`
}

// shownSetting is a setting in effect, as the command line prints it.
type shownSetting struct {
	Name   string `json:"name"`
	Group  string `json:"group"`
	Value  string `json:"value"`
	Source string `json:"source"`
	Secret bool   `json:"secret,omitempty"`

	isDefault bool
}

type shownConfig struct {
	Settings []shownSetting `json:"settings"`
	Warnings []string       `json:"warnings"`
	Errors   []string       `json:"errors"`
}

// Run prints the settings also when some can't be used, which is when they are looked at.
func (c configShow) Run(p *program) error {
	config, err := readConfig(p.environ, all)
	shown := shownConfig{Settings: []shownSetting{}, Warnings: slices.Concat([]string{}, config.warnings, config.Providers.warnings), Errors: mistakes(err)}
	for _, s := range config.show(err) {
		if c.All || !s.isDefault {
			shown.Settings = append(shown.Settings, s)
		}
	}
	if c.JSON {
		if printed := printJSON(p.stdio.Out, shown); printed != nil {
			return printed
		}
		return err
	}
	for _, warning := range shown.Warnings {
		p.notice("%s", warning)
	}
	if len(shown.Settings) == 0 {
		_, _ = fmt.Fprintln(p.stdio.Out, "nothing is set: --all shows the defaults")
		return err
	}
	if printed := printSettings(p.stdio.Out, shown.Settings); printed != nil {
		return printed
	}
	return err
}

func printSettings(out io.Writer, settings []shownSetting) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	last := ""
	for _, s := range settings {
		if s.Group != last {
			if last != "" {
				_, _ = fmt.Fprintln(table)
			}
			_, _ = fmt.Fprintf(table, "# %s\n", s.Group)
			last = s.Group
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", s.Name, s.Value, s.Source)
	}
	return table.Flush()
}

// mistakes are the lines of an error.
func mistakes(err error) []string {
	lines := []string{}
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	return lines
}

// show lists all settings with what is in effect. What can't be used is shown as it was given.
func (c *Config) show(err error) []shownSetting {
	var shown []shownSetting
	wrong := map[string]bool{}
	for _, line := range mistakes(err) {
		wrong[settingOf(fmt.Errorf("%s", line))] = true
	}
	places := dotEnvLines()
	title := ""
	for _, g := range c.groups() {
		title = cmp.Or(g.title, title)
		for _, s := range g.settings {
			one := shownSetting{Name: s.name, Group: title, Value: s.value(), Source: c.source(s, places), Secret: s.secret}
			if wrong[s.name] && c.via[s.name] != "" && !s.secret {
				one.Value = withoutPassword(c.given[s.name])
			}
			if one.isDefault = one.Source == fromDefault; one.isDefault && one.Value == "" && s.empty != "" {
				one.Source += ": " + s.empty
			}
			shown = append(shown, one)
		}
	}
	return shown
}

const fromDefault = "default"

// source says where a value comes from.
func (c *Config) source(s setting, dotEnv map[string]int) string {
	variable := c.via[s.name]
	if variable == "" {
		if known, ok := declaration(s.name); !ok || known.value() == s.value() {
			return fromDefault
		}
		return "derived: " + cmp.Or(s.empty, "from other settings")
	}
	place := "environment"
	if _, set := os.LookupEnv(variable); !set && dotEnv[variable] > 0 {
		place = fmt.Sprintf(".env line %d", dotEnv[variable])
	}
	switch variable {
	case s.name:
		return place
	case s.name + "_FILE":
		return fmt.Sprintf("%s (%s, %s)", variable, clean(c.given[variable]), place)
	}
	return fmt.Sprintf("%s, its old name (%s)", variable, place)
}

// dotEnvLines are the lines of the .env in the working folder, which Environ has read before.
func dotEnvLines() map[string]int {
	content, err := os.ReadFile(".env")
	if err != nil {
		return nil
	}
	_, lines, _ := readDotEnv(string(content))
	return lines
}

// Run explains.
func (c configExplain) Run(p *program) error {
	name := strings.ToUpper(strings.TrimSpace(c.Name))
	known, ok := declaration(name)
	if !ok {
		near := nearest(name)
		if len(near) == 0 {
			return fmt.Errorf("%s is no setting: signet config --all lists them", name)
		}
		return fmt.Errorf("%s is no setting: did you mean %s?", name, strings.Join(near, ", "))
	}
	config, err := readConfig(p.environ, only(known.name))
	now := shownSetting{Name: known.name, Value: known.value(), Source: fromDefault}
	for _, s := range config.show(err) {
		if s.Name == known.name {
			now = s
		}
	}
	preset := cmp.Or(known.preset, known.empty, "none")
	_, _ = fmt.Fprintf(p.stdio.Out, "%s\n", known.name)
	table := tabwriter.NewWriter(p.stdio.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "  What it does\t%s\n  Accepted\t%s\n  Default\t%s\n  Now\t%s\n", known.text, known.accepted(), preset, inEffect(now))
	if known.secret {
		_, _ = fmt.Fprintf(table, "  From a file\t%s_FILE\n", known.name)
	}
	if known.old != "" {
		_, _ = fmt.Fprintf(table, "  Old name\t%s\n", known.old)
	}
	if flushed := table.Flush(); flushed != nil {
		return flushed
	}
	return err
}

func inEffect(s shownSetting) string {
	if s.Value == "" {
		return "(" + s.Source + ")"
	}
	return s.Value + " (" + s.Source + ")"
}

// nearest are the settings that somebody may have meant: those with the fewest letters changed, and those that the word is a part of.
func nearest(word string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var all []candidate
	for _, s := range declared {
		for _, name := range []string{s.name, s.old} {
			if name == "" {
				continue
			}
			if d := distance(word, name); d <= max(2, len(name)/4) {
				all = append(all, candidate{s.name, d})
			} else if len(word) >= 4 && strings.Contains(name, word) {
				all = append(all, candidate{s.name, len(name)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var found []string
	for _, c := range all[:min(len(all), 4)] {
		if !slices.Contains(found, c.name) {
			found = append(found, c.name)
		}
	}
	return found
}

// distance is how many letters must be added, taken out or changed (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
