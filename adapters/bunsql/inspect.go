package bunsql

import (
	"context"
	"time"
)

// Inspection is what a look at the database from outside finds, for operators. Of what the database does not have, it says nothing.
type Inspection struct {
	Server   string        // its name and version
	Ahead    time.Duration // of its clock, by that of this machine
	ReadOnly bool          // it takes no writes

	Role       string
	Superuser  bool
	OwnsSchema bool
	Lacks      []string // rights that serving needs, such as "INSERT on users"

	Pooler Pooler
}

// Pooler is what stands between.
type Pooler string

// The poolers. One in transaction mode gives a connection of the server to another client with each transaction.
const (
	NoPooler          Pooler = ""
	SessionPooler     Pooler = "session"
	TransactionPooler Pooler = "transaction"
)

// Inspect looks at the database and changes nothing. domain.ErrUnavailable when it can't be reached.
func (db *DB) Inspect(ctx context.Context) (Inspection, error) {
	found, err := db.dialect.Inspect(ctx, db.read.DB, db.now)
	if err != nil {
		err, _ = db.translate(ctx, err)
	}
	return found, err
}
