package signet

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wire is the transport of a case: what Signet answers, and what it was asked.
type wire struct {
	t       *testing.T
	answers map[string][]step // the last one stands, those before it are for some calls
	public  map[string]json.RawMessage

	calls map[string]int
	last  *http.Request
	asked []string
}

func (w *wire) answer(s step) {
	if s.Times > 0 {
		w.answers[s.To] = append([]step{s}, w.answers[s.To]...)
	} else {
		w.answers[s.To] = []step{s}
	}
}

func (w *wire) RoundTrip(request *http.Request) (*http.Response, error) {
	to := map[string]string{"/oauth2/introspect": "introspect", "/api/authz/check": "check", "/.well-known/jwks.json": "jwks"}[request.URL.Path]
	if to == "" || strings.Contains(request.URL.Host, "evil") {
		w.t.Errorf("a call to %s", request.URL)
	}
	if w.calls == nil {
		w.calls = map[string]int{}
	}
	w.calls[to]++
	w.last = request
	if len(w.answers[to]) == 0 {
		return nil, syscall.ECONNREFUSED
	}
	a := w.answers[to][0]
	switch a.Times {
	case 0:
	case 1:
		w.answers[to] = w.answers[to][1:]
	default:
		w.answers[to][0].Times--
	}
	if a.Fails != "" {
		return nil, map[string]error{"refused": syscall.ECONNREFUSED, "reset": syscall.ECONNRESET}[a.Fails]
	}
	response := &http.Response{StatusCode: a.Status, Header: http.Header{}, Request: request, Body: io.NopCloser(strings.NewReader(w.body(a, request)))}
	for name, value := range a.Headers {
		response.Header.Set(name, value)
	}
	return response, nil
}

func (w *wire) body(a step, request *http.Request) string {
	body := string(a.Body)
	var text string
	if json.Unmarshal(a.Body, &text) == nil {
		body = text
	}
	if a.Keys != nil {
		published := []json.RawMessage{}
		for _, name := range a.Keys {
			published = append(published, w.public[name])
		}
		body = string(must(json.Marshal(map[string]any{"keys": published})))
	}
	if request.URL.Path == "/api/authz/check" {
		var sent struct {
			Checks []struct{ Service, Permission string }
		}
		_ = json.NewDecoder(request.Body).Decode(&sent)
		results := []map[string]bool{}
		for _, c := range sent.Checks {
			w.asked = append(w.asked, c.Permission)
			results = append(results, map[string]bool{"allowed": slices.Contains(a.Allows, c.Permission)})
		}
		if a.Allows != nil {
			body = strings.Replace(body, "{", `{"results":`+string(must(json.Marshal(results)))+",", 1)
		}
	}
	return body + strings.Repeat(" ", a.Pad)
}

// sent are those headers of the last call that are wanted.
func (w *wire) sent(wanted any) map[string]string {
	out := map[string]string{}
	names, _ := wanted.(map[string]any)
	for name := range names {
		out[name] = w.last.Header.Get(name)
	}
	return out
}

// config is the settings of a case over those of the file.
func config(transport http.RoundTripper, layers ...map[string]any) Config {
	all := map[string]any{}
	for _, layer := range layers {
		maps.Copy(all, layer)
	}
	text := func(name string) string {
		s, _ := all[name].(string)
		return s
	}
	c := Config{
		Issuer: text("issuer"), URL: text("url"), Audience: text("audience"), AppToken: Secret(text("app_token")), OnCut: text("on_cut"),
		Transport: transport, Logger: slog.New(slog.DiscardHandler),
	}
	c.AllowHTTP, _ = all["allow_http"].(bool)
	if seconds, ok := all["leeway"].(float64); ok {
		leeway := time.Duration(seconds) * time.Second
		c.Leeway = &leeway
	}
	return c
}

// equal compares a wanted member with what was got: lists in any order, of objects only the wanted members, a missing number as 0.
func equal(want, got any) bool {
	var plain any
	_ = json.Unmarshal(must(json.Marshal(got)), &plain)
	switch want := want.(type) {
	case map[string]any:
		all, _ := plain.(map[string]any)
		for name, value := range want {
			if member := all[name]; !equal(value, member) && (value != float64(0) || member != nil) {
				return false
			}
		}
		return true
	case []any:
		all, _ := plain.([]any)
		byText := func(a, b any) int {
			return strings.Compare(string(must(json.Marshal(a))), string(must(json.Marshal(b))))
		}
		return slices.EqualFunc(slices.SortedFunc(slices.Values(want), byText), slices.SortedFunc(slices.Values(all), byText), func(a, b any) bool { return equal(a, b) })
	}
	return reflect.DeepEqual(want, plain)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// outcome is a verdict in the words of the file.
func outcome(p *Principal, err error) map[string]any {
	var refusal *Refusal
	var forbidden *Forbidden
	verdict := func(v string) map[string]any { return map[string]any{"verdict": v} }
	switch {
	case err == nil && p == nil:
		return verdict("accept")
	case err == nil:
		return map[string]any{
			"verdict": "accept", "sub": p.Subject, "kind": p.Kind, "sid": p.SessionID, "client_id": p.ClientID, "permissions": p.Permissions, "roles": p.Roles,
			"claims": p.Claims,
		}
	case errors.As(err, &refusal):
		return map[string]any{"verdict": "invalid", "reason": string(refusal.Reason)}
	case errors.As(err, &forbidden):
		return verdict("forbidden")
	case errors.Is(err, ErrMissing):
		return verdict("missing")
	case errors.Is(err, ErrUnavailable):
		return verdict("unavailable")
	}
	return verdict("error")
}
