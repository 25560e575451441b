package bunsql

import (
	"context"
	"time"
)

// Inspection is what operators want to know about the database. Fields that do not apply to a database are empty.
type Inspection struct {
	Server   string        // its name and version
	Ahead    time.Duration // the difference of its clock from that of this machine
	ReadOnly bool          // it takes no writes

	Role       string
	Superuser  bool
	OwnsSchema bool
	Lacks      []string // rights on tables, such as "INSERT on users"
	AppendOnly bool     // the role may neither change nor remove what is in the audit log, in none of its months

	Pooler Pooler

	Encryption string // of the way there, "TLS 1.3"; empty: none
	Verified   bool   // the other end has shown a certificate that is trusted
	Local      bool   // the way ends on this machine
}

// Pooler is the kind of pooler between Signet and the database.
type Pooler string

// The poolers. One in transaction mode gives a connection of the server to another client with each transaction.
const (
	NoPooler          Pooler = ""
	SessionPooler     Pooler = "session"
	TransactionPooler Pooler = "transaction"
)

// Inspect examines the database and changes nothing. It returns domain.ErrUnavailable when the database can't be reached.
func (db *DB) Inspect(ctx context.Context) (Inspection, error) {
	found, err := db.dialect.Inspect(ctx, db.read.DB, db.now)
	if err != nil {
		err, _ = db.translate(ctx, err)
	}
	return found, err
}
