// Package sqlite opens the embedded database: one file, one writer, several readers.
//
// A transaction begins IMMEDIATE, so it waits for its turn at the beginning; otherwise one that first reads and then writes would fail when
// another one wrote in between (SQLITE_BUSY_SNAPSHOT). Readers can't write at all (query_only).
package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/schema"
	_ "modernc.org/sqlite" // the driver

	"github.com/signet-auth/signet/adapters/bunsql"
)

const (
	// statement is long: there is no network to wait for, only a disk and the transactions ahead.
	statement = 5 * time.Second
	readers   = 8
)

// The pragmas are part of the address because they hold for one connection. Foreign keys are off unless asked for. A statement waits up to
// a second for writers in other processes (the command line); then the transaction is tried again.
const (
	shared = "_pragma=busy_timeout(1000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"
	writer = shared + "&_pragma=foreign_keys(1)&_pragma=secure_delete(1)&_txlock=immediate"
	reader = shared + "&_pragma=query_only(1)"
)

// Open opens the database file, and creates it and its folder if they are missing. Only the owner may read them, since they hold password
// hashes.
func Open(path string, opts bunsql.Options) (*bunsql.DB, error) {
	write, err := pool(path, writer, 1)
	if err != nil {
		return nil, err
	}
	read, err := pool(path, reader, readers)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	feed, err := pool(path, reader, 1)
	if err != nil {
		return nil, errors.Join(err, write.Close(), read.Close())
	}
	return bunsql.New(dialect(), bunsql.Pools{Write: write, Read: read, Feed: feed}, opts), nil
}

func dialect() bunsql.Dialect {
	return bunsql.Dialect{
		Bun: sqlitedialect.New(), System: "sqlite", Classify: classify, Answer: new(prepared).answer, Statement: statement, Feed: statement,
		Begin: []string{"BEGIN IMMEDIATE"}, Prefix: prefix, Inspect: inspect,
		Instant: func(column schema.Safe) schema.Safe { return column }, // that is how times are stored
		// secure_delete overwrites deleted data in the file; the write-ahead log beside it keeps the old pages until it is truncated.
		Scrub: "PRAGMA wal_checkpoint(TRUNCATE)",
	}
}

func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("open the database file: %w", err)
	}
	return file.Close()
}

// pool prepares connections to a file, which it creates if it is missing.
func pool(path, params string, conns int) (*sql.DB, error) {
	if err := create(path); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+params)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// prepared keeps statements of one pool that SQLite need not parse again, which costs more than running them.
type prepared struct {
	mu         sync.Mutex
	statements map[string]*sql.Stmt
}

func (p *prepared) answer(ctx context.Context, pool *bun.DB, query string, args ...any) (value string, err error) {
	statement, err := p.statement(ctx, pool, query) //nolint:sqlclosecheck // it lives as long as the pool
	if err != nil {
		return "", err
	}
	for i, arg := range args {
		if at, ok := arg.(time.Time); ok { // as Bun writes it; the driver has another form
			args[i] = string(bytes.Trim(pool.Dialect().AppendTime(nil, at), "'"))
		}
	}
	err = statement.QueryRowContext(ctx, args...).Scan(&value)
	return value, err
}

// statement does not hold the lock while it waits for a connection. Of two that are prepared at the same time one is closed.
func (p *prepared) statement(ctx context.Context, pool *bun.DB, query string) (*sql.Stmt, error) {
	p.mu.Lock()
	known := p.statements[query]
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	made, err := pool.DB.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.statements[query]; known != nil {
		return known, made.Close() //nolint:sqlclosecheck // only this one is superfluous
	}
	if p.statements == nil {
		p.statements = map[string]*sql.Stmt{}
	}
	p.statements[query] = made
	return made, nil
}

// inspect has little to find: there is no server, and the clock is ours.
func inspect(ctx context.Context, pool *sql.DB, _ func() time.Time) (f bunsql.Inspection, err error) {
	err = pool.QueryRowContext(ctx, "SELECT 'SQLite ' || sqlite_version()").Scan(&f.Server)
	return f, err
}

// prefix is a range, which the ordinary index serves.
func prefix(column schema.Safe, text string) schema.QueryAppender {
	return bun.SafeQuery("(?0 >= lower(?1) AND ?0 < lower(?1) || char(1114111))", column, text)
}
