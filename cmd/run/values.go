package run

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// clean takes off what surrounds a value without belonging to it: a byte order mark, white space, and one pair of quotes, which containers
// and secret stores leave there. What is inside stays as it is, byte for byte.
func clean(value string) string {
	value = strings.TrimFunc(strings.TrimPrefix(value, "\ufeff"), unicode.IsSpace)
	if n := len(value); n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		return value[1 : n-1]
	}
	return value
}

var serviceLink = regexp.MustCompile(`^(tcp|udp|sctp)://[^/\s]+:\d+$`)

// isServiceLink tells whether Kubernetes has invented a variable: beside a service "redis" every pod has REDIS_PORT=tcp://10.43.1.2:6379.
func isServiceLink(name, value string) bool {
	return strings.HasSuffix(name, "PORT") && serviceLink.MatchString(value)
}

// errDotEnv repeats no line: it may be a secret.
var errDotEnv = errors.New("the file .env can't be read: it should have lines of NAME=value")

func dotEnvError(whole, rest, what string) error {
	line := strings.Count(whole[:len(whole)-len(rest)], "\n")
	return fmt.Errorf("%w: line %d %s", errDotEnv, max(line, 1), what)
}

var settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

var comment = regexp.MustCompile(`(^|\s)#.*$`)

// parseDotEnv reads lines of NAME=value. A value in quotes may go over several lines; behind one without, " #" begins a comment. Nothing is
// expanded or unescaped: a $ is a $, a backslash a backslash.
func parseDotEnv(text string) (map[string]string, error) {
	values, _, err := readDotEnv(text)
	return values, err
}

// readDotEnv is parseDotEnv that also tells the line of each name.
func readDotEnv(text string) (values map[string]string, lines map[string]int, err error) {
	values, lines = map[string]string{}, map[string]int{}
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	whole := text
	for text != "" {
		var line string
		number := strings.Count(whole[:len(whole)-len(text)], "\n") + 1
		line, text, _ = strings.Cut(text, "\n")
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name = strings.TrimSpace(name)
		if !ok || !settingName.MatchString(name) {
			return nil, nil, dotEnvError(whole, text, "is something else")
		}
		lines[name] = number
		value = strings.TrimSpace(value)
		if value != "" && (value[0] == '"' || value[0] == '\'') {
			inside, rest, closed := strings.Cut(value[1:]+"\n"+text, value[:1])
			if !closed {
				return nil, nil, dotEnvError(whole, text, "begins a quote that does not end")
			}
			behind, more, _ := strings.Cut(rest, "\n")
			if behind = strings.TrimSpace(behind); behind != "" && behind[0] != '#' {
				return nil, nil, dotEnvError(whole, more, "has something behind the quote")
			}
			values[name], text = inside, more
			continue
		}
		values[name] = strings.TrimSpace(comment.ReplaceAllString(value, ""))
	}
	return values, lines, nil
}

// isSecret tells whether a setting's value must not be shown.
func isSecret(name string) bool {
	s, _ := declaration(name)
	return s.secret
}

// showing adds the value that was found to the refusal of a setting: a quote or a blank too many is seen only there.
func showing(err error, values map[string]string) error {
	setting := settingOf(err)
	value, given := values[setting]
	if !given || isSecret(setting) || strings.Contains(value, "@") && strings.Contains(value, "://") || strings.Contains(err.Error(), strconv.Quote(value)) {
		return err
	}
	if len(value) > 80 {
		value = strings.ToValidUTF8(value[:80], "") + "…"
	}
	return fmt.Errorf("%w: it is %q", err, value)
}

// nearMisses are variables whose name is almost that of a setting, and which have no effect.
func nearMisses(environ map[string]string) []string {
	settings := settingNames()
	var warnings []string
	for name := range environ {
		if len(name) < 8 && !strings.Contains(name, "_") || len(name) < 6 || slices.Contains(settings, strings.TrimSuffix(name, "_FILE")) {
			continue
		}
		for _, setting := range settings {
			if isNear(name, setting) {
				warnings = append(warnings, fmt.Sprintf("%s is no setting: did you mean %s?", name, setting))
				break
			}
		}
	}
	slices.Sort(warnings)
	return warnings
}

// settingNames are the names that a mistyped one is compared with, former ones among them. Those of providers are compared by their suffixes.
func settingNames() []string {
	var all []string
	for _, s := range declared {
		if s.common || isOfProvider(s.name) {
			continue
		}
		all = append(all, s.name)
		if s.old != "" {
			all = append(all, s.old)
		}
	}
	slices.Sort(all)
	return all
}

func isOfProvider(setting string) bool {
	return slices.ContainsFunc(append(slices.Clone(builtIn), sampleProvider), func(prefix string) bool { return strings.HasPrefix(setting, prefix+"_") })
}

// isNear tells whether one letter was added, left out, mistaken, or exchanged with the next.
func isNear(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	if len(a)-len(b) > 1 || a == b {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	if len(a) > len(b) {
		return a[i+1:] == b[i:]
	}
	return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
