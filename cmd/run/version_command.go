package run

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"
)

// version, commit and date are set by the linker in releases; otherwise they are what the module system and git know.
var version, commit, date string

type versionCommand struct {
	JSON bool `help:"Print JSON."`
}

// build is what is known of this binary.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"`
	Date     string `json:"date,omitempty"` // of the commit
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Run prints the version.
func (v versionCommand) Run(p *program) error {
	b := buildOf(debug.ReadBuildInfo())
	if v.JSON {
		return printJSON(p.stdio.Out, b)
	}
	text := "signet " + b.Version
	if b.Commit != "" {
		text += ", commit " + b.Commit
	}
	if b.Modified {
		text += " with changes"
	}
	if b.Date != "" {
		text += " of " + b.Date
	}
	_, err := fmt.Fprintf(p.stdio.Out, "%s, %s, %s\n", text, b.Go, b.Platform)
	return err
}

func buildOf(info *debug.BuildInfo, known bool) build {
	b := build{Version: Version(), Commit: commit, Date: date, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if !known {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = cmp.Or(b.Commit, s.Value)
		case "vcs.time":
			b.Date = cmp.Or(b.Date, s.Value)
		case "vcs.modified":
			b.Modified = commit == "" && s.Value == "true"
		}
	}
	return b
}

// Version is the version of this binary.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "development " + s.Value[:min(12, len(s.Value))]
		}
	}
	return "development"
}
