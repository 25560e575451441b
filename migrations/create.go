package migrations

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

var nameForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Create makes the pair of files of a new migration below dir, which holds up/ and down/, and returns their paths. The name is
// of a-z, 0-9 and single dashes. Files that exist are never overwritten.
func Create(dir, name string, now time.Time) (up, down string, err error) {
	if !nameForm.MatchString(name) {
		return "", "", fmt.Errorf("%q is no name for a migration: use a-z, 0-9 and dashes, such as add-teams", name)
	}
	file := now.UTC().Format("20060102150405") + "-" + name + ".sql"
	up, down = filepath.Join(dir, "up", file), filepath.Join(dir, "down", file)
	if err := write(up, "-- What this adds, and why.\n"); err != nil {
		return "", "", err
	}
	if err := write(down, "-- Undoes the file of the same name in up/.\n"); err != nil {
		_ = os.Remove(up) // a single file of a pair would stop every start
		return "", "", err
	}
	return up, down, nil
}

func write(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // source files, for everybody who builds
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644) //nolint:gosec // as above
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
