package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/signet-auth/signet/adapters/bunsql"
)

// backupKey is where the meta table of a backup keeps the time that it is of.
const backupKey = "backup_time"

// ErrNotABackup is the error of a file that holds no database of Signet.
var ErrNotABackup = errors.New("it is no database of Signet")

// Backup writes what the database holds at one moment into a new file that only its owner may read, also while servers write. The name is
// given to the whole file or to none: what was broken off leaves a file with ".partial" in its name at most. What was erased is in no
// page of it. fs.ErrExist when the name is taken.
func Backup(ctx context.Context, from, to string, now time.Time) error {
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	partial, err := os.CreateTemp(filepath.Dir(to), filepath.Base(to)+".partial-*") // 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(partial.Name()) }()
	if err := partial.Close(); err != nil {
		return err
	}
	if err := vacuumInto(ctx, from, partial.Name()); err != nil {
		return err
	}
	if err := stamp(ctx, partial.Name(), now); err != nil {
		return err
	}
	if err := Sync(partial.Name()); err != nil {
		return err
	}
	if err := rename(partial.Name(), to); err != nil {
		return err
	}
	return SyncFolder(to)
}

// vacuumInto copies the one state that a reader sees; SQLite takes an empty file as the place for it.
func vacuumInto(ctx context.Context, from, to string) error {
	db, err := pool(from, "mode=rw&_pragma=busy_timeout(5000)", 1)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return clean(err)
	}
	return nil
}

func stamp(ctx context.Context, path string, now time.Time) error {
	db, err := pool(path, "mode=rw&_pragma=synchronous(FULL)", 1)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		backupKey, now.UTC().Format(time.RFC3339Nano))
	return errors.Join(err, db.Close())
}

// rename never takes the place of another file, as far as the file system can promise it.
func rename(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(from, to) // a file system without links, such as that of a memory stick
}

// Sync makes a file's content lasting.
func Sync(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// SyncFolder makes the names in the folder of a file as lasting as their content. Systems that can't do so do it by themselves.
func SyncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	_ = folder.Sync()
	return folder.Close()
}

// Copy writes a file's content into a new file that only its owner may read.
func Copy(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Sync(), target.Close())
}

// Inspect looks whether a file is a whole database of Signet, and says of what time it is: zero for one that is no backup but a copy of a
// server's own file. ErrNotABackup for anything else, or a file whose pages don't fit together.
func Inspect(ctx context.Context, path string) (at time.Time, err error) {
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return time.Time{}, fmt.Errorf("%s-wal belongs to it: a server has it open, or had", path)
	}
	db, err := pool(path, "mode=ro&immutable=1", 1)
	if err != nil {
		return time.Time{}, err
	}
	defer func() { _ = db.Close() }()
	var tables int
	err = db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('migrations', 'meta', 'principals', 'sessions')`).Scan(&tables)
	if err != nil || tables != 4 {
		return time.Time{}, ErrNotABackup
	}
	var verdict string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil || verdict != "ok" {
		return time.Time{}, fmt.Errorf("%w: it is damaged", ErrNotABackup)
	}
	var text string
	err = db.QueryRowContext(ctx, "SELECT value FROM meta WHERE key = ?", backupKey).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return time.Time{}, nil
	}
	if err == nil {
		at, err = time.Parse(time.RFC3339Nano, text)
	}
	return at.UTC(), err
}

// Replace puts a database that nobody has open in the place of another, which keeps its content under the name aside. A start that comes
// in between finds the one or the other. It is the caller's to keep servers out.
func Replace(ctx context.Context, with, path, aside string) error {
	if _, err := os.Stat(path); err == nil {
		if err := setAside(ctx, path, aside); err != nil {
			return err
		}
	}
	if err := os.Rename(with, path); err != nil {
		return err
	}
	return SyncFolder(path)
}

// setAside gives a database a second name. What only its write-ahead log has goes into the file first; of a damaged one the log goes along.
// Nobody may have it open: a process that closes it later would take the log of its successor away, which has the same name.
func setAside(ctx context.Context, path, aside string) error {
	db, err := pool(path, "mode=rw&_pragma=busy_timeout(1000)", 1)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode = DELETE") // for which it must be alone
	_ = db.Close()
	if err != nil && classify(err).Class == bunsql.Again {
		return errors.New("another process has the database open: let it end first")
	}
	if err := rename(path, aside); err != nil {
		return err
	}
	err = os.Rename(path+"-wal", aside+"-wal")
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	_ = os.Remove(path + "-shm")
	return err
}
