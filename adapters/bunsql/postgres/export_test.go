package postgres

import (
	"database/sql"
)

// Join is what has statements sent ahead of another.
var Join = join

// OpenPool is the pool of requests without what is above it.
func OpenPool(url string) (*sql.DB, error) {
	config, err := parse(url)
	if err != nil {
		return nil, err
	}
	return pool(connector{connect(config, check), new(generations)}, 1), nil
}
