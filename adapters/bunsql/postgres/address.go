package postgres

import (
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// escapes explains how to write a password in an address.
const escapes = "in a password @ is written %40, / %2F, # %23, ? %3F, : %3A and % %25"

var (
	errAddress  = errors.New("the Postgres address can't be read: it should look like postgresql://user:password@host:5432/name; " + escapes)
	errReserved = errors.New("the Postgres address has reserved characters where only a name may be, as if its password ended early: " + escapes)
)

// CheckAddress refuses an address in which a part of the password would be taken for a host or a database, and be sent to a name server or
// into a log. Its errors do not repeat the address.
func CheckAddress(address string) error {
	_, rest, _ := strings.Cut(address, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if strings.Count(rest, "@") > 1 || strings.ContainsAny(rest[end:], "@#") {
		return errReserved
	}
	if _, err := pgx.ParseConfig(address); err != nil {
		return errAddress
	}
	return nil
}

// parse reads an address. Its error does not repeat it: there is a password in it.
func parse(address string) (*pgx.ConnConfig, error) {
	if err := CheckAddress(address); err != nil {
		return nil, err
	}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, errAddress
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	config.StatementCacheCapacity, config.DescriptionCacheCapacity = 0, 0 // nothing is cached, and each cache takes 60 KB a connection
	config.RuntimeParams["application_name"] = "signet"
	if config.ConnectTimeout == 0 || config.ConnectTimeout > 5*time.Second {
		config.ConnectTimeout = 5 * time.Second // for connections that are opened without a request
	}
	return config, nil
}
