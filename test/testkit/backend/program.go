package backend

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

var digits = regexp.MustCompile(`\d+`)

// findProgram looks in PATH and then in folders given as patterns, of which the one with the highest number wins:
// several versions of a server may be installed.
func findProgram(name string, folders ...string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	var found []string
	for _, pattern := range folders {
		paths, err := filepath.Glob(filepath.Join(pattern, name))
		if err != nil {
			return "", fmt.Errorf("look for %s: %w", name, err)
		}
		found = append(found, paths...)
	}
	if len(found) == 0 {
		return "", fmt.Errorf("%s is not installed", name)
	}
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
}

func version(path string) int {
	n, err := strconv.Atoi(digits.FindString(path))
	if err != nil {
		return 0
	}
	return n
}
