package echohttp

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/swaggest/jsonschema-go"
	"github.com/swaggest/openapi-go"
	"github.com/swaggest/openapi-go/openapi31"
)

// document is the OpenAPI 3.1 description of what was registered, reflected from the same types and tags that decode and validate, so that
// the two can't differ. Reflection is slow (3 ms an operation) and most processes never serve the document, so it is made on first use.
type document struct {
	check      *validation // of requests, which examples must pass too
	version    string
	guide      string
	examples   map[string]string // JSON bodies by operation
	server     string            // where the API is, for those who read the document
	operations []operation
	known      map[string]bool // "GET /path" and operation ids
	// render makes the document, once.
	render func() (rendered, error)
}

// operation is what was declared about an operation at registration. in and req are nil when it takes no input.
type operation struct {
	method, path string
	op           Op
	in           *input
	req          any
	produces     []Content
	example      json.RawMessage // of the body
}

type rendered struct {
	body []byte
	etag string // quoted
}

const (
	bearerScheme   = "bearer"
	appTokenScheme = "app_token"
	clientScheme   = "client"

	problemSchema = "Problem" // named after its type
)

func newDocument(o Options, check *validation) *document {
	d := &document{check: check, version: o.Version, guide: o.Guide, examples: o.Examples, server: "/", known: map[string]bool{}}
	d.render = sync.OnceValues(d.build)
	return d
}

// add records an operation. It panics on one that exists already, of which Echo would silently drop the first.
func (d *document) add(method, path string, op Op, in *input, req any, produces ...Content) {
	for _, name := range []string{method + " " + path, op.ID} {
		if d.known[name] {
			panic("echohttp: " + name + " is registered twice")
		}
		d.known[name] = true
	}
	if !op.Hidden {
		d.operations = append(d.operations, operation{method, path, op, in, req, produces, json.RawMessage(d.examples[op.ID])})
	}
}

func (d *document) build() (rendered, error) {
	r := openapi31.NewReflector()
	r.DefaultOptions = append(r.DefaultOptions, schemaOptions()...)
	spec := r.SpecEns()
	spec.SetTitle("Signet")
	spec.SetVersion(d.version)
	spec.Info.WithLicense(openapi31.License{Name: "MIT"})
	spec.WithServers(openapi31.Server{URL: d.server})
	for _, tag := range tags {
		if slices.ContainsFunc(d.operations, func(o operation) bool { return o.op.Tag == tag.name }) {
			spec.Tags = append(spec.Tags, openapi31.Tag{Name: tag.name, Description: &tag.about})
		}
	}
	spec.SetHTTPBearerTokenSecurity(bearerScheme, "JWT", "An access token of /api/auth/login or /api/auth/refresh.")
	spec.SetAPIKeySecurity(appTokenScheme, appTokenHeader, openapi.InHeader, "An application token of /api/tokens.")
	spec.SetHTTPBasicSecurity(clientScheme, "The key of a service and an application token of it; or client_id and client_secret in the form.")
	for _, o := range d.operations {
		if err := o.describe(r, d.check); err != nil {
			return rendered{}, fmt.Errorf("openapi: %s %s: %w", o.method, o.path, err)
		}
	}
	spec.SetDescription(strings.Replace(d.guide, codesMark, errorTable(spec.ComponentsEns().Examples), 1))
	body, err := json.Marshal(spec)
	if err == nil {
		body, err = d.inOrder(body)
	}
	if err != nil {
		return rendered{}, fmt.Errorf("openapi: %w", err)
	}
	sum := sha256.Sum256(body)
	return rendered{body, strconv.Quote(base64.RawURLEncoding.EncodeToString(sum[:12]))}, nil
}

func (o operation) describe(r *openapi31.Reflector, check *validation) error {
	oc, err := r.NewOperationContext(o.method, o.path)
	if err != nil {
		return err
	}
	oc.SetID(o.op.ID)
	oc.SetTags(o.op.Tag)
	if o.op.Summary != "" {
		oc.SetSummary(o.op.Summary)
	}
	if about := strings.TrimSpace(o.op.Description + o.op.order()); about != "" {
		oc.SetDescription(about)
	}
	secure(oc, o.op)
	for _, content := range alternatives(o.produces) {
		oc.AddRespStructure(content.Body, openapi.WithHTTPStatus(content.Status), openapi.WithContentType(content.Type),
			func(cu *openapi.ContentUnit) { cu.Description = content.Description })
	}
	if err := o.checkExample(check); err != nil {
		return err
	}
	if o.in != nil {
		inlineOptionals(r, o.req)
		oc.AddReqStructure(o.req, openapi.WithCustomize(func(body openapi.ContentOrReference) {
			if b, ok := body.(*openapi31.RequestBodyOrReference); ok && b.RequestBody != nil {
				b.RequestBody.WithRequired(o.in.needsBody(o.req))
				exemplify(b.RequestBody, o.example)
			}
		}))
		failures := failuresOf(o.op, o.in)
		if o.op.Failures != nil {
			addFailures(oc, o.op.Failures.Body, failures)
		} else {
			addProblems(r, oc, failures)
		}
	}
	return r.AddOperation(oc)
}

// alternatives merges the bodies of one status and type: the answer is one of them.
func alternatives(produces []Content) []Content {
	var all []Content
	for _, content := range produces {
		if content.Status == 0 {
			content.Status = http.StatusOK
		}
		i := slices.IndexFunc(all, func(c Content) bool {
			return c.Status == content.Status && c.Type == content.Type && c.Body != nil && content.Body != nil
		})
		if i < 0 {
			all = append(all, content)
			continue
		}
		bodies := []any{all[i].Body}
		if several, ok := all[i].Body.(jsonschema.OneOfExposer); ok {
			bodies = several.JSONSchemaOneOf()
		}
		all[i].Body = jsonschema.OneOf(append(bodies, content.Body)...)
		all[i].Description += "; " + strings.ToLower(content.Description[:1]) + content.Description[1:]
	}
	return all
}

// checkExample checks the example of the body with the code that reads bodies.
func (o operation) checkExample(check *validation) error {
	switch {
	case len(o.example) == 0:
		return nil
	case o.in == nil || o.in.body == nil && o.in.form == nil:
		return errors.New("it has an example of a body, and no body")
	case o.in.body != nil:
		target := reflect.New(reflect.TypeOf(o.req).Elem()).Interface()
		if err := unmarshal(o.example, o.in.body, true, target); err != nil {
			return fmt.Errorf("example: %w", err)
		}
		return check.check(target)
	}
	var form map[string]string
	if err := json.Unmarshal(o.example, &form); err != nil {
		return fmt.Errorf("example: %w", err)
	}
	for name := range form {
		if !slices.Contains(names(o.in.form), name) {
			return fmt.Errorf("example: the form has no %s", name)
		}
	}
	return nil
}

// exemplify gives the body an example.
func exemplify(body *openapi31.RequestBody, example json.RawMessage) {
	if len(example) == 0 {
		return
	}
	for mediaType, media := range body.Content {
		var value any = example
		media.Example = &value
		body.Content[mediaType] = media
	}
}

// inOrder sorts the paths as they were registered, which is the order of use and not the alphabet.
func (d *document) inOrder(body []byte) ([]byte, error) {
	var sorted struct {
		Paths json.RawMessage `json:"paths"`
	}
	var items map[string]json.RawMessage
	if err := json.Unmarshal(body, &sorted); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(sorted.Paths, &items); err != nil {
		return nil, err
	}
	var paths bytes.Buffer
	for _, o := range d.operations {
		item, ok := items[o.path]
		if !ok {
			continue // it is there already
		}
		delete(items, o.path)
		paths.WriteString(",\n" + strconv.Quote(o.path) + ":")
		paths.Write(item)
	}
	return bytes.Replace(body, sorted.Paths, slices.Concat([]byte("{"), bytes.TrimPrefix(paths.Bytes(), []byte(",")), []byte("}")), 1), nil
}

func secure(oc openapi.OperationContext, op Op) {
	if op.Auth == NoAuth && !op.Proxied {
		return
	}
	if op.isClient() {
		oc.AddSecurity(clientScheme)
	}
	if op.Auth != ClientAuth && op.Auth != NoAuth {
		oc.AddSecurity(bearerScheme)
	}
	if op.Auth == AppTokenAuth || op.Proxied || op.AppTokenHeader {
		oc.AddSecurity(appTokenScheme)
	}
	if exposer, ok := oc.(openapi31.OperationExposer); ok && op.missing() == nil && !op.isClient() {
		operation := exposer.Operation()
		operation.Security = append(operation.Security, map[string][]string{}) // or none
	}
}
