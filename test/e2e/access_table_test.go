package e2e_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// accessTable is docs/access.txt, which says how it is to be read.
type accessTable struct {
	actors []string
	routes []accessRoute
}

// accessRoute is a route and the outcome that it has for each actor: a status, or a status and a code.
type accessRoute struct {
	name   string // "GET /path"
	hidden bool
	want   map[string]string
}

// weak is the outcome for somebody whose right counts from a higher level on.
const weak = "403 reauth_required"

func readAccessTable(t *testing.T, path string) accessTable {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var table accessTable
	classes := map[string][]string{}
	seen := map[string]bool{}
	for i, line := range strings.Split(string(text), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if err := table.read(fields, classes, seen); err != nil {
			t.Fatalf("%s:%d: %v", path, i+1, err)
		}
	}
	return table
}

func (a *accessTable) read(fields []string, classes map[string][]string, seen map[string]bool) error {
	switch kind, rest := fields[0], fields[1:]; {
	case kind == "actors":
		a.actors = rest
	case kind == "class" && len(rest) == len(a.actors)+1 && classes[rest[0]] == nil:
		classes[rest[0]] = rest[1:]
	case (kind == "route" || kind == "hidden") && len(rest) >= 3 && classes[rest[2]] != nil:
		route := accessRoute{name: rest[0] + " " + rest[1], hidden: kind == "hidden", want: map[string]string{}}
		if seen[route.name] {
			return fmt.Errorf("%s is there twice", route.name)
		}
		seen[route.name] = true
		a.routes = append(a.routes, route)
		return route.fill(a.actors, classes[rest[2]], rest[3:])
	default:
		return fmt.Errorf("%q is no line of the table", fields)
	}
	return nil
}

// fill finds the status for each actor: that of the class, unless the route has an exception.
func (r accessRoute) fill(actors, class, exceptions []string) error {
	given := map[string]string{"ok": "200"}
	for _, exception := range exceptions {
		name, status, _ := strings.Cut(exception, "=")
		if name != "ok" && !slices.Contains(actors, name) {
			return fmt.Errorf("there is no actor %s", name)
		}
		given[name] = status
	}
	for i, name := range actors {
		text := class[i]
		if own, ok := given[name]; ok {
			text = own
		} else if text == "ok" {
			text = given["ok"]
		}
		if r.want[name] = text; text == "weak" {
			r.want[name] = weak
		} else if _, err := strconv.Atoi(text); err != nil {
			return err
		}
	}
	return nil
}
