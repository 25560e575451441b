package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/signet-auth/signet/test/testkit"
)

// event is one of a stream.
type event struct {
	name, id string
	data     body
}

// stream is one that a service follows.
type stream struct {
	t      *testing.T
	events chan event
	last   string // id
	close  func()
}

// follow opens a stream of revocations of a server.
func follow(t *testing.T, s *testkit.Server, token, lastID string) *stream {
	t.Helper()
	return followAt(t, s.URL, token, lastID)
}

// followAt opens it at an address, perhaps of a proxy.
func followAt(t *testing.T, address, token, lastID string) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/api/authz/revocations/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if lastID != "" {
		request.Header.Set("Last-Event-ID", lastID)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" ||
		answer.Header.Get("Cache-Control") != "no-store, no-transform" || answer.Header.Get("X-Accel-Buffering") != "no" && !strings.HasPrefix(answer.Header.Get("Server"), "nginx") { // which keeps it
		t.Fatalf("%d, %v", answer.StatusCode, answer.Header)
	}
	f := &stream{t: t, events: make(chan event, 1000), close: cancel}
	go func() {
		defer close(f.events)
		defer answer.Body.Close() //nolint:errcheck // a test
		var e event
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			switch field {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				if err := json.Unmarshal([]byte(value), &e.data); err != nil {
					t.Error(err)
				}
			case "":
				f.events <- e
				e = event{}
			}
		}
	}()
	return f
}

// until is the event that holds.
func (f *stream) until(what string, holds func(event) bool) event {
	f.t.Helper()
	var seen []event
	late := time.After(10 * time.Second)
	for {
		select {
		case e, open := <-f.events:
			if !open {
				f.t.Fatalf("it ended before %s, after %v", what, seen)
			}
			seen = append(seen, e)
			if e.id != "" {
				f.last = e.id
			}
			if holds(e) {
				return e
			}
		case <-late:
			f.t.Fatalf("%s did not come: %v", what, seen)
		}
	}
}

func (f *stream) named(name string) event {
	f.t.Helper()
	return f.until(name, func(e event) bool { return e.name == name })
}

func (f *stream) fact(kind, fact, member, subject string) event {
	f.t.Helper()
	return f.until(kind+" "+fact, func(e event) bool {
		return e.data["kind"] == kind && e.data["fact"] == fact && e.data[member] == subject
	})
}

// told is a fact as text, "session ended 0b6f…", with names for what a test has named.
func told(fact body, names map[string]string) string {
	words := []string{fact["kind"].(string), fact["fact"].(string)}
	for _, member := range []string{"sid", "sub", "aud", "key", "kid"} {
		switch id, ok := fact[member].(string); {
		case ok && names[id] != "":
			words = append(words, names[id])
		case ok:
			words = append(words, id)
		}
	}
	return strings.Join(words, " ")
}

// facts are those of the stream up to the last one.
func (f *stream) facts(last string, names map[string]string) (heard []string) {
	f.t.Helper()
	f.until(last, func(e event) bool {
		if e.name != "" {
			return false
		}
		heard = append(heard, told(e.data, names))
		return heard[len(heard)-1] == last
	})
	return heard
}

// polled are the facts from a cursor up to the last one, by the long poll.
func polled(t *testing.T, s *testkit.Server, query, token, cursor, last string, names map[string]string) (heard []string) {
	t.Helper()
	for until := time.Now().Add(20 * time.Second); len(heard) == 0 || heard[len(heard)-1] != last; {
		answer, err := s.Client().Try(get("/api/authz/revocations?"+query+"&cursor="+cursor, token))
		if err != nil || answer.Status != http.StatusOK || time.Now().After(until) {
			t.Errorf("%d, %v, after %q", answer.Status, err, heard)
			return heard
		}
		for _, fact := range answer.JSON()["facts"].([]any) {
			heard = append(heard, told(fact.(body), names))
		}
		cursor = answer.Text("cursor")
	}
	return heard
}
