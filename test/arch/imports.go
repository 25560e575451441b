package arch

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Violation is one import or one expression that breaks a rule.
type Violation struct {
	Where string // import path of the package, or file:line
	What  string // the import or expression
	Why   string // the rule, in words
}

// String renders the violation the way a failing test prints it.
func (v Violation) String() string { return fmt.Sprintf("%s: %s: %s", v.Where, v.What, v.Why) }

// sees says which of our layers a layer may import besides itself. The longest path that fits a package counts.
var sees = map[string][]string{
	"domain":                  {},
	"ports":                   {"domain"},
	"app":                     {"ports", "domain"},
	"api":                     {},
	"migrations":              {},
	"adapters":                {"ports", "domain"},
	"adapters/bunsql":         {"ports", "domain", "migrations"},
	"adapters/echohttp":       {"ports", "domain", "api"},
	"adapters/echohttp/rest":  {"app", "ports", "domain", "api"},
	"adapters/echohttp/pages": {"app", "ports", "domain", "api"},
	"examples":                {"ports", "domain"},
	"cmd":                     {"adapters", "app", "ports", "domain", "api", "migrations"},
	"signetserver":            {"cmd"}, // for the tests of others
	"tools":                   {},      // programs for the repository itself
}

// mechanisms are the parts of app that features share. The others are features, which app alone puts together: what two of them
// need is a mechanism, or not shared.
var mechanisms = []string{"access", "audit", "base", "credential", "feed", "guard", "keys", "outbox", "proof", "reauth", "signin"}

// confined lists standard packages that belong to some units only. Statuses live in HTTP code and SQL in the SQL
// adapter; everything else talks in domain errors and ports.
var confined = []struct {
	std     string
	allowed func(unit string) bool
	why     string
}{
	{"net/http", func(u string) bool { return isAdapter(u) || layer(u) == "cmd" || u == "signetserver" }, "HTTP stays in adapters and cmd"},
	{"database/sql", func(u string) bool { return u == string(bunsql) }, "SQL stays in adapters/bunsql"},
	{"encoding", func(u string) bool { return u != "domain" }, "domain knows no wire or storage format"},
	{"log", func(u string) bool { return u != "domain" }, "domain does not log"},
	{"os", func(u string) bool { return u != "domain" }, "domain does not touch the operating system"},
	{"math/rand", notCore, "randomness is a parameter (ports/sys)"},
	{"crypto/rand", notCore, "randomness is a parameter (ports/sys)"},
}

func notCore(unit string) bool { return unit != "domain" && unit != "app" }

// Imports returns every import that breaks an arrow, in the order of the packages.
func Imports(pkgs []Package) []Violation {
	var found []Violation
	users := map[string][]string{} // library → units that import it
	for _, p := range pkgs {
		unit := unitOf(p.path())
		report := func(imported, why string) {
			if why != "" {
				found = append(found, Violation{p.ImportPath, imported, why})
			}
		}
		if layer(unit) == "test" {
			for _, imported := range slices.Concat(p.Imports, p.tests()) {
				report(imported, brokenByTest(imported))
			}
			continue
		}
		if _, known := sees[layer(unit)]; !known {
			report(p.path(), "a folder the architecture does not name")
			continue
		}
		for _, imported := range p.Imports {
			report(imported, broken(p.path(), imported))
			if lib := match(imported, maps.Keys(libraries)); lib != "" && !slices.Contains(users[lib], unit) {
				users[lib] = append(users[lib], unit)
			}
		}
		for _, imported := range p.tests() {
			report(imported, brokenByTest(imported))
		}
	}
	for _, lib := range slices.Sorted(maps.Keys(users)) {
		if len(users[lib]) > 1 {
			found = append(found, Violation{strings.Join(users[lib], ", "), lib, "a library is imported by one unit"})
		}
	}
	return found
}

// broken names the rule that an import of product code breaks, or "".
func broken(from, imported string) string {
	unit := unitOf(from)
	if imported == Module || under(imported, Module) {
		return brokenArrow(from, strings.TrimPrefix(strings.TrimPrefix(imported, Module), "/"))
	}
	if isStandard(imported) {
		for _, rule := range confined {
			if under(imported, rule.std) && !rule.allowed(unit) {
				return rule.why
			}
		}
		return ""
	}
	return brokenLibrary(from, unit, imported)
}

func brokenArrow(from, imported string) string {
	unit, to := unitOf(from), unitOf(imported)
	switch {
	case layer(to) == "test", under(imported, "ports/porttest"):
		if !under(imported, "ports/porttest") || unit != "ports" {
			return "product code does not import test code"
		}
		return ""
	case unit == string(echohttp) && to == unit && imported != unit:
		return "within the HTTP adapter only the kernel is imported"
	case unit == "app" && to == unit:
		return brokenWithinApp(from, imported)
	case unit == to:
		return ""
	case isAdapter(unit) && isAdapter(to):
		return "adapters do not import each other"
	}
	rule := match(from, maps.Keys(sees))
	if !slices.Contains(sees[rule], layer(to)) && layer(from) != layer(to) {
		return fmt.Sprintf("%s does not see %s", rule, layer(to))
	}
	return ""
}

// brokenWithinApp lets features stand side by side: the root builds them all, base is under all of them.
func brokenWithinApp(from, imported string) string {
	part, _, _ := strings.Cut(strings.TrimPrefix(imported, "app/"), "/")
	switch {
	case imported == "app":
		return "app is the wiring: nothing in it sees it"
	case from == "app" || under(from, imported):
		return ""
	case !slices.Contains(mechanisms, part):
		return "a feature does not see another one"
	case from == "app/base" && part != "audit" && part != "outbox":
		return "base is what every feature gets: it sees none of them"
	}
	return ""
}

func brokenLibrary(from, unit, imported string) string {
	if match(imported, slices.Values(telemetry)) != "" {
		if isAdapter(unit) || layer(unit) == "cmd" {
			return ""
		}
		return "telemetry stays in adapters and cmd"
	}
	if under(from, "ports/porttest") && match(imported, slices.Values(testLibraries)) != "" {
		return ""
	}
	lib := match(imported, maps.Keys(libraries))
	if lib == "" {
		return "not in the table of libraries (test/arch/libraries.go)"
	}
	if !slices.Contains(libraries[lib], owner(unit)) {
		return fmt.Sprintf("belongs to %v", libraries[lib])
	}
	return ""
}

// brokenByTest lets tests import anything of ours and every listed library.
func brokenByTest(imported string) string {
	ours := imported == Module || under(imported, Module)
	if ours || isStandard(imported) || match(imported, maps.Keys(libraries)) != "" ||
		match(imported, slices.Values(telemetry)) != "" || match(imported, slices.Values(testLibraries)) != "" {
		return ""
	}
	return "not in the tables of libraries (test/arch/libraries.go)"
}
