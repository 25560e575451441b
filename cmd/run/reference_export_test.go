package run

import (
	"fmt"
	"strings"
)

// width is that of the lines of .env.example.
const width = 140

// envExample is .env.example: every setting with its default and what it does.
func envExample() string {
	var out strings.Builder
	out.WriteString("# Every setting, with its default. Copy what you change to .env, or set it in the environment. (Generated: the settings are declared in\n" +
		"# cmd/run/config*.go, and `go generate ./cmd/run` writes this file and the tables of docs/configuration.md.)\n" +
		"# Times: seconds (900), 15m, 24h or 30d. Switches: on or off. Secrets marked (file) may also be given as NAME_FILE, a path.\n" +
		"# Nothing here is needed to try Signet: without any setting it runs on SQLite in ./data.\n")
	for _, g := range documented() {
		out.WriteString("\n")
		if g.title != "" {
			out.WriteString("# --- " + g.title + " " + strings.Repeat("-", max(3, 114-len(g.title))) + "\n")
		}
		out.WriteString(remark("# ", g.note))
		if g.title != "" && len(g.settings) == 0 {
			out.WriteString("# What all have:\n" + commonRemarks())
		}
		for _, s := range g.settings {
			if !s.common {
				out.WriteString(remark("# ", s.remark()))
			}
			line := s.name + "=" + s.preset + "\n"
			if g.sample {
				line = "# " + line
			}
			out.WriteString(line)
		}
	}
	return out.String()
}

// remark is what .env.example says about a setting.
func (s setting) remark() string {
	text := s.text
	if s.secret {
		text += ". (file)"
	}
	if s.old != "" {
		text += ". Old name: " + s.old
	}
	return text
}

// commonRemarks explain once what all providers have.
func commonRemarks() string {
	var out strings.Builder
	var google googleProvider
	for _, s := range google.settings() {
		if s.common {
			lines := remark("#"+strings.Repeat(" ", 20), s.remark())
			out.WriteString(fmt.Sprintf("#   %-16s ", s.name) + strings.TrimLeft(strings.TrimPrefix(lines, "#"), " "))
		}
	}
	return out.String()
}

// remark breaks a text into lines behind a prefix.
func remark(prefix, text string) string {
	if text == "" {
		return ""
	}
	var out strings.Builder
	line := prefix[:len(prefix)-1]
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > width {
			out.WriteString(line + "\n")
			line = prefix[:len(prefix)-1]
		}
		line += " " + word
	}
	out.WriteString(line + "\n")
	return out.String()
}

// configurationTables are those of docs/configuration.md.
func configurationTables() string {
	var out strings.Builder
	for _, g := range documented() {
		if g.title != "" {
			out.WriteString("\n## " + g.title + "\n")
		}
		if g.note != "" {
			out.WriteString("\n" + escaped(g.note) + ".\n")
		}
		settings := g.settings
		if g.title != "" && len(settings) == 0 {
			out.WriteString("\nAll have these, each under its prefix:\n")
			var google googleProvider
			settings = google.settings()
		} else if len(settings) > 0 && settings[0].common {
			settings = notCommon(settings)
		}
		if len(settings) == 0 {
			continue
		}
		out.WriteString("\n| setting | default | what it does | accepted |\n|---|---|---|---|\n")
		for _, s := range settings {
			preset := "`" + s.preset + "`"
			if s.preset == "" {
				preset = escaped(s.empty)
			}
			text := s.text
			if s.secret {
				text += ". Secret: also as `" + s.name + "_FILE`"
			}
			if s.old != "" {
				text += ". Old name: `" + s.old + "`"
			}
			_, _ = fmt.Fprintf(&out, "| `%s` | %s | %s | %s |\n", s.name, preset, escaped(text), escaped(s.accepted()))
		}
	}
	return out.String()
}

func notCommon(settings []setting) []setting {
	var own []setting
	for _, s := range settings {
		if !s.common {
			own = append(own, s)
		}
	}
	return own
}

// escaped is a text as a cell of a table takes it.
func escaped(text string) string {
	return strings.NewReplacer("|", "\\|", "<", "&lt;", ">", "&gt;").Replace(text)
}
