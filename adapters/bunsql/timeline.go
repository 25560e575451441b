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

var (
	migrationName = regexp.MustCompile(`^([0-9]{14})-([a-z0-9]+(?:-[a-z0-9]+)*\.sql)$`)
	section       = regexp.MustCompile(`(?m)^[ \t]*-- dialect:[ \t]*(.*?)\s*?(?:\n|\z)`)
)

// timeline presents the pairs of files to goose, which wants both directions in one file.
func timeline(files fs.FS, engine string) (fs.FS, error) {
	all, err := fs.Glob(files, "*/*")
	pairs := fstest.MapFS{}
	for _, file := range all {
		name := migrationName.FindStringSubmatch(path.Base(file))
		if name == nil {
			return nil, fmt.Errorf("%s: the name must look like 20060102150405-add-something.sql", file)
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
	text, picked := "-- dialect: any\n"+string(raw), ""
	parts := section.Split(text, -1)
	for i, of := range section.FindAllStringSubmatch(text, -1) {
		switch of[1] {
		case "any", engine:
			picked += parts[i+1]
		case "postgres", "sqlite":
		default:
			err = fmt.Errorf("%s: a section for the unknown dialect %q", name, of[1])
		}
	}
	if engine == "sqlite" { // it has one writer, so nothing is concurrent
		picked = strings.ReplaceAll(picked, "INDEX CONCURRENTLY", "INDEX")
	}
	if strings.HasPrefix(picked, "-- transaction: none") { // for what refuses to run in one, such as CREATE INDEX CONCURRENTLY
		return "-- +goose NO TRANSACTION\n" + picked + "\n", err
	}
	return "-- +goose StatementBegin\n" + picked + "\n-- +goose StatementEnd\n", err
}
