package sqlite

import (
	"errors"
	"fmt"
	"strings"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/signet-auth/signet/adapters/bunsql"
)

func classify(err error) bunsql.Failure {
	var e *driver.Error
	if !errors.As(err, &e) {
		return bunsql.Failure{Cause: err}
	}
	return bunsql.Failure{Class: class(e.Code()), Cause: clean(err)}
}

func class(code int) bunsql.Class {
	switch code {
	case codes.SQLITE_CONSTRAINT_UNIQUE:
		return bunsql.Duplicate
	case codes.SQLITE_CONSTRAINT_PRIMARYKEY, codes.SQLITE_CONSTRAINT_ROWID:
		return bunsql.SameID
	case codes.SQLITE_CONSTRAINT_FOREIGNKEY:
		return bunsql.Orphan
	}
	switch code & 0xff { // the upper bits of an extended code only add detail
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return bunsql.Again
	case codes.SQLITE_TOOBIG:
		return bunsql.BadValue
	case codes.SQLITE_INTERRUPT, codes.SQLITE_IOERR, codes.SQLITE_FULL, codes.SQLITE_CANTOPEN, codes.SQLITE_READONLY, codes.SQLITE_NOMEM:
		return bunsql.Unreachable
	}
	return bunsql.Defect
}

// plainly says what an operator can fix, where SQLite's own message does not.
func plainly(code int) string {
	switch code & 0xff {
	case codes.SQLITE_FULL:
		return "the disk of the database is full"
	case codes.SQLITE_IOERR:
		return "the disk of the database can't be read or written: it may be full"
	case codes.SQLITE_NOTADB, codes.SQLITE_CORRUPT:
		return "the database file is damaged, or no SQLite database: put a backup in its place"
	case codes.SQLITE_READONLY, codes.SQLITE_CANTOPEN:
		return "the database file, or its folder, can't be written"
	}
	return ""
}

// clean keeps the text of an error only where it can't repeat a part of the statement: a syntax error quotes the text near it, which may be
// a value.
func clean(err error) error {
	var e *driver.Error
	if !errors.As(err, &e) {
		return err
	}
	text := e.Error()
	if e.Code() == codes.SQLITE_ERROR && !strings.Contains(text, "no such table") && !strings.Contains(text, "no such column") {
		text = "SQL logic error"
	}
	if plain := plainly(e.Code()); plain != "" {
		text = plain
	}
	return fmt.Errorf("sqlite %d: %s", e.Code(), text)
}
