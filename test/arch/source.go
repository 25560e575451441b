package arch

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
)

// clock lists the functions of package time that read the wall clock. Timers are no clocks: a loop may wait.
var clock = []string{"Now", "Since", "Until"}

// Source returns what the syntax of the core breaks: struct tags in domain, and the clock in domain and app.
// The error is that of a file that cannot be read or parsed.
func Source(pkgs []Package) ([]Violation, error) {
	var found []Violation
	for _, p := range pkgs {
		if notCore(layer(p.path())) {
			continue
		}
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				return nil, fmt.Errorf("arch: %w", err)
			}
			if layer(p.path()) == "domain" {
				found = append(found, tags(fset, file)...)
			}
			found = append(found, clocks(fset, file)...)
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

// clocks finds uses of the wall clock, under whatever name package time was imported.
func clocks(fset *token.FileSet, file *ast.File) []Violation {
	const why = "time is a parameter (ports/sys)"
	local := ""
	for _, spec := range file.Imports {
		if path, err := strconv.Unquote(spec.Path.Value); err != nil || path != "time" {
			continue
		}
		local = "time"
		if spec.Name != nil {
			local = spec.Name.Name
		}
	}
	if local == "." {
		return []Violation{{fset.Position(file.Pos()).String(), `import . "time"`, why}}
	}
	var found []Violation
	for node := range ast.Preorder(file) {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			continue
		}
		if pkg, ok := selector.X.(*ast.Ident); ok && local != "" && pkg.Name == local && slices.Contains(clock, selector.Sel.Name) {
			found = append(found, Violation{fset.Position(selector.Pos()).String(), "time." + selector.Sel.Name, why})
		}
	}
	return found
}
