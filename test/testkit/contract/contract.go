// Package contract checks answers against the OpenAPI document, so that the document can't say one thing and the server do another.
package contract

import (
	"bytes"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Contract is a document that answers are checked against. Safe for concurrent use.
type Contract struct {
	router routers.Router

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by their place in the document
}

// Read is the contract of a document.
func Read(document []byte) (*Contract, error) {
	parsed, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		return nil, err
	}
	parsed.Servers = nil
	router, err := gorillamux.NewRouter(parsed)
	if err != nil {
		return nil, err
	}
	content, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		return nil, err
	}
	c := &Contract{router: router, compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	c.compiler.DefaultDraft(jsonschema.Draft2020)
	c.compiler.AssertFormat()
	return c, c.compiler.AddResource("openapi.json", content)
}

// Check tells what an answer breaks. A path may have a trailing slash, and HEAD answers as GET without a body.
func (c *Contract) Check(request *http.Request, answer *http.Response, body []byte) error {
	lookup := request.Clone(request.Context())
	lookup.URL.Path = strings.TrimSuffix(lookup.URL.Path, "/")
	head := lookup.Method == http.MethodHead
	if head {
		lookup.Method = http.MethodGet
	}
	route, _, err := c.router.FindRoute(lookup)
	if err != nil {
		return fmt.Errorf("not in the document: %w", err)
	}
	return c.judge(route, answer, body, head)
}

// judge looks for the status, the media type and the schema of an answer.
func (c *Contract) judge(route *routers.Route, answer *http.Response, body []byte, head bool) error {
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
func (c *Contract) schema(place ...string) (*jsonschema.Schema, error) {
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
