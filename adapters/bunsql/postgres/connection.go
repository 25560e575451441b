package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/signet-auth/signet/adapters/bunsql"
)

// connector makes connections that can send several statements in one message.
type connector struct {
	driver.Connector
	times *generations
}

// generations tell which connections were made before their server was found to refuse writes. After a failover the address leads to
// another server, but existing connections stay with the old one.
type generations struct {
	mu      sync.Mutex
	current int
	begun   time.Time
}

// renewEvery limits reconnects while a database stays read-only, so that not every refused write causes one.
const renewEvery = time.Second

func (g *generations) renew() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := time.Now(); now.Sub(g.begun) >= renewEvery {
		g.current, g.begun = g.current+1, now
	}
}

func (g *generations) now() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.current
}

func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	born := c.times.now()
	made, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	plain, ok := made.(*stdlib.Conn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a connection of another driver: %T", made), made.Close())
	}
	return &connection{Conn: plain, times: c.times, born: born}, nil
}

// connection is pgx's connection for database/sql, except for statements without arguments, which are all that Bun sends: those are sent as
// they are, after the statements that join has put ahead of them.
type connection struct {
	*stdlib.Conn
	times *generations
	born  int
}

// IsValid tells the pool whether to keep a returned connection.
func (c *connection) IsValid() bool { return c.born == c.times.now() }

// ResetSession is called when the pool hands out the connection.
func (c *connection) ResetSession(ctx context.Context) error {
	if !c.IsValid() {
		return driver.ErrBadConn
	}
	return c.Conn.ResetSession(ctx)
}

// aheadKey marks the contexts that join makes. Their statements are sent once, however many statements use the context.
type aheadKey struct{}

func join(ctx context.Context, ahead []string) context.Context {
	return context.WithValue(ctx, aheadKey{}, &ahead)
}

func takeAhead(ctx context.Context) (ahead []string) {
	if waiting, ok := ctx.Value(aheadKey{}).(*[]string); ok {
		ahead, *waiting = *waiting, nil
	}
	return ahead
}

func (c *connection) server() *pgconn.PgConn { return c.Conn.Conn().PgConn() }

// ExecContext returns the result of the statement itself. A COMMIT that the server answers with ROLLBACK is an error.
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) > 0 {
		return c.Conn.ExecContext(ctx, query, args)
	}
	if query == "ROLLBACK" && !c.server().IsClosed() && c.server().TxStatus() == 'I' {
		return driver.ResultNoRows, nil // BEGIN was never sent
	}
	results, err := c.send(ctx, query)
	if err != nil {
		return nil, err
	}
	tag, _ := results.ResultReader().Close()
	if err := results.Close(); err != nil {
		return nil, retried(err)
	}
	if query == "COMMIT" && tag.String() == "ROLLBACK" {
		return nil, pgx.ErrTxCommitRollback
	}
	return driver.RowsAffected(tag.RowsAffected()), nil
}

// QueryContext returns the rows of the statement itself.
func (c *connection) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) > 0 {
		return c.Conn.QueryContext(ctx, query, args)
	}
	results, err := c.send(ctx, query)
	if err != nil {
		return nil, err
	}
	return newRows(results, c.Conn.Conn().TypeMap()), nil
}

// send sends a statement with those ahead of it, and reads up to its own result.
func (c *connection) send(ctx context.Context, query string) (*pgconn.MultiResultReader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err // pgx would call the connection bad
	}
	if c.server().IsClosed() {
		return nil, driver.ErrBadConn
	}
	ahead := takeAhead(ctx)
	results := c.server().Exec(ctx, strings.Join(append(ahead, query), ";\n"))
	for range ahead {
		if err := pass(results); err != nil {
			if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
				return nil, &bunsql.AheadError{Err: refusal}
			}
			return nil, retried(err)
		}
	}
	if !results.NextResult() {
		return nil, retried(results.Close())
	}
	return results, nil
}

// pass reads one result to its end, or all remaining ones when it failed.
func pass(results *pgconn.MultiResultReader) error {
	if results.NextResult() {
		if _, err := results.ResultReader().Close(); err == nil {
			return nil
		}
	}
	return results.Close()
}

// retried tells database/sql, as pgx does, that the connection broke before the statement was sent, so that it takes another one.
func retried(err error) error {
	if pgconn.SafeToRetry(err) {
		return driver.ErrBadConn
	}
	return err
}

// rows are those of the results of a message, one after the other. In the simple protocol every value is text.
type rows struct {
	results *pgconn.MultiResultReader
	current *pgconn.ResultReader
	more    bool // there is another result
	names   []string
	types   []uint32
	known   *pgtype.Map
}

func newRows(results *pgconn.MultiResultReader, known *pgtype.Map) *rows {
	r := &rows{results: results, known: known}
	r.begin()
	return r
}

// begin switches to the result that the server has just begun.
func (r *rows) begin() {
	r.current, r.more, r.names, r.types = r.results.ResultReader(), false, nil, nil
	for _, field := range r.current.FieldDescriptions() {
		r.names = append(r.names, field.Name)
		r.types = append(r.types, field.DataTypeOID)
	}
}

// HasNextResultSet is correct once Next has reached the end of a result.
func (r *rows) HasNextResultSet() bool { return r.more }

func (r *rows) NextResultSet() error {
	if !r.more {
		return io.EOF
	}
	r.begin()
	return nil
}

func (r *rows) Columns() []string { return r.names }

func (r *rows) Close() error { return r.results.Close() }

func (r *rows) Next(dest []driver.Value) (err error) {
	if !r.current.NextRow() {
		if r.more = r.results.NextResult(); r.more {
			return io.EOF
		}
		if err := r.results.Close(); err != nil {
			return err
		}
		return io.EOF
	}
	for i, raw := range r.current.Values() {
		if dest[i], err = r.value(r.types[i], raw); err != nil {
			return fmt.Errorf("scan column %s: %w", r.names[i], err)
		}
	}
	return nil
}

// value converts to a type that database/sql accepts; other types stay text.
func (r *rows) value(oid uint32, raw []byte) (driver.Value, error) {
	if raw == nil {
		return nil, nil //nolint:nilnil // NULL
	}
	switch oid {
	case pgtype.BoolOID:
		return raw[0] == 't', nil
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return strconv.ParseInt(string(raw), 10, 64)
	case pgtype.Float4OID, pgtype.Float8OID:
		return strconv.ParseFloat(string(raw), 64)
	case pgtype.TimestamptzOID:
		var at time.Time
		err := r.known.Scan(oid, pgtype.TextFormatCode, raw, &at)
		return at, err
	case pgtype.ByteaOID:
		var b []byte
		err := r.known.Scan(oid, pgtype.TextFormatCode, raw, &b)
		return b, err
	}
	return string(raw), nil
}
