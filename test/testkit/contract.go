package testkit

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// contract checks answers against the OpenAPI document, so that the document can't say one thing and the server do another.
// Safe for concurrent use.
type contract struct {
	router routers.Router

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by their place in the document
}

// served is the document that the first server of the process serves. It is the same for all of them, which a test makes sure
// of, and reflecting and compiling it for each would take longer than what most tests are about.
var served struct {
	sync.Mutex
	contract *contract
}

func contractOf(tb testing.TB, base string) *contract {
	tb.Helper()
	served.Lock()
	defer served.Unlock()
	if served.contract == nil {
		served.contract = read(tb, base)
	}
	return served.contract
}

func read(tb testing.TB, base string) *contract {
	tb.Helper()
	answer, err := http.Get(base + "/openapi.json")
	if err != nil {
		tb.Fatalf("openapi.json: %v", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		tb.Fatalf("openapi.json: %d %v", answer.StatusCode, err)
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		tb.Fatalf("openapi.json: %v", err)
	}
	document.Servers = nil
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		tb.Fatalf("openapi.json: %v", err)
	}
	content, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		tb.Fatalf("openapi.json: %v", err)
	}
	c := &contract{router: router, compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource("openapi.json", content); err != nil {
		tb.Fatalf("openapi.json: %v", err)
	}
	return c
}

func (c *contract) check(tb testing.TB, request *http.Request, answer *http.Response, body []byte) {
	tb.Helper()
	lookup := request.Clone(request.Context())
	lookup.URL.Path = strings.TrimSuffix(lookup.URL.Path, "/")
	head := lookup.Method == http.MethodHead
	if head {
		lookup.Method = http.MethodGet
	}
	route, _, err := c.router.FindRoute(lookup)
	if err != nil {
		tb.Fatalf("%s %s is not in the document: %v", request.Method, request.URL.Path, err)
	}
	if err := c.judge(route, answer, body, head); err != nil {
		tb.Errorf("%s %s: the answer %d breaks the document: %v", request.Method, request.URL.Path, answer.StatusCode, err)
	}
}

// judge looks for the status, the media type and the schema of an answer.
func (c *contract) judge(route *routers.Route, answer *http.Response, body []byte, head bool) error {
	documented := route.Operation.Responses.Status(answer.StatusCode)
	if documented == nil {
		return fmt.Errorf("no such status: %s", body)
	}
	if head || len(documented.Value.Content) == 0 {
		return nil
	}
	media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	if documented.Value.Content[media] == nil {
		return fmt.Errorf("no such media type: %s", media)
	}
	schema, err := c.schema("paths", route.Path, strings.ToLower(route.Method), "responses", strconv.Itoa(answer.StatusCode), "content", media, "schema")
	if err != nil {
		return err
	}
	var value any = string(body)
	if strings.HasSuffix(media, "json") {
		if value, err = jsonschema.UnmarshalJSON(bytes.NewReader(body)); err != nil {
			return err
		}
	}
	return schema.Validate(value)
}

var pointerNotation = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D")

// schema compiles the one at a place of the document, once.
func (c *contract) schema(place ...string) (*jsonschema.Schema, error) {
	for i, name := range place {
		place[i] = pointerNotation.Replace(name)
	}
	pointer := "openapi.json#/" + strings.Join(place, "/")
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.schemas[pointer]; ok {
		return known, nil
	}
	schema, err := c.compiler.Compile(pointer)
	if err == nil {
		c.schemas[pointer] = schema
	}
	return schema, err
}
