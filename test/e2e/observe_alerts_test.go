package e2e_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestAlerts(t *testing.T) {
	rules := read(t, deploy+"/prometheus/rules.yml")
	tests, runbook := read(t, "testdata/rules.test.yml"), read(t, "../../docs/runbook.md")
	alerts := regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(rules, -1)
	if len(alerts) < 15 {
		t.Fatalf("%d alerts", len(alerts))
	}
	for _, alert := range alerts {
		name := alert[1]
		if !strings.Contains(tests, `alertname="`+name+`"`) {
			t.Errorf("%s has no test", name)
		}
		if !strings.Contains(runbook, "\n## "+name+"\n") || !strings.Contains(rules, "runbook: docs/runbook.md#"+strings.ToLower(name)+"\n") {
			t.Errorf("%s has no paragraph in the runbook, or does not name it", name)
		}
	}
	for _, heading := range regexp.MustCompile(`(?m)^## (\w+)$`).FindAllStringSubmatch(runbook, -1) {
		if !strings.Contains(rules, "- alert: "+heading[1]+"\n") {
			t.Errorf("the runbook explains %s, which is no alert", heading[1])
		}
	}
	for _, run := range [][]string{{"check", "rules", deploy + "/prometheus/rules.yml"}, {"test", "rules", "testdata/rules.test.yml"}} {
		if said, ok := promtool(t, run...); !ok {
			t.Errorf("%v: %s", run, said)
		}
	}
}

// dashboard is what is looked at of one.
type dashboard struct {
	UID    string
	Panels []struct {
		ID      int
		Title   string
		GridPos struct{ X, Y, W, H int }
		Targets []struct{ Expr string }
	}
}

// expressions are those of all dashboards, by their panels.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all, uids := map[string]string{}, map[string]bool{}
	for _, file := range files(t, deploy+"/grafana/*.json") {
		var d dashboard
		if err := json.Unmarshal([]byte(read(t, file)), &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if uids[d.UID] || d.UID+".json" != filepath.Base(file) {
			t.Errorf("%s: its uid is %s", file, d.UID)
		}
		uids[d.UID] = true
		taken, ids := map[[2]int]string{}, map[int]bool{}
		for _, p := range d.Panels {
			if ids[p.ID] || len(p.Targets) == 0 {
				t.Errorf("%s: %s has the id of another panel, or shows nothing", file, p.Title)
			}
			ids[p.ID] = true
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
						t.Fatalf("%s: %s lies on %s, or beside the page", file, p.Title, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
			for i, target := range p.Targets {
				all[fmt.Sprintf("%s, %s, %d", d.UID, p.Title, i)] = strings.ReplaceAll(target.Expr, "$__rate_interval", "5m")
			}
		}
	}
	return all
}

func TestDashboardsCanBeRead(t *testing.T) {
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboards\n  rules:\n")
	n := 0
	for where, expression := range expressions(t) {
		quoted, err := json.Marshal(expression) // YAML takes that
		if err != nil {
			t.Fatal(err)
		}
		_, _ = fmt.Fprintf(&rules, "  - record: expression:%d # %s\n    expr: %s\n", n, where, quoted)
		n++
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, ok := promtool(t, "check", "rules", file); !ok {
		t.Errorf("%s\n%s", said, rules.String())
	}
}

var (
	namedMetric = regexp.MustCompile(`\b(?:signet|go|process)_[a-z0-9_]+`)
	operation   = regexp.MustCompile(`operation=~?"([^"]+)"`)
	limitLabel  = regexp.MustCompile(`limit=~?"([^"]+)"`)
	routed      = regexp.MustCompile(`route=~?"([^"]+)"`)
)

// What is asked for must be there, or a panel stays empty and an alert quiet for ever.
func TestWhatDashboardsAndAlertsNameIsThere(t *testing.T) {
	t.Parallel()
	s := whole(t, nil)
	s.NewAccount()
	text := scrape(t, s)
	there, document := families(text), read(t, "../../docs/openapi.json")
	all := expressions(t)
	all["the alerts"] = read(t, deploy+"/prometheus/rules.yml")
	if len(all) < 40 {
		t.Fatalf("%d expressions", len(all))
	}
	alternatives := func(pattern *regexp.Regexp, expression string) (words []string) {
		for _, found := range pattern.FindAllStringSubmatch(expression, -1) {
			words = append(words, strings.Split(found[1], "|")...)
		}
		return words
	}
	for where, expression := range all {
		for _, name := range namedMetric.FindAllString(expression, -1) {
			base := name
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				if there[base] == nil {
					base = strings.TrimSuffix(name, suffix)
				}
			}
			if there[base] == nil {
				t.Errorf("%s: there is no %s", where, name)
			}
		}
		for _, word := range alternatives(operation, expression) {
			if !strings.Contains(text, `signet_operations_total{operation="`+word+`"`) {
				t.Errorf("%s: there is no operation %s", where, word)
			}
		}
		for _, word := range alternatives(limitLabel, expression) {
			if !strings.Contains(text, `signet_limit_refused_total{limit="`+word+`"`) && word != "api:forged" { // the kernel's are there once they refuse
				t.Errorf("%s: there is no limit %s", where, word)
			}
		}
		for _, word := range alternatives(routed, expression) {
			if !strings.Contains(document, `"`+word+`": {`) {
				t.Errorf("%s: there is no route %s", where, word)
			}
		}
	}
}
