package main

import (
	"fmt"
	"os"
)

const path = "sdk/conformance/cases.json"

func main() {
	if err := os.WriteFile(path, table().marshal(), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "run it in the root of the repository:", err)
		os.Exit(1)
	}
}

// table is the whole file.
func table() File {
	f := File{V: 1, Base: base, Keys: keys, Config: Config{"issuer": issuer, "audience": audience, "app_token": appToken, "on_cut": "allow"}}
	for _, part := range []func(*File){
		headers, texts, signatures, claimChecks, principals, settings, permissions,
		keySets, facts, lifetimes, answers, resets, floors, cuts, failures, references,
	} {
		part(&f)
	}
	return f
}

// add appends a case that is about the token alone, or about keys: without an app token there is neither stream nor question.
func (f *File) alone(tag, name string, steps ...Step) {
	f.with(Config{"app_token": nil}, []string{tag}, name, append([]Step{publish("a", "c", "d")}, steps...)...)
}

// followed appends a case with a stream that is ready at number 10.
func (f *File) followed(tag, name string, steps ...Step) {
	f.with(nil, []string{"stream", tag}, name, append([]Step{publish("a"), ready(10)}, steps...)...)
}

// denying is followed, with on_cut deny.
func (f *File) denying(tag, name string, steps ...Step) {
	f.with(Config{"on_cut": "deny"}, []string{"stream", tag}, name, append([]Step{publish("a"), ready(10)}, steps...)...)
}

func (f *File) with(config Config, tags []string, name string, steps ...Step) {
	f.Cases = append(f.Cases, Case{Name: name, Tags: tags, Config: config, Steps: steps})
}
