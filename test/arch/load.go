package arch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Module is the import path of the repository.
const Module = "github.com/signet-auth/signet"

// Package is what the rules need to know of one package: the direct imports of its product files and of its tests.
type Package struct {
	ImportPath   string
	Dir          string
	GoFiles      []string
	Imports      []string
	TestImports  []string
	XTestImports []string
}

// path is the folder of the package below the module root, "" for the root itself.
func (p Package) path() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, Module), "/")
}

// tests returns every import of the package's own tests, internal and external.
func (p Package) tests() []string { return slices.Concat(p.TestImports, p.XTestImports) }

// Load lists the packages below root. Build errors of single packages are no concern of the arrows and are left to
// the compiler (-e): a half-written package still has imports.
func Load(ctx context.Context, root string) ([]Package, error) {
	if err := observe(root); err != nil {
		return nil, err
	}
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports,TestImports,XTestImports", "./...")
	cmd.Dir, cmd.Stderr = root, &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	var pkgs []Package
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p Package
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		pkgs = append(pkgs, p)
	}
}

// observe reads every folder of the tree in this process. `go test` caches a result until a file that the test opened
// changes, and does not see what the child process reads: without this walk a new violation would pass from the cache.
func observe(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "data") {
			return filepath.SkipDir
		}
		return err
	})
}
