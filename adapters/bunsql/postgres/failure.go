package postgres

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/signet-auth/signet/adapters/bunsql"
)

func classify(err error) bunsql.Failure {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return bunsql.Failure{Class: class(e), Cause: clean(err)}
	}
	if lost(err) {
		return bunsql.Failure{Class: bunsql.Unreachable, Cause: err}
	}
	return bunsql.Failure{Class: bunsql.Defect, Cause: err}
}

// lost tells whether the connection is to blame.
func lost(err error) bool {
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) ||
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
	case "25006": // read_only_sql_transaction: a standby, in the middle of a failover
		return bunsql.Unreachable
	}
	switch e.Code[:min(2, len(e.Code))] {
	case "22": // data exception
		return bunsql.BadValue
	case "08", "53", "55", "57", "58": // connection, resources, state, operator, system
		return bunsql.Unreachable
	}
	return bunsql.Defect
}

// clean keeps what operators need of an error: state, constraint, and the message where it can't hold a value. Detail, hint and
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
