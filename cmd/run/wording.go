package run

import (
	"errors"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/signet-auth/signet/domain"
)

// inFlags is what a person at a terminal should read of an error: its text, not its code, and the names of flags for the fields of the
// API.
func (p *program) inFlags(err error) error {
	e, ok := errors.AsType[*domain.Error](err)
	if !ok || len(e.Fields) == 0 || p.command == nil {
		return clientText(err)
	}
	texts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		texts[i] = f.Text
		if rest, ok := strings.CutPrefix(f.Text, f.Field+" "); ok {
			texts[i] = argument(p.command, f.Field) + " " + rest
		}
	}
	return errors.New(strings.Join(texts, "; "))
}

// argument is how a field of the API is given to a command: permissions[1] is the second --permission. What the command has no argument
// for keeps its name.
func argument(command *kong.Node, field string) string {
	name, index, _ := strings.Cut(strings.TrimSuffix(field, "]"), "[")
	name = strings.ReplaceAll(name, "_", "-")
	for _, flag := range command.Flags {
		if flag.Name != name && flag.Name+"s" != name {
			continue
		}
		if n, err := strconv.Atoi(index); err == nil && n > 0 {
			return "--" + flag.Name + " number " + strconv.Itoa(n+1)
		}
		return "--" + flag.Name
	}
	for _, positional := range command.Positional {
		if positional.Name == name {
			return positional.Summary()
		}
	}
	return field
}
