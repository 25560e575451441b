package echohttp

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/swaggest/openapi-go"
	"github.com/swaggest/openapi-go/openapi31"

	"github.com/signet-auth/signet/api"
	"github.com/signet-auth/signet/domain"
)

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
