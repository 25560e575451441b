package domain_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/signet-auth/signet/domain"
)

func TestEventTypesAreAllThatThereAre(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "event_types.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	constants := 0
	for node := range ast.Preorder(file) {
		if spec, ok := node.(*ast.ValueSpec); ok {
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "EventType" {
				constants++
			}
		}
	}
	types := domain.EventTypes()
	slices.Sort(types)
	wantEqual(t, len(slices.Compact(types)), constants)
}

func TestParseEventTypes(t *testing.T) {
	for text, want := range map[string][]domain.EventType{
		"":                          nil,
		"grant.added":               {domain.EventGrantAdded},
		"login.failed,grant.added":  {domain.EventGrantAdded, domain.EventLoginFailed},
		"grant.*":                   {domain.EventGrantAdded, domain.EventGrantRemoved, domain.EventGrantUpdated},
		"grant.*,grant.added,key.*": {domain.EventGrantAdded, domain.EventGrantRemoved, domain.EventGrantUpdated, domain.EventKeyActivated, domain.EventKeyCreated, domain.EventKeyRevoked},
	} {
		got, err := domain.ParseEventTypes(text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"grant", "grant.aded", "grant*", "grant.a*", "*", ".*", "grant.**", ",", "grant.added,", " grant.added", "Grant.added",
		strings.Repeat("grant.added,", 10) + "grant.added",
	} {
		_, err := domain.ParseEventTypes(text)
		wantCodes(t, err, "invalid_request", "type invalid")
	}
}

func FuzzParseEventTypes(f *testing.F) {
	f.Add("grant.*,login.failed")
	f.Add("*,.*,")
	f.Fuzz(func(t *testing.T, text string) {
		types, err := domain.ParseEventTypes(text)
		if err != nil && types != nil || err == nil && (text == "") != (len(types) == 0) {
			t.Fatalf("%q: %v, %v", text, types, err)
		}
		for _, kind := range types {
			family, _, _ := strings.Cut(string(kind), ".")
			if !slices.Contains(domain.EventTypes(), kind) || !strings.Contains(text, family) {
				t.Fatalf("%q: %s was not asked for", text, kind)
			}
		}
	})
}
