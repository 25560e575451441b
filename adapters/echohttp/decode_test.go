package echohttp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// marker stands in every bad body: an answer or a log line that has it repeats what was sent.
const marker = "Xq7mark"

func TestBodies(t *testing.T) {
	k := newKernel(t, nil)
	const good = `{"name":"n","secret":"s"}`

	t.Run("are read", func(t *testing.T) {
		res := k.post("/orders", `{"name":"\u00e9\ud83d\ude00","secret":"s","count":3,"address":{"street":"Main"},"size":null,"notes":{"Name":[1,"x"]}, "later":1}`)
		wantStatus(t, res, http.StatusCreated)
		want := orderResponse{Success: true, Name: "é😀", Count: 3, Street: "Main"}
		if diff := cmp.Diff(want, decodeBody[orderResponse](t, res)); diff != "" {
			t.Error(diff)
		}
	})

	refusals := []struct {
		name, body, text string
	}{
		{"white space alone", "  ", "not valid JSON"},
		{"trailing text", good + marker, "data after"},
		{"text for a number", `{"name":"n","secret":"s","count":"` + marker + `"}`, "count must be an integer"},
		{"a fraction for an integer", `{"name":"n","secret":"s","count":1.5}`, "count must be an integer"},
		{"an exponent for an integer", `{"name":"n","secret":"s","count":1e2}`, "count must be an integer"},
		{"an integer out of range", `{"name":"n","secret":"s","count":99999999999999999999}`, "count must be an integer"},
		{"a number for a boolean", `{"name":"n","secret":"s","express":1}`, "express must be true or false"},
		{"text for an object", `{"name":"n","secret":"s","address":"` + marker + `"}`, "address must be an object"},
		{"a wrong type in an object", `{"name":"n","secret":"s","address":{"street":[]}}`, "address.street must be a string"},
		{"a duplicate key (CVE-2020-16250)", `{"name":"n","secret":"s","name":"` + marker + `"}`, "a member twice"},
		{"a case variant of a key (golang/go#48298)", `{"Name":"` + marker + `","secret":"s"}`, "differs from name by case"},
		{"a duplicate key inside", `{"name":"n","secret":"s","address":{"street":"a","street":"b"}}`, "a member twice"},
		{"a case variant beside the key", `{"name":"n","NAME":"` + marker + `","secret":"s"}`, "differs from name by case"},
		{"a long s for an s (U+017F)", `{"name":"n","ſecret":"` + marker + `"}`, "differs from secret by case"},
		{"a case variant inside", `{"name":"n","secret":"s","address":{"STREET":"` + marker + `"}}`, "differs from street by case"},
		{"NUL in a key", `{"name":"n","secret":"s","notes":{"\u0000":1}}`, "NUL"},
		{"two high surrogates", `{"name":"` + marker + `\ud800\ud800","secret":"s"}`, "surrogate"},
		{"an over-long string", `{"name":"` + marker + `abcdefgh","secret":"s"}`, "name must have at most 10 characters"},
		{"a value out of bounds", `{"name":"n","secret":"s","count":101}`, "count must be at most 100"},
		{"a value that is none of the few", `{"name":"n","secret":"s","size":"` + marker + `"}`, "size must be one of: small, large"},
		{"too many items", `{"name":"n","secret":"s","tags":["a","b","c","d"]}`, "tags must have at most 3 items"},
		{"a missing member inside", `{"name":"n","secret":"s","address":{}}`, "address.street is required"},
	}
	for _, tt := range refusals {
		t.Run("refuse "+tt.name, func(t *testing.T) {
			k.log.Reset()
			res := k.post("/orders", tt.body)
			p := wantProblem(t, res, 400, "invalid_request")
			if !strings.Contains(p.Detail, tt.text) {
				t.Errorf("detail %q does not say %q", p.Detail, tt.text)
			}
			if said := p.Detail + p.Title; strings.Contains(said, marker) {
				t.Errorf("the answer repeats what was sent: %s", said)
			}
			if k.log.Len() > 0 {
				t.Errorf("logged %s", k.log.String())
			}
		})
	}

	t.Run("take 32 levels", func(t *testing.T) {
		body := `{"name":"n","secret":"s","notes":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`
		wantStatus(t, k.post("/orders", body), http.StatusCreated)
	})
	t.Run("take 64 KB and not a byte more", func(t *testing.T) {
		fill := func(size int) string {
			head, tail := `{"name":"n","secret":"`, `"}`
			return head + strings.Repeat("x", size-len(head)-len(tail)) + tail
		}
		wantStatus(t, k.post("/orders", fill(64<<10)), http.StatusCreated)
		wantProblem(t, k.post("/orders", fill(64<<10+1)), 413, "body_too_large")
	})
	t.Run("can't set what comes from the path", func(t *testing.T) {
		r := request("PUT", "/things/mine?limit=5", strings.NewReader(`{"id":"yours","ID":"yours","limit":9,"name":"n"}`), "Content-Type: application/json")
		want := thingResponse{ID: "mine", Limit: 5, Name: "n"}
		if diff := cmp.Diff(want, decodeBody[thingResponse](t, k.do(r))); diff != "" {
			t.Error(diff)
		}
	})
}

func TestMediaTypes(t *testing.T) {
	k := newKernel(t, nil)
	send := func(headers ...string) *http.Response {
		return k.do(request("POST", "/orders", strings.NewReader(`{"name":"n","secret":"s"}`), headers...))
	}
	for _, value := range []string{"application/json", "Application/JSON; charset=UTF-8", `application/json;charset="utf-8"`, "application/merge-patch+json"} {
		t.Run("take "+value, func(t *testing.T) {
			wantStatus(t, send("Content-Type: "+value), http.StatusCreated)
		})
	}
	for _, value := range []string{"text/json", "application/jsonp", "", "application/json; charset=utf-16", "application/json, text/plain"} {
		t.Run("refuse "+value, func(t *testing.T) {
			wantProblem(t, send("Content-Type: "+value), 415, "unsupported_media_type")
		})
	}
	t.Run("need none without a body", func(t *testing.T) {
		wantProblem(t, k.do(request("POST", "/orders", nil)), 400, "validation_failed")
	})
}

// endless is a body without length, as chunked encoding sends it, that counts what was read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func TestBodySize(t *testing.T) {
	k := newKernel(t, nil)
	t.Run("is bounded without a length", func(t *testing.T) {
		body := &endless{}
		r := request("POST", "/orders", body, "Content-Type: application/json")
		r.ContentLength = -1
		wantProblem(t, k.do(r), 413, "body_too_large")
		if body.read > 64<<10+1<<20+64<<10 {
			t.Errorf("read %d bytes of it", body.read)
		}
	})
	t.Run("is refused by its length, and not asked for", func(t *testing.T) {
		body := &endless{}
		r := request("POST", "/orders", io.LimitReader(body, 1<<20), "Content-Type: application/json", "Expect: 100-continue")
		r.ContentLength = 1 << 20
		res := k.do(r)
		wantProblem(t, res, 413, "body_too_large")
		if body.read != 0 || res.Header.Get("Connection") != "close" {
			t.Errorf("read %d bytes, Connection: %s", body.read, res.Header.Get("Connection"))
		}
	})
	t.Run("is bounded when the length lies", func(t *testing.T) {
		body := &endless{}
		r := request("POST", "/orders", body, "Content-Type: application/json")
		r.ContentLength = 10
		wantProblem(t, k.do(r), 413, "body_too_large")
	})
}

func TestParameters(t *testing.T) {
	k := newKernel(t, nil)
	t.Run("are read from path and query", func(t *testing.T) {
		want := thingResponse{ID: "a-1", Limit: 7, Full: true}
		if diff := cmp.Diff(want, decodeBody[thingResponse](t, k.get("/things/a-1?limit=7&full=true&other=1"))); diff != "" {
			t.Error(diff)
		}
	})
	for query, text := range map[string]string{
		"limit=x":                    "limit must be an integer",
		"limit=1.5":                  "limit must be an integer",
		"limit=99999999999999999999": "limit must be an integer",
		"limit=201":                  "limit must be at most 200",
		"limit=-1":                   "limit must be at least 0",
		"limit=1&limit=2":            "limit must be given once",
		"full=maybe":                 "full must be true or false",
		"limit=%00":                  "control characters",
		"limit=%zz":                  "query is malformed",
		"a;limit=1":                  "query is malformed",
	} {
		t.Run("refuse "+query, func(t *testing.T) {
			p := wantProblem(t, k.get("/things/a?"+query), 400, "invalid_request")
			if !strings.Contains(p.Detail, text) {
				t.Errorf("said %q, want %q", p.Detail, text)
			}
		})
	}
}
