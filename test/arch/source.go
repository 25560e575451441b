package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
)

// Source returns what the syntax of the domain breaks: struct tags. (Linters know no such rule. That the core reads no clock, one does:
// .golangci.yml.)
// The error is that of a file that cannot be read or parsed.
func Source(pkgs []Package) ([]Violation, error) {
	var found []Violation
	for _, p := range pkgs {
		if layer(p.path()) != "domain" {
			continue
		}
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, fmt.Errorf("arch: %w", err)
			}
			found = append(found, tags(fset, file)...)
		}
	}
	return found, nil
}

// tags finds struct tags: an entity with tags has begun to serve a format.
func tags(fset *token.FileSet, file *ast.File) []Violation {
	var found []Violation
	for node := range ast.Preorder(file) {
		structure, ok := node.(*ast.StructType)
		if !ok {
			continue
		}
		for _, field := range structure.Fields.List {
			if field.Tag != nil {
				found = append(found, Violation{fset.Position(field.Tag.Pos()).String(), field.Tag.Value, "domain has no struct tags"})
			}
		}
	}
	return found
}
