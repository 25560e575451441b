package bunsql

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing/fstest"
)

var migrationName = regexp.MustCompile(`^([0-9]{14})-([a-z0-9]+(?:-[a-z0-9]+)*\.sql)$`)

// timeline presents the pairs of files to goose, which wants both directions in one file.
func timeline(files fs.FS, engine string) (fs.FS, error) {
	all, err := fs.Glob(files, "*/*")
	pairs := fstest.MapFS{} // the standard library's only file system in memory, for tests or not
	for _, file := range all {
		name := migrationName.FindStringSubmatch(path.Base(file))
		if name == nil {
			return nil, fmt.Errorf("%s: the name must look like 20060102150405-add-something.sql", file)
		}
		if pairs[name[1]+"_"+name[2]] != nil { // the other half of a pair
			continue
		}
		up, upErr := direction(files, "up/"+name[0], engine)
		down, downErr := direction(files, "down/"+name[0], engine)
		if err := errors.Join(upErr, downErr); err != nil {
			return nil, err
		}
		pairs[name[1]+"_"+name[2]] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + up + "-- +goose Down\n" + down)}
	}
	return pairs, err
}

// direction reads the lines of a file that are meant for the engine. They are sent as a whole, so semicolons within functions are safe, and
// applied completely or not at all; without a transaction they are sent statement by statement, each ending with a semicolon at the end of
// a line. A section for an unknown engine is an error: a typo would otherwise leave out half a migration.
func direction(files fs.FS, name, engine string) (string, error) {
	raw, err := fs.ReadFile(files, name)
	var lines strings.Builder
	on := true
	for line := range strings.Lines(string(raw)) {
		of, begins := strings.CutPrefix(strings.TrimSpace(line), "-- dialect:")
		switch of = strings.TrimSpace(of); {
		case begins && of != "any" && of != "postgres" && of != "sqlite":
			err = fmt.Errorf("%s: a section for the unknown dialect %q", name, of)
		case begins:
			on = of == "any" || of == engine
		case on:
			lines.WriteString(line)
		}
	}
	picked := lines.String()
	if engine == "sqlite" { // it has one writer, so nothing is concurrent
		picked = strings.ReplaceAll(picked, "INDEX CONCURRENTLY", "INDEX")
	}
	if strings.HasPrefix(picked, "-- transaction: none") { // for what refuses to run in one, such as CREATE INDEX CONCURRENTLY
		return "-- +goose NO TRANSACTION\n" + picked + "\n", err
	}
	return "-- +goose StatementBegin\n" + picked + "\n-- +goose StatementEnd\n", err
}
