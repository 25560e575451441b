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

// backupKey is the key in meta under which a backup keeps its time.
const backupKey = "backup_time"

// ErrNotABackup is the error of a file that holds no database of Signet.
var ErrNotABackup = errors.New("it is no database of Signet")

// Backup writes a consistent snapshot of the database into a new file that only its owner may read, also while servers write. Only a
// complete file gets the name: an interruption leaves at most a file with ".partial" in its name. No page of the file contains erased data.
// It returns fs.ErrExist when the name is taken.
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

// vacuumInto copies the snapshot that a reader sees; SQLite accepts an existing file if it is empty.
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

// rename never replaces another file, as far as the file system can guarantee that.
func rename(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(from, to) // a file system without links, such as that of a memory stick
}

// Sync flushes a file's content to the disk.
func Sync(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// SyncFolder flushes the names in the folder of a file to the disk. Systems without such a call do it by themselves.
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

// Inspect checks that a file is a complete database of Signet, and returns the time of the backup: zero if the file is no backup but a copy
// of a server's own file. It returns ErrNotABackup for anything else, and for a damaged file.
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

// Replace puts a database that nobody has open in the place of another, which is kept under the name aside. A server that starts in between
// finds one of the two. The caller has to keep servers out.
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

// setAside gives a database a second name. It first writes the content of the write-ahead log into the file; if that fails because the
// database is damaged, it moves the log along. Nobody may have the database open: a process that closes it later would remove the log of
// its successor, which has the same name.
func setAside(ctx context.Context, path, aside string) error {
	db, err := pool(path, "mode=rw&_pragma=busy_timeout(1000)", 1)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode = DELETE") // which needs exclusive access
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
