package run

import (
	"fmt"
	"io"
	"text/tabwriter"
)

func endTable(out io.Writer, table *tabwriter.Writer, next string) error {
	if err := table.Flush(); err != nil {
		return err
	}
	if next != "" {
		_, _ = fmt.Fprintf(out, "there are more: --cursor %s\n", next)
	}
	return nil
}

// printLines prints names and texts in two columns, without those that are empty.
func printLines(out io.Writer, pairs ...[2]string) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, pair := range pairs {
		if pair[1] != "" {
			_, _ = fmt.Fprintf(table, "%s\t%s\n", pair[0], pair[1])
		}
	}
	return table.Flush()
}
