package echohttp_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/api"
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
		status           int
		code             string
	}{
		{"malformed JSON", `{"name":"` + marker, "not valid JSON", 400, "invalid_request"},
		{"a trailing comma", `{"name":"` + marker + `",}`, "not valid JSON", 400, "invalid_request"},
		{"a comment", `{/*` + marker + `*/}`, "not valid JSON", 400, "invalid_request"},
		{"single quotes", `{'name':'` + marker + `'}`, "not valid JSON", 400, "invalid_request"},
		{"NaN", `{"count":NaN}`, "not valid JSON", 400, "invalid_request"},
		{"a leading zero", `{"count":01}`, "not valid JSON", 400, "invalid_request"},
		{"a raw line break in a string", "{\"name\":\"" + marker + "\n\"}", "not valid JSON", 400, "invalid_request"},
		{"a byte order mark", "\ufeff" + good, "not valid JSON", 400, "invalid_request"},
		{"white space alone", "  ", "not valid JSON", 400, "invalid_request"},
		{"trailing data", good + `{}`, "data after", 400, "invalid_request"},
		{"trailing text", good + marker, "data after", 400, "invalid_request"},
		{"null", `null`, "one JSON object", 400, "invalid_request"},
		{"an array", `["` + marker + `"]`, "one JSON object", 400, "invalid_request"},
		{"a string", `"` + marker + `"`, "one JSON object", 400, "invalid_request"},
		{"a number for text", `{"name":7351,"secret":"s"}`, "name must be a string", 400, "invalid_request"},
		{"text for a number", `{"name":"n","secret":"s","count":"` + marker + `"}`, "count must be an integer", 400, "invalid_request"},
		{"a fraction for an integer", `{"name":"n","secret":"s","count":1.5}`, "count must be an integer", 400, "invalid_request"},
		{"an exponent for an integer", `{"name":"n","secret":"s","count":1e2}`, "count must be an integer", 400, "invalid_request"},
		{"an integer out of range", `{"name":"n","secret":"s","count":99999999999999999999}`, "count must be an integer", 400, "invalid_request"},
		{"a number for a boolean", `{"name":"n","secret":"s","express":1}`, "express must be true or false", 400, "invalid_request"},
		{"text for an object", `{"name":"n","secret":"s","address":"` + marker + `"}`, "address must be an object", 400, "invalid_request"},
		{"an object for text", `{"name":{"$ne":""},"secret":"s"}`, "name must be a string", 400, "invalid_request"},
		{"a wrong type in an object", `{"name":"n","secret":"s","address":{"street":[]}}`, "address.street must be a string", 400, "invalid_request"},
		{"a duplicate key (CVE-2020-16250)", `{"name":"n","secret":"s","name":"` + marker + `"}`, "a member twice", 400, "invalid_request"},
		{"a duplicate key in disguise", `{"name":"n","secret":"s","n\u0061me":"` + marker + `"}`, "a member twice", 400, "invalid_request"},
		{"a duplicate unknown key", `{"name":"n","secret":"s","x":1,"x":2}`, "a member twice", 400, "invalid_request"},
		{"a duplicate key inside", `{"name":"n","secret":"s","address":{"street":"a","street":"b"}}`, "a member twice", 400, "invalid_request"},
		{"a duplicate key in free JSON", `{"name":"n","secret":"s","notes":[{"a":1,"a":2}]}`, "a member twice", 400, "invalid_request"},
		{"a case variant of a key (golang/go#48298)", `{"Name":"` + marker + `","secret":"s"}`, "differs from name by case", 400, "invalid_request"},
		{"a case variant beside the key", `{"name":"n","NAME":"` + marker + `","secret":"s"}`, "differs from name by case", 400, "invalid_request"},
		{"a long s for an s (U+017F)", `{"name":"n","ſecret":"` + marker + `"}`, "differs from secret by case", 400, "invalid_request"},
		{"a case variant inside", `{"name":"n","secret":"s","address":{"STREET":"` + marker + `"}}`, "differs from street by case", 400, "invalid_request"},
		{"NUL escaped", `{"name":"` + marker + `\u0000","secret":"s"}`, "NUL", 400, "invalid_request"},
		{"NUL raw", "{\"name\":\"" + marker + "\x00\",\"secret\":\"s\"}", "NUL", 400, "invalid_request"},
		{"NUL in free JSON", `{"name":"n","secret":"s","notes":["\u0000"]}`, "NUL", 400, "invalid_request"},
		{"NUL in a key", `{"name":"n","secret":"s","notes":{"\u0000":1}}`, "NUL", 400, "invalid_request"},
		{"invalid UTF-8", "{\"name\":\"" + marker + "\xff\",\"secret\":\"s\"}", "UTF-8", 400, "invalid_request"},
		{"an overlong encoding", "{\"name\":\"" + marker + "\xc0\x80\",\"secret\":\"s\"}", "UTF-8", 400, "invalid_request"},
		{"a surrogate in UTF-8", "{\"name\":\"" + marker + "\xed\xa0\x80\",\"secret\":\"s\"}", "UTF-8", 400, "invalid_request"},
		{"a lone high surrogate", `{"name":"` + marker + `\ud800","secret":"s"}`, "surrogate", 400, "invalid_request"},
		{"a lone low surrogate", `{"name":"` + marker + `\udc00x","secret":"s"}`, "surrogate", 400, "invalid_request"},
		{"two high surrogates", `{"name":"` + marker + `\ud800\ud800","secret":"s"}`, "surrogate", 400, "invalid_request"},
		{"a body of 1 MB", `{"name":"` + strings.Repeat("a", 1<<20) + `"}`, "at most 64 KB", 413, "body_too_large"},
		{"depth 10 000 of arrays", strings.Repeat("[", 10_000), "32 levels", 400, "invalid_request"},
		{"depth 10 000 of objects", strings.Repeat(`{"a":`, 10_000), "32 levels", 400, "invalid_request"},
		{"depth 33", `{"notes":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, "32 levels", 400, "invalid_request"},
		{"a missing member", `{"name":"n"}`, "secret is required", 400, "invalid_request"},
		{"an empty member", `{"name":"","secret":"s"}`, "name is required", 400, "invalid_request"},
		{"a null member", `{"name":null,"secret":"s"}`, "name is required", 400, "invalid_request"},
		{"several missing members", `{}`, "name is required; secret is required", 400, "validation_failed"},
		{"no body where members are required", ``, "name is required; secret is required", 400, "validation_failed"},
		{"an over-long string", `{"name":"` + marker + `abcdefgh","secret":"s"}`, "name must have at most 10 characters", 400, "invalid_request"},
		{"a value out of bounds", `{"name":"n","secret":"s","count":101}`, "count must be at most 100", 400, "invalid_request"},
		{"a value that is none of the few", `{"name":"n","secret":"s","size":"` + marker + `"}`, "size must be one of: small, large", 400, "invalid_request"},
		{"too many items", `{"name":"n","secret":"s","tags":["a","b","c","d"]}`, "tags must have at most 3 items", 400, "invalid_request"},
		{"a missing member inside", `{"name":"n","secret":"s","address":{}}`, "address.street is required", 400, "invalid_request"},
	}
	for _, tt := range refusals {
		t.Run("refuse "+tt.name, func(t *testing.T) {
			k.log.Reset()
			res := k.post("/orders", tt.body)
			p := wantProblem(t, res, tt.status, tt.code)
			if !strings.Contains(p.Detail, tt.text) {
				t.Errorf("detail %q does not say %q", p.Detail, tt.text)
			}
			if said := p.Detail + p.Title; strings.Contains(said, marker) || strings.Contains(said, "7351") {
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
	t.Run("name the wrong members", func(t *testing.T) {
		p := wantProblem(t, k.post("/orders", `{"count":101,"name":"n"}`), 400, "validation_failed")
		want := []api.FieldProblem{
			{Field: "secret", Code: "required", Message: "secret is required"},
			{Field: "count", Code: "too_large", Message: "count must be at most 100"},
		}
		if diff := cmp.Diff(want, p.Errors); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("with unknown members are refused on strict routes", func(t *testing.T) {
		p := wantProblem(t, k.post("/strict-orders", `{"name":"n","secret":"s","`+marker+`":1}`), 400, "invalid_request")
		if !strings.Contains(p.Detail, "unknown member; accepted are: name, secret, count") || strings.Contains(p.Detail, marker) {
			t.Errorf("said %q", p.Detail)
		}
		wantStatus(t, k.post("/strict-orders", good), http.StatusOK)
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
	for _, value := range []string{
		"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", "application/jsonp", "",
		"application/json; charset=utf-16", "application/json; charset=iso-8859-1", "text/plain; application/json", "application/json, text/plain",
	} {
		t.Run("refuse "+value, func(t *testing.T) {
			wantProblem(t, send("Content-Type: "+value), 415, "unsupported_media_type")
		})
	}
	t.Run("refuse none with a body", func(t *testing.T) {
		wantProblem(t, send(), 415, "unsupported_media_type")
	})
	t.Run("refuse two", func(t *testing.T) {
		wantProblem(t, send("Content-Type: application/json", "Content-Type: text/plain"), 415, "unsupported_media_type")
	})
	t.Run("refuse a content coding (RFC 9110 §8.4)", func(t *testing.T) {
		wantProblem(t, send("Content-Type: application/json", "Content-Encoding: gzip"), 415, "unsupported_media_type")
	})
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
		if body.read > 256<<10 {
			t.Errorf("read %d bytes of it", body.read)
		}
	})
	t.Run("is refused by its length before a byte is read", func(t *testing.T) {
		body := &endless{}
		r := request("POST", "/orders", io.LimitReader(body, 1<<20), "Content-Type: application/json")
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
