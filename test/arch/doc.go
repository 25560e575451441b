// Package arch proves the arrows of the architecture on the tree itself.
//
// The flow: [Load] asks `go list` for every package with its direct imports (transitive ones say nothing: fmt itself
// needs os), [Imports] holds the import rules as a function over plain values, so that a violation can be shown to fail
// on made-up packages, and [Source] reads the syntax of the domain for what neither imports nor a linter can show: struct tags.
// That the core reads no clock is a rule of the linter (forbidigo in .golangci.yml).
//
// Product code is the object. Tests may import what they need of ours, but third-party libraries only from the tables
// in libraries.go, which are the allow-list of the whole repository: a new dependency starts there.
package arch
