package echohttp

import (
	"bytes"
	"cmp"
	"context"
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

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/domain"
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

// codesMark is replaced by the table of codes in the guide.
const codesMark = "<!-- codes -->"

// errorTable lists the codes that the operations answer.
func errorTable(examples map[string]openapi31.ExampleOrReference) string {
	type row struct {
		status int
		code   string
		text   string
	}
	var rows []row
	for code, example := range examples {
		if p, ok := (*example.Example.Value).(api.Problem); ok {
			rows = append(rows, row{p.Status, code, p.Detail})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(a.status-b.status, strings.Compare(a.code, b.code)) })
	var table strings.Builder
	table.WriteString("| status | code | |\n|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&table, "| %d | `%s` | %s |\n", r.status, r.code, r.text)
	}
	return table.String()
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

// failuresOf are the errors of an operation: its own, and those that the kernel adds to it.
func failuresOf(op Op, in *input) []error {
	var all []error
	if in.body != nil || in.validated || len(in.params) > 0 || op.Auth != NoAuth {
		all = append(all, domain.ErrInvalidRequest)
	}
	if in.validated {
		all = append(all, &domain.Error{Kind: domain.Invalid, Code: api.CodeValidationFailed, Text: "Several members are wrong"})
	}
	if in.body != nil {
		all = append(all, errBodyTooLarge, errUnsupportedMedia)
	}
	if in.form != nil {
		all = append(all, errBodyTooLarge, errUnsupportedForm)
	}
	if slices.ContainsFunc(in.params, func(p param) bool { return !p.query }) {
		all = append(all, domain.ErrNotFound)
	}
	if missing := op.missing(); missing != nil {
		all = append(all, missing)
	}
	switch {
	case op.isClient():
		all = append(all, domain.ErrInvalidClient)
	case op.Auth != NoAuth:
		all = append(all, domain.ErrTokenInvalid)
	}
	if op.Proxied {
		all = append(all, domain.ErrTokenInvalid, domain.ErrForbidden)
	}
	if op.Auth == BearerAuth {
		all = append(all, domain.ErrForbidden) // an application token, or a service where a person is needed
	}
	if op.Auth == BearerAuth && !op.Unenrolled && slices.Contains(op.Errors, domain.ErrForbidden) {
		all = append(all, domain.ErrReauthRequired) // the right may be there at a higher level
	}
	if (op.Auth == BearerAuth || op.Auth == OptionalAuth) && !op.Unenrolled {
		all = append(all, domain.ErrEnrolmentRequired)
	}
	if op.Auth != NoAuth || !op.Unmetered {
		all = append(all, domain.ErrRateLimited)
	}
	for _, err := range op.Errors {
		all = append(all, err)
	}
	return append(all, domain.ErrUnavailable, domain.ErrInternal)
}

// addProblems describes failures, one answer per status with an example per code. The schema is reflected for the first of them only: there
// are hundreds.
func addProblems(r *openapi31.Reflector, oc openapi.OperationContext, failures []error) {
	codes := map[int][]string{}
	for _, err := range failures {
		status, e := Classify(err)
		if slices.Contains(codes[status], e.Code) {
			continue
		}
		codes[status] = append(codes[status], e.Code)
		addExample(r, status, e)
	}
	var body any // of the first operation: there are hundreds of answers with this schema, and reflecting it took most of the time
	if _, known := r.SpecEns().ComponentsEns().Schemas[problemSchema]; !known {
		body = api.Problem{}
	}
	for status, codes := range codes {
		oc.AddRespStructure(body, openapi.WithHTTPStatus(status), openapi.WithContentType(api.ProblemMediaType),
			func(cu *openapi.ContentUnit) {
				cu.Description = http.StatusText(status) + ": " + strings.Join(codes, ", ")
			},
			openapi.WithCustomize(func(response openapi.ContentOrReference) { refer(response, codes) }))
	}
}

// addFailures describes failures in another format, one answer per status.
func addFailures(oc openapi.OperationContext, body any, failures []error) {
	known := map[int]bool{}
	for _, err := range failures {
		if status, _ := Classify(err); !known[status] {
			known[status] = true
			oc.AddRespStructure(body, openapi.WithHTTPStatus(status), openapi.WithContentType(MediaJSON))
		}
	}
}

// addExample keeps one example per code, among the components.
func addExample(r *openapi31.Reflector, status int, e *domain.Error) {
	components := r.SpecEns().ComponentsEns()
	if _, exists := components.Examples[e.Code]; exists {
		return
	}
	var value any = problem(status, e, "5b2f0d1e-9d0c-4a57-8d0e-0f3f5f3c2b1a")
	components.WithExamplesItem(e.Code, openapi31.ExampleOrReference{Example: &openapi31.Example{Value: &value}})
}

func refer(response openapi.ContentOrReference, codes []string) {
	r, ok := response.(*openapi31.ResponseOrReference)
	if !ok || r.Response == nil {
		return
	}
	media := r.Response.Content[api.ProblemMediaType]
	media.Schema = map[string]any{"$ref": "#/components/schemas/" + problemSchema}
	media.Examples = map[string]openapi31.ExampleOrReference{}
	for _, code := range codes {
		media.Examples[code] = openapi31.ExampleOrReference{Reference: &openapi31.Reference{Ref: "#/components/examples/" + code}}
	}
	r.Response.Content[api.ProblemMediaType] = media
}

// OpenAPI is the document, indented, for humans and for the golden file. An error means a mistake in a registered operation.
func (a *API) OpenAPI() ([]byte, error) {
	document, err := a.document.render()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, document.body, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// addDocument serves the document. It is public and the same for everybody, so clients may cache it and revalidate.
func (a *API) addDocument() {
	op := Op{
		ID: "openapi", Tag: "Document", Summary: "This document",
		Produces: []Content{
			{Description: "The document", Type: MediaJSON, Body: map[string]any{}},
			{Status: http.StatusNotModified, Description: "It is what If-None-Match names."},
		},
	}
	HandleRaw(a, http.MethodGet, "/openapi.json", op, a.showDocument)
}

func (a *API) showDocument(_ context.Context, caller Caller, _ struct{}) (Raw, error) {
	document, err := a.document.render()
	if err != nil {
		return Raw{}, err
	}
	return Cacheable(caller, MediaJSON, document.body, document.etag, "public, no-cache"), nil
}

// Cacheable answers with a prepared public document: 304 when the client has it (RFC 9110 §13.1.2). etag is quoted; any origin may read it.
func Cacheable(caller Caller, mediaType string, body []byte, etag, control string) Raw {
	raw := Raw{Header: http.Header{
		"Etag": {etag}, "Cache-Control": {control}, "Cross-Origin-Resource-Policy": {"cross-origin"},
	}}
	for _, given := range caller.request.Header["If-None-Match"] {
		for one := range strings.SplitSeq(given, ",") {
			if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == etag || one == "*" {
				raw.Status = http.StatusNotModified
				return raw
			}
		}
	}
	raw.Type, raw.Body = mediaType, body
	return raw
}
