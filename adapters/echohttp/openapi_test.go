package echohttp_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/adapters/echohttp/pages"
	"github.com/signet-auth/signet/adapters/echohttp/rest"
	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/domain"
)

var update = flag.Bool("update", false, "write golden files")

// golden compares with a file, or writes it under -update.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is stale; run the test with -update and look at the change:\n%s", path, diff)
	}
}

// TestEventsOfTheAPI: clients find every event of the audit log in package api.
func TestEventsOfTheAPI(t *testing.T) {
	all := map[string]bool{}
	for _, event := range domain.EventTypes() {
		all[string(event)] = true
	}
	if diff := cmp.Diff(all, listedIn(t, "../../api/event.go", "Event")); diff != "" {
		t.Errorf("(-domain +api/event.go)\n%s", diff)
	}
}

// listedIn are the values of the constants of a file whose names begin so.
func listedIn(t *testing.T, path, prefix string) map[string]bool {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && strings.HasPrefix(spec.Names[0].Name, prefix) {
			code, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			codes[code] = true
		}
		return true
	})
	return codes
}

func load(t *testing.T, a *echohttp.API) *openapi3.T {
	t.Helper()
	text, err := a.OpenAPI()
	if err != nil {
		t.Fatal(err)
	}
	document, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatalf("the document is not OpenAPI: %v", err)
	}
	return document
}

// TestDocument is about the product's own document. It needs no use case: nothing is called.
func TestDocument(t *testing.T) {
	a, err := echohttp.New(echohttp.Options{Version: api.Version, Guide: rest.Guide, Examples: rest.Examples})
	if err != nil {
		t.Fatal(err)
	}
	new(rest.Auth).Mount(a)
	new(rest.Passwords).Mount(a)
	new(rest.Profile).Mount(a)
	new(rest.Account).Mount(a)
	new(rest.Sessions).Mount(a)
	new(rest.Users).Mount(a)
	new(rest.Services).Mount(a)
	new(rest.Roles).Mount(a)
	new(rest.Permissions).Mount(a)
	new(rest.Assignments).Mount(a)
	new(rest.Authz).Mount(a)
	new(rest.Revocations).Mount(a)
	new(rest.Audit).Mount(a)
	new(rest.AppTokens).Mount(a)
	new(rest.OAuth).Mount(a)
	new(rest.Providers).Mount(a)
	new(rest.ProviderLogin).Mount(a)
	new(rest.Factors).Mount(a)
	new(rest.Devices).Mount(a)
	new(rest.WellKnown).Mount(a)
	new(pages.VerificationLink).Mount(a)
	new(pages.ResetLink).Mount(a)
	new(pages.EmailChangeLink).Mount(a)
	new(pages.FactorUndoLink).Mount(a)
	document := load(t, a)
	t.Run("has an example of every body and a group for every operation", func(t *testing.T) {
		for path, item := range document.Paths.Map() {
			for method, o := range item.Operations() {
				if len(o.Tags) != 1 || document.Tags.Get(o.Tags[0]) == nil {
					t.Errorf("%s %s: group %q is not described", method, path, o.Tags)
				}
				if o.RequestBody == nil {
					continue
				}
				for media, content := range o.RequestBody.Value.Content {
					if content.Example == nil {
						t.Errorf("%s %s: no example of %s", method, path, media)
					}
				}
			}
		}
	})
	t.Run("answers the codes that package api lists, and no others", func(t *testing.T) {
		listed := listedIn(t, "../../api/code.go", "Code")
		delete(listed, api.CodeMethodNotAllowed) // of no operation: the path has no such one
		answered := map[string]bool{}
		for code := range document.Components.Examples {
			answered[code] = true
		}
		if diff := cmp.Diff(listed, answered); diff != "" {
			t.Errorf("(-api/code.go +answered)\n%s", diff)
		}
	})
	t.Run("is the one in docs", func(t *testing.T) {
		text, err := a.OpenAPI()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, "../../docs/openapi.json", text)
	})
}

func TestDescription(t *testing.T) {
	k := newKernel(t, nil)
	document := load(t, k.API)
	schema := func(name string) *openapi3.Schema {
		t.Helper()
		ref := document.Components.Schemas[name]
		if ref == nil {
			t.Fatalf("no schema %s", name)
		}
		return ref.Value
	}
	t.Run("is OpenAPI 3.1 in the default dialect", func(t *testing.T) {
		if document.OpenAPI != "3.1.0" || document.JSONSchemaDialect != "" {
			t.Errorf("got %s, dialect %q", document.OpenAPI, document.JSONSchemaDialect)
		}
	})
	t.Run("names schemas without their package", func(t *testing.T) {
		for _, name := range []string{"OrderRequest", "orderRequest"} {
			if document.Components.Schemas[name] != nil {
				return
			}
		}
		t.Error("orderRequest is missing")
	})
	t.Run("derives bounds from the tags that validate", func(t *testing.T) {
		order := schema("orderRequest")
		if diff := cmp.Diff([]string{"name", "secret"}, order.Required); diff != "" {
			t.Error(diff)
		}
		name, size, count := order.Properties["name"].Value, order.Properties["size"].Value, order.Properties["count"].Value
		if name.MinLength != 1 || name.MaxLength == nil || *name.MaxLength != 10 {
			t.Errorf("name: %d to %v", name.MinLength, name.MaxLength)
		}
		if count.Max == nil || *count.Max != 100 {
			t.Errorf("count: %v", count.Max)
		}
		if diff := cmp.Diff([]any{"small", "large"}, size.Enum); diff != "" || size.Max != nil {
			t.Errorf("size, a pointer: %s", diff)
		}
		if tags := order.Properties["tags"].Value; tags.MaxItems == nil || *tags.MaxItems != 3 {
			t.Errorf("tags: %v", tags.MaxItems)
		}
		if !order.Properties["notes"].Value.Type.Is("object") {
			t.Error("notes, raw JSON, is no object")
		}
	})
	t.Run("requires what an answer always has", func(t *testing.T) {
		if diff := cmp.Diff([]string{"success", "name", "count"}, schema("orderResponse").Required); diff != "" {
			t.Error(diff)
		}
		want := []string{"type", "title", "status", "detail", "code", "request_id", "success", "message"}
		if diff := cmp.Diff(want, schema("Problem").Required); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("lists statuses with their codes", func(t *testing.T) {
		responses := document.Paths.Find("/orders").Post.Responses
		for status, want := range map[string]string{
			"400": "Bad Request: invalid_request, validation_failed", "409": "Conflict: email_taken", "413": "Request Entity Too Large: body_too_large",
			"415": "Unsupported Media Type: unsupported_media_type", "429": "Too Many Requests: rate_limited",
			"500": "Internal Server Error: internal", "503": "Service Unavailable: unavailable",
		} {
			response := responses.Value(status)
			if response == nil {
				t.Errorf("no %s", status)
				continue
			}
			if got := *response.Value.Description; got != want {
				t.Errorf("%s is described as %q", status, got)
			}
			if response.Value.Content["application/problem+json"] == nil || len(response.Value.Content) != 1 {
				t.Errorf("%s is no problem", status)
			}
		}
		if responses.Value("201") == nil || responses.Value("200") != nil || responses.Value("401") != nil {
			t.Error("success is not 201 alone, or there is a 401")
		}
	})
	t.Run("says which operations want a token", func(t *testing.T) {
		if got := document.Paths.Find("/me").Get.Security; got == nil || len(*got) != 1 || (*got)[0]["bearer"] == nil {
			t.Errorf("/me: %v", got)
		}
		if got := document.Paths.Find("/optional").Get.Security; got == nil || len(*got) != 2 || len((*got)[1]) != 0 {
			t.Errorf("/optional: %v", got)
		}
		if got := document.Paths.Find("/anybody").Get.Security; got != nil {
			t.Errorf("/anybody: %v", got)
		}
	})
	t.Run("describes parameters", func(t *testing.T) {
		get := document.Paths.Find("/things/{id}").Get
		if get.RequestBody != nil {
			t.Error("GET has a body")
		}
		id, limit := get.Parameters.GetByInAndName("path", "id"), get.Parameters.GetByInAndName("query", "limit")
		if id == nil || !id.Required || limit == nil || limit.Required {
			t.Errorf("id %v, limit %v", id, limit)
		}
		if maximum := limit.Schema.Value.Max; maximum == nil || *maximum != 200 {
			t.Errorf("limit up to %v", maximum)
		}
	})
	t.Run("describes raw answers as they are", func(t *testing.T) {
		if got := document.Paths.Find("/page").Get.Responses.Value("200").Value.Content; got["text/html"] == nil || len(got) != 1 {
			t.Errorf("got %v", got)
		}
		if document.Paths.Find("/elsewhere").Get.Responses.Value("303") == nil {
			t.Error("no 303")
		}
	})
	t.Run("has an example for every code", func(t *testing.T) {
		for code, example := range document.Components.Examples {
			encoded, err := json.Marshal(example.Value.Value)
			if err != nil || !bytes.Contains(encoded, []byte(`"code":"`+code+`"`)) {
				t.Errorf("%s: %s", code, encoded)
			}
		}
	})
	t.Run("panics on an operation twice", func(t *testing.T) {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		echohttp.Handle(k.API, "GET", "/me", echohttp.Op{ID: "again", Tag: "test"}, who)
	})
}

func TestDocumentRoute(t *testing.T) {
	k := newKernel(t, nil)
	res := k.get("/openapi.json")
	wantStatus(t, res, http.StatusOK)
	etag := res.Header.Get("Etag")
	body, err := io.ReadAll(res.Body)
	if err != nil || !json.Valid(body) || res.Header.Get("Content-Type") != "application/json" || res.Header.Get("Cache-Control") != "public, no-cache" {
		t.Errorf("%v, %v", err, res.Header)
	}
	for given, status := range map[string]int{
		etag: 304, "W/" + etag: 304, `"other", ` + etag: 304, "*": 304, `"other"`: 200, "other": 200,
	} {
		t.Run("answers If-None-Match: "+given, func(t *testing.T) {
			res := k.get("/openapi.json", "If-None-Match: "+given)
			wantStatus(t, res, status)
			if res.Header.Get("Etag") != etag {
				t.Error("the ETag is missing")
			}
		})
	}
}
