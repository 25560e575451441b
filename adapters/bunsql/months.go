package bunsql

import (
	"context"
	"database/sql"
	"time"
)

// Months makes and drops the partitions of tables, where the database has any.
type Months struct {
	// Make makes a table's partition of the month that begins then, and tells whether it had to.
	Make func(ctx context.Context, db *sql.DB, table string, begin time.Time) (bool, error)
	// Drop drops a table's partitions of the months that end at a time or before, and says how many.
	Drop func(ctx context.Context, db *sql.DB, table string, until time.Time) (int, error)
}

// byMonth are the tables that have a partition for each month, if the database supports partitions.
var byMonth = []string{"audit_events", "usage_hours"}

// PrepareMonths creates the missing partitions for the month of now and that many months after it, and returns how many it created. It
// belongs to the migrator because it changes the schema. Nothing fails without it: the default partition takes rows of months without a
// partition, but these then have to be deleted row by row instead of being dropped.
func (m *Migrator) PrepareMonths(ctx context.Context, now time.Time, ahead int) (made int, err error) {
	if m.engine.Months.Make == nil {
		return 0, nil
	}
	err = m.exclusively(ctx, func() error {
		for i := range ahead + 1 {
			month := time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC).AddDate(0, i, 0)
			for _, table := range byMonth {
				is, err := m.engine.Months.Make(ctx, m.db.write.DB, table, month)
				if err != nil {
					return m.failed("prepare a month of "+table, err)
				}
				if is {
					made++
				}
			}
		}
		return nil
	})
	return made, err
}

// DropMonths drops the months of the audit log that end at a time or before, and returns how many. Rows in the default partition stay.
func (m *Migrator) DropMonths(ctx context.Context, until time.Time) (dropped int, err error) {
	if m.engine.Months.Drop == nil {
		return 0, nil
	}
	err = m.exclusively(ctx, func() error {
		dropped, err = m.engine.Months.Drop(ctx, m.db.write.DB, "audit_events", until)
		if err != nil {
			return m.failed("drop months of audit_events", err)
		}
		return nil
	})
	return dropped, err
}
