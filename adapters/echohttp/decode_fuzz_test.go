package echohttp_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/domain"
)

// fuzzed has the sorts of members that matter, with names that fold in odd ways (k and s).
type fuzzed struct {
	Name  string          `json:"name,omitempty"`
	Sink  *fuzzed         `json:"-"`
	Task  json.RawMessage `json:"task,omitempty"`
	Count int             `json:"count,omitempty"`
	Flag  bool            `json:"flag,omitempty"`
	Inner *innerFuzzed    `json:"inner,omitempty"`
	Desks []innerFuzzed   `json:"desks,omitempty"`
}

type innerFuzzed struct {
	Key string `json:"key,omitempty"`
}

// FuzzDecode holds the decoder to what it promises: what it accepts is one JSON object without a member twice, that
// encoding/json takes for the same whether or not it knows the struct; what it refuses is an invalid request and nothing
// else; and well-formed objects without the listed faults are not refused.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"name":"n"}`, `{"name":"\u00e9\ud83d\ude00","count":3,"flag":true,"task":{"a":[1,2.5e3,null]}}`,
		`{"inner":{"key":"x"},"desks":[{"key":"y"},{}]}`, `{"name":"a","name":"b"}`, `{"n\u0061me":"a","name":"b"}`, `{"Name":"a"}`,
		`{"inner":{"Key":"x"}}`, `{"desks":[{"ſ":1,"\u212aey":"x"}]}`, `{"name":"\ud800"}`, `{"name":"\udc00\ud800"}`, `{"name":"\u0000"}`,
		"{\"name\":\"\xff\"}", `{"count":1e400}`, `{"count":-0}`, `{"count":1.0}`, `{} {}`, `[{}]`, `nul`, "{\"a\":\"\x7f\"}", `{"task":` + strings.Repeat("[", 40),
		" \t\r\n{ } ", `{"":0,"":1}`, `{"a":"\/\b\f\n\r\t\\\""}`, `{"name":null,"inner":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var strict, lenient fuzzed
		err := echohttp.Unmarshal(body, false, &lenient)
		if strictErr := echohttp.Unmarshal(body, true, &strict); strictErr == nil && err != nil {
			t.Fatalf("strict took what lenient refused: %v", err)
		}
		if err != nil {
			var known *domain.Error
			if !errors.As(err, &known) || known.Kind != domain.Invalid || known.Code != "invalid_request" {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		if !json.Valid(body) {
			t.Fatal("accepted what encoding/json does not")
		}
		if key, twice := duplicate(t, body); twice {
			t.Fatalf("accepted %q twice", key)
		}
		var free map[string]json.RawMessage
		if err := json.Unmarshal(body, &free); err != nil {
			t.Fatal(err)
		}
		// By exact names from the map, the struct must be what it was by encoding/json's own matching.
		var exact fuzzed
		for name, target := range map[string]any{
			"name": &exact.Name, "task": &exact.Task, "count": &exact.Count, "flag": &exact.Flag, "inner": &exact.Inner, "desks": &exact.Desks,
		} {
			if raw, has := free[name]; has {
				if err := json.Unmarshal(raw, target); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
		}
		if !reflect.DeepEqual(exact, lenient) {
			t.Fatalf("read %+v, by exact names %+v", lenient, exact)
		}
	})
}

// duplicate looks for a member twice in the way of another reader: by the decoder's tokens.
func duplicate(t *testing.T, body []byte) (string, bool) {
	t.Helper()
	type frame struct {
		object bool
		keys   map[string]bool
		want   bool // a key comes next
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var stack []*frame
	value := func() {
		if n := len(stack); n > 0 && stack[n-1].object {
			stack[n-1].want = true
		}
	}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return "", false
		}
		if err != nil {
			t.Fatal(err)
		}
		switch v := token.(type) {
		case json.Delim:
			if v == '{' || v == '[' {
				stack = append(stack, &frame{object: v == '{', keys: map[string]bool{}, want: v == '{'})
				continue
			}
			stack = stack[:len(stack)-1]
			value()
		case string:
			top := stack[len(stack)-1]
			if !top.want {
				value()
				continue
			}
			if top.keys[v] {
				return v, true
			}
			top.keys[v], top.want = true, false
		default:
			value()
		}
	}
}
