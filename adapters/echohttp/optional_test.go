package echohttp_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signet-auth/signet/adapters/echohttp"
	"github.com/signet-auth/signet/api"
)

// patchRequest has optional members of every sort.
type patchRequest struct {
	Name  api.Optional[string]          `json:"name,omitzero" validate:"omitempty,max=5"`
	Size  api.Optional[string]          `json:"size,omitzero" validate:"omitempty,oneof=small large"`
	Count api.Optional[int]             `json:"count,omitzero" validate:"omitempty,lte=9"`
	Where api.Optional[addressRequest]  `json:"where,omitzero"`
	Notes api.Optional[json.RawMessage] `json:"notes,omitzero"`
}

// newPatcher is a kernel whose /patch answers the members that were given.
func newPatcher(t *testing.T) *kernel {
	t.Helper()
	k := newKernel(t, nil)
	echohttp.Handle(k.API, http.MethodPatch, "/patch", echohttp.Op{ID: "patch", Tag: "test", Strict: true},
		func(_ context.Context, _ echohttp.Caller, in patchRequest) (patchRequest, error) { return in, nil })
	return k
}

func (k *kernel) patch(body string) *http.Response {
	return k.do(request(http.MethodPatch, "/patch", strings.NewReader(body), "Content-Type: application/json"))
}

func TestOptionalMembers(t *testing.T) {
	k := newPatcher(t)
	for body, want := range map[string]string{
		`{}`: `{}`,
		`{"name":null,"size":null,"count":null,"notes":null}`: `{"name":"","size":"","count":0,"notes":null}`,
		`{"name":"Ada"}`: `{"name":"Ada"}`,
		`{"name":"ééééé","notes":{"Any":[1e2,{"NAME":1}]}}`: `{"name":"ééééé","notes":{"Any":[1e2,{"NAME":1}]}}`,
		`{"where":{"street":"Main"}}`:                       `{"where":{"street":"Main"}}`,
	} {
		t.Run(body+" is read", func(t *testing.T) {
			res := k.patch(body)
			wantStatus(t, res, http.StatusOK)
			got, err := io.ReadAll(res.Body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, strings.TrimSpace(string(got))); diff != "" {
				t.Error(diff)
			}
		})
	}
	for body, text := range map[string]string{
		`{"size":"` + marker + `"}`:      "size must be one of: small, large, null",
		`{"size":""}`:                    "size must be one of: small, large, null",
		`{"count":10}`:                   "count must be at most 9",
		`{"count":"` + marker + `"}`:     "count must be an integer in range",
		`{"where":{"Street":"x"}}`:       "differs from street by case only", // the strictness goes on inside
		`{"where":{"street":"x","y":1}}`: "unknown member; accepted are: street",
	} {
		t.Run(body+" is refused", func(t *testing.T) {
			p := wantProblem(t, k.patch(body), http.StatusBadRequest, "invalid_request")
			if !strings.Contains(p.Detail, text) || strings.Contains(p.Detail, marker) {
				t.Errorf("says %q, want %q", p.Detail, text)
			}
		})
	}
}

func TestOptionalMembersAreDescribed(t *testing.T) {
	document := load(t, newPatcher(t).API)
	for name := range document.Components.Schemas {
		if strings.Contains(name, "Optional") {
			t.Errorf("%s is a schema", name)
		}
	}
	schema := document.Components.Schemas["patchRequest"].Value
	if len(schema.Required) != 0 || document.Paths.Find("/patch").Patch.RequestBody.Value.Required {
		t.Error("something is required")
	}
	for name, want := range map[string][]string{
		"name": {"string", "null"}, "size": {"string", "null"}, "count": {"integer", "null"}, "where": {"object", "null"}, "notes": {"object", "null"},
	} {
		if diff := cmp.Diff(want, schema.Properties[name].Value.Type.Slice()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if diff := cmp.Diff([]any{"small", "large", nil}, schema.Properties["size"].Value.Enum); diff != "" {
		t.Error(diff)
	}
	if limit := schema.Properties["name"].Value.MaxLength; limit == nil || *limit != 5 {
		t.Errorf("name has at most %v characters", limit)
	}
	if limit := schema.Properties["count"].Value.Max; limit == nil || *limit != 9 {
		t.Errorf("count is at most %v", limit)
	}
}
