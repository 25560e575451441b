package testkit

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// contract checks answers against the server's own OpenAPI document, so that the document can't say one thing and the server
// do another.
type contract struct{ router routers.Router }

var contracts sync.Map // document text → *contract: the document is the same for all servers of a process

// readsPages tells the library, which keeps a table for the process, that a page is text.
var readsPages = sync.OnceFunc(func() { openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.PlainBodyDecoder) })

func contractOf(tb testing.TB, base string) *contract {
	tb.Helper()
	readsPages()
	answer, err := http.Get(base + "/openapi.json")
	if err != nil {
		tb.Fatalf("openapi.json: %v", err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		tb.Fatalf("openapi.json: %d %v", answer.StatusCode, err)
	}
	if known, ok := contracts.Load(string(text)); ok {
		return known.(*contract)
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
	c := &contract{router: router}
	contracts.Store(string(text), c)
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
	route, params, err := c.router.FindRoute(lookup)
	if err != nil {
		tb.Fatalf("%s %s is not in the document: %v", request.Method, request.URL.Path, err)
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: lookup, PathParams: params, Route: route},
		Status:                 answer.StatusCode, Header: answer.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, ExcludeResponseBody: head},
	}
	input.SetBodyBytes(bytes.Clone(body))
	if err := openapi3filter.ValidateResponse(request.Context(), input); err != nil {
		tb.Errorf("%s %s: the answer breaks the document: %v", request.Method, request.URL.Path, err)
	}
}
