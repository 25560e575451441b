package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// answer uses the connection below database/sql, whose rows cost a goroutine, and below the driver, which parses every statement for
// arguments although Bun has already written them into it. The pool, its limit and its checks are the same. ahead is sent before the
// statement, in the same transaction.
func answer(ctx context.Context, pool *sql.DB, ahead, statement string) (string, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }() // returns it to the pool
	value, found := "", false
	err = conn.Raw(func(raw any) error {
		driven, ok := raw.(*connection)
		if !ok {
			return fmt.Errorf("a connection of another driver: %T", raw)
		}
		server := driven.server()
		// The deadline ends the wait at the socket. Watching the context for it would cost as much as the statement's formatting.
		deadline, _ := ctx.Deadline()
		if server.Conn().SetDeadline(deadline) != nil {
			return driver.ErrBadConn // it is closed
		}
		results := server.Exec(context.WithoutCancel(ctx), ahead+";\n"+statement) // one message is one transaction
		for results.NextResult() {
			for rows := results.ResultReader(); rows.NextRow(); {
				value, found = string(rows.Values()[0]), true
			}
		}
		err := results.Close()
		if !server.IsClosed() { // also after an error of the server, such as a lock timeout: the connection stays usable
			err = errors.Join(err, server.Conn().SetDeadline(time.Time{}))
		}
		if err != nil && pgconn.SafeToRetry(err) {
			return driver.ErrBadConn
		}
		return err
	})
	if errors.Is(err, driver.ErrBadConn) { // as database/sql does; pgx also reports a connection that broke before the answer as safe
		err = pool.QueryRowContext(join(ctx, []string{ahead}), statement).Scan(&value)
		return value, err
	}
	if err == nil && !found {
		err = sql.ErrNoRows
	}
	return value, err
}
