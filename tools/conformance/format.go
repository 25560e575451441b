package main

import (
	"bytes"
	"encoding/json"
	"strings"
)

// File is the whole of cases.json.
type File struct {
	V      int            `json:"v"`
	Base   int64          `json:"base"`
	Keys   map[string]Key `json:"keys"`
	Config Config         `json:"config"`
	Cases  []Case         `json:"cases"`
}

// Config are settings by name; null takes one away.
type Config map[string]any

// Case is a story of one verifier, which is made for it.
type Case struct {
	Name   string   `json:"name"`
	Tags   []string `json:"tags"`
	Config Config   `json:"config"`
	Wired  []string `json:"wired,omitempty"`
	Steps  []Step   `json:"-"` // a line each
}

// Step is one thing that happens. Which members it has depends on Op; README.md of the folder says so.
type Step struct {
	At         int               `json:"at"`
	Op         string            `json:"op"`
	Keys       []string          `json:"keys,omitzero"`
	State      string            `json:"state,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Fact       *Fact             `json:"fact,omitempty"`
	Count      int               `json:"count,omitempty"`
	CS         *int              `json:"cs,omitempty"`
	TokenTTL   int               `json:"token_ttl,omitempty"`
	To         string            `json:"to,omitempty"`
	Times      int               `json:"times,omitempty"`
	Fails      string            `json:"fails,omitempty"`
	Status     int               `json:"status,omitempty"`
	Headers    map[string]string `json:"headers,omitempty"`
	Body       any               `json:"body,omitempty"`
	Allows     []string          `json:"allows,omitzero"`
	Pad        int               `json:"pad,omitempty"`
	Config     Config            `json:"config,omitempty"`
	Values     []string          `json:"values,omitzero"`
	Token      string            `json:"token,omitempty"`
	Permission *string           `json:"permission,omitempty"`
	Want       *Want             `json:"want,omitempty"`
}

// Fact is the data of an event.
type Fact struct {
	Kind string `json:"kind"`
	Fact string `json:"fact,omitempty"`
	Sub  string `json:"sub,omitempty"`
	SID  string `json:"sid,omitempty"`
	Aud  string `json:"aud,omitempty"`
	Key  string `json:"key,omitempty"`
	KID  string `json:"kid,omitempty"`
	CS   int    `json:"cs"`
}

// Want is compared member by member; what is absent is not.
type Want struct {
	Verdict     string            `json:"verdict"`
	Reason      string            `json:"reason,omitempty"`
	Sub         string            `json:"sub,omitempty"`
	Kind        string            `json:"kind,omitempty"`
	SID         *string           `json:"sid,omitempty"`
	ClientID    string            `json:"client_id,omitempty"`
	Permissions []string          `json:"permissions,omitzero"`
	Roles       []string          `json:"roles,omitzero"`
	Claims      map[string]any    `json:"claims,omitempty"`
	Calls       map[string]int    `json:"calls,omitempty"`
	Sent        map[string]string `json:"sent,omitempty"`
	Asked       []string          `json:"asked,omitempty"`
}

// marshal writes a step per line, so that a change of a case is a readable diff.
func (f File) marshal() []byte {
	var out bytes.Buffer
	out.WriteString("{\"v\": " + text(f.V) + ", \"base\": " + text(f.Base) + ",\n\"keys\": {\n")
	names := []string{"a", "b", "c", "d", "weak", "x"}
	for i, name := range names {
		out.WriteString("  " + text(name) + ": " + text(f.Keys[name]) + comma(i, len(names)) + "\n")
	}
	out.WriteString("},\n\"config\": " + text(f.Config) + ",\n\"cases\": [\n")
	for i, c := range f.Cases {
		if c.Config == nil {
			c.Config = Config{}
		}
		out.WriteString(strings.TrimSuffix(text(c), "}") + ",\"steps\":[\n")
		for j, s := range c.Steps {
			out.WriteString("  " + text(s) + comma(j, len(c.Steps)) + "\n")
		}
		out.WriteString("]}" + comma(i, len(f.Cases)) + "\n")
	}
	out.WriteString("]}\n")
	return out.Bytes()
}

func comma(i, n int) string {
	if i == n-1 {
		return ""
	}
	return ","
}

// text is compact JSON, with & and < as they are.
func text(value any) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // the table is made of texts and numbers
	}
	return strings.TrimSpace(out.String())
}
