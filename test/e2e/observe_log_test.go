package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/test/testkit"
	"github.com/signet-auth/signet/test/testkit/collector"
)

// documented are the fields of docs/log-fields.md with their types.
func documented(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (\\w+) \\|").FindAllStringSubmatch(read(t, "../../docs/log-fields.md"), -1) {
		all[row[1]] = row[2]
	}
	return all
}

// mapping is a part of an index template.
type mapping struct {
	Type       string
	Properties map[string]mapping
}

func (m mapping) flat(prefix string, into map[string]string) {
	for name, p := range m.Properties {
		if p.Type != "" {
			into[prefix+name] = p.Type
		}
		p.flat(prefix+name+".", into)
	}
}

func TestTheIndexTemplateHasTheFieldsOfTheLog(t *testing.T) {
	var template struct{ Template struct{ Mappings mapping } }
	if err := json.Unmarshal([]byte(read(t, deploy+"/elk/index-template.json")), &template); err != nil {
		t.Fatal(err)
	}
	mapped := map[string]string{}
	template.Template.Mappings.flat("", mapped)
	if diff := cmp.Diff(documented(t), mapped); diff != "" {
		t.Errorf("(-docs/log-fields.md +index-template.json)\n%s", diff)
	}
}

// fits tells whether Elasticsearch takes a value of JSON for a type.
func fits(kind string, value any) bool {
	_, text := value.(string)
	number, numeric := value.(float64)
	_, boolean := value.(bool)
	switch kind {
	case "date":
		return text && regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`).MatchString(value.(string))
	case "long", "short":
		return numeric && number == float64(int64(number))
	case "boolean":
		return boolean
	}
	return text
}

func TestLinesOfTheLogAreDocumented(t *testing.T) {
	t.Parallel()
	fields := documented(t)
	traces := collector.Start(t)
	s := whole(t, map[string]string{
		"LIMIT_MAIL": "1/1h", "OTEL_EXPORTER_OTLP_ENDPOINT": traces.URL, "PUBLIK_URL": "http://nobody", "CORS_ORIGINS": "https://app.example.com",
		"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": "1", "MAIL_PLAINTEXT": "on", "MAIL_FROM": "signet@example.com",
	})
	email := testkit.NewAddress()
	for range 3 {
		s.Client().Do(testkit.Request{Path: "/api/auth/register", Body: map[string]string{"email": email, "password": testkit.Password}}).Want(http.StatusCreated, "")
	}
	for name, value := range map[string]string{"X-Forwarded-For": "192.0.2.1", "Origin": "https://elsewhere.example.com"} {
		s.Client().Do(testkit.Request{Path: "/api/auth/login", Body: map[string]string{"email": email, "password": "wrong"}, Header: http.Header{name: {value}}})
	}
	s.Eventually(20*time.Second, func() bool { return strings.Contains(s.Log.String(), "a message of the outbox failed") })
	s.Move(2 * time.Minute)
	s.Eventually(20*time.Second, func() bool { return strings.Contains(s.Log.String(), "a limit stopped them") })

	seen := map[string]bool{}
	for line := range strings.Lines(s.Log.String()) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			continue // the welcome of a start is for people
		}
		for name, value := range record {
			seen[name] = true
			if kind, known := fields[name]; !known || !fits(kind, value) {
				t.Errorf("%s (%T, documented as %q) in %s", name, value, kind, line)
			}
		}
		message := fmt.Sprint(record["message"])
		belongs := slices.ContainsFunc([]string{"request", "a message of the outbox failed", "a page was refused"}, func(begin string) bool {
			return strings.HasPrefix(message, begin)
		})
		if id := fmt.Sprint(record["trace.id"]); belongs && len(id) != 32 && record["http.route"] != "/readyz" {
			t.Errorf("no trace in %s", line)
		}
		if belongs && record["http.request.id"] == nil {
			t.Errorf("no request in %s", line)
		}
	}
	for _, name := range []string{
		"@timestamp", "log.level", "message", "ecs.version", "service.name", "service.version", "http.request.id", "http.request.method", "http.route",
		"http.response.status_code", "http.response.body.bytes", "event.duration", "client.ip", "trace.id", "span.id", "error.message", "topic", "attempt", "peer",
		"over_limit_of_address",
	} {
		if !seen[name] {
			t.Errorf("no line has %s: %v", name, slices.Sorted(maps.Keys(seen)))
		}
	}
}
