package bunsql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
)

var migrationName = regexp.MustCompile(`^([0-9]{14})-([a-z0-9]+(?:-[a-z0-9]+)*)\.sql$`)

// timeline reads the pairs of files, as goose's migrations and as ours, oldest first.
func timeline(files fs.FS, engine string) ([]*goose.Migration, []Migration, error) {
	ups, err := fs.Glob(files, "up/*")
	if err != nil {
		return nil, nil, err
	}
	downs, err := fs.Glob(files, "down/*")
	if err != nil {
		return nil, nil, err
	}
	if len(ups) != len(downs) {
		return nil, nil, fmt.Errorf("there are %d migrations up and %d down: they come in pairs", len(ups), len(downs))
	}
	steps := make([]*goose.Migration, len(ups))
	known := make([]Migration, len(ups))
	for i, up := range ups { // Glob sorts, and all timestamps have the same length
		name := path.Base(up)
		version, err := versionOf(name)
		if err == nil && i > 0 && version == known[i-1].Version {
			err = errors.New("another one has the same timestamp")
		}
		if err == nil {
			steps[i], err = step(files, name, engine, version)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("migration %s: %w", name, err)
		}
		known[i] = Migration{Version: version, Name: strings.TrimSuffix(name, ".sql")}
	}
	return steps, known, nil
}

func versionOf(name string) (int64, error) {
	parts := migrationName.FindStringSubmatch(name)
	if parts == nil {
		return 0, errors.New("the name must look like 20060102150405-add-something.sql")
	}
	return strconv.ParseInt(parts[1], 10, 64)
}

func step(files fs.FS, name, engine string, version int64) (*goose.Migration, error) {
	up, err := read(files, path.Join("up", name), engine)
	if err != nil {
		return nil, err
	}
	down, err := read(files, path.Join("down", name), engine)
	if err != nil {
		return nil, err
	}
	return goose.NewGoMigration(version, up, down), nil
}

// noTransaction on the first line is for statements that refuse to run in one (CREATE INDEX CONCURRENTLY).
const noTransaction = "-- transaction: none"

// read turns a file into one step. The file is sent as a whole, so semicolons within functions are safe, and applied completely or not at
// all; without a transaction it is sent statement by statement, each ending with a semicolon at the end of a line.
func read(files fs.FS, name, engine string) (*goose.GoFunc, error) {
	raw, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, err
	}
	text, err := pick(string(raw), engine)
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(text, noTransaction) {
		return &goose.GoFunc{RunDB: func(ctx context.Context, db *sql.DB) error {
			for statement := range strings.SplitAfterSeq(text, ";\n") {
				if _, err := db.ExecContext(ctx, statement); err != nil {
					return err
				}
			}
			return nil
		}}, nil
	}
	return &goose.GoFunc{RunTx: func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, text)
		return err
	}}, nil
}

// pick keeps the lines that are meant for the engine. A section for an unknown engine is an error: a typo would otherwise leave out half a
// migration.
func pick(text, engine string) (string, error) {
	var b strings.Builder
	on := true
	for line := range strings.Lines(text) {
		section, ok := strings.CutPrefix(strings.TrimSpace(line), "-- dialect:")
		if !ok {
			if on {
				b.WriteString(line)
			}
			continue
		}
		switch section = strings.TrimSpace(section); section {
		case "any":
			on = true
		case "postgres", "sqlite":
			on = section == engine
		default:
			return "", fmt.Errorf("a section for the unknown dialect %q", section)
		}
	}
	text = b.String()
	if engine == "sqlite" { // it has one writer, so nothing is concurrent
		text = strings.ReplaceAll(text, "INDEX CONCURRENTLY", "INDEX")
	}
	return text, nil
}
