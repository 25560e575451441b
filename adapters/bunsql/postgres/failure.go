package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/signet-auth/signet/adapters/bunsql"
)

func classify(err error) bunsql.Failure {
	if connect, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return connecting(connect)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return bunsql.Failure{Class: class(e), Cause: clean(err)}
	}
	if lost(err) {
		return bunsql.Failure{Class: bunsql.Unreachable, Cause: err}
	}
	return bunsql.Failure{Class: bunsql.Defect, Cause: err}
}

// connecting says which part of the address is wrong, as far as the server tells.
func connecting(err *pgconn.ConnectError) bunsql.Failure {
	failure := bunsql.Failure{Class: bunsql.Unreachable, Connecting: true}
	at := net.JoinHostPort(err.Config.Host, strconv.Itoa(int(err.Config.Port)))
	e, answered := errors.AsType[*pgconn.PgError](err)
	unknown, _ := errors.AsType[*net.DNSError](err)
	switch {
	case answered:
		failure.Class = class(e)
		failure.Cause = fmt.Errorf("the Postgres server at %s refuses %s: %w", at, refused(e, err.Config), clean(e))
	case unknown != nil && unknown.IsNotFound:
		failure.Cause = fmt.Errorf("the host of the Postgres address is not known: %s", unknown.Name)
	case errors.Is(err, syscall.ECONNREFUSED):
		failure.Cause = fmt.Errorf("no Postgres server listens at %s", at)
	case errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err):
		failure.Cause = fmt.Errorf("no Postgres server answers at %s", at)
	default:
		failure.Cause = fmt.Errorf("can't connect to the Postgres server at %s: %w", at, errors.Unwrap(err))
	}
	return failure
}

func refused(e *pgconn.PgError, config *pgconn.Config) string {
	switch e.Code {
	case "28P01": // invalid_password: the server does not say whether role or password is wrong, to hide which roles exist
		return fmt.Sprintf("the password of the role %q, or has no such role", config.User)
	case "28000": // invalid_authorization_specification
		return fmt.Sprintf("the role %q", config.User)
	case "3D000": // invalid_catalog_name
		return fmt.Sprintf("the database %q", config.Database)
	}
	return "the connection"
}

// lost tells whether the connection failed.
func lost(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}

// class reads a SQLSTATE (PostgreSQL documentation, appendix A).
func class(e *pgconn.PgError) bunsql.Class {
	switch e.Code {
	case "23505": // unique_violation
		if strings.HasSuffix(e.ConstraintName, "_pkey") {
			return bunsql.SameID
		}
		return bunsql.Duplicate
	case "23503": // foreign_key_violation
		return bunsql.Orphan
	case "40001", "40P01", "55P03": // serialization_failure, deadlock_detected, lock_not_available
		return bunsql.Again
	case "28P01", "28000", "3D000": // see above
		return bunsql.Refused
	case "25006": // read_only_sql_transaction
		return bunsql.ReadOnly
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "22": // data exception
		return bunsql.BadValue
	case "08", "53", "55", "57", "58": // connection, resources, state, operator, system
		return bunsql.Unreachable
	}
	return bunsql.Defect
}

// clean keeps the parts of an error that operators need: state, constraint, and the message if it can't contain a value. Detail, hint and
// context often do ("Key (email)=(…) already exists"), and so do messages about syntax and conversions.
func clean(err error) error {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return err
	}
	text := "postgres " + e.Code
	if e.ConstraintName != "" {
		text += " (" + e.ConstraintName + ")"
	}
	if strings.HasPrefix(e.Code, "22") || e.Code == "42601" || e.Code == "P0001" { // data, syntax, raised by a function
		return errors.New(text)
	}
	return fmt.Errorf("%s: %s", text, e.Message)
}
