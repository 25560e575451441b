package bunsql

import (
	"reflect"
	"strings"

	"github.com/uptrace/bun"
)

// columns names the columns that a row's fields are tagged with, each with the alias of its table unless that is empty. No
// statement asks for "*": the release after this one may add columns while this one still serves.
func columns[R any](alias string) bun.Safe {
	if alias != "" {
		alias += "."
	}
	var names []string
	for field := range reflect.TypeFor[R]().Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("bun"), ",")
		if field.Anonymous || strings.HasPrefix(name, "rel:") || strings.Contains(options, "scanonly") {
			continue // the table itself, another table, or what a query derives
		}
		names = append(names, alias+name)
	}
	return bun.Safe(strings.Join(names, ", "))
}
