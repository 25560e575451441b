package echohttp

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/swaggest/jsonschema-go"
	"github.com/swaggest/openapi-go"
)

// schemaOptions make schemas match what the kernel accepts.
func schemaOptions() []func(*jsonschema.ReflectContext) {
	return []func(*jsonschema.ReflectContext){
		jsonschema.InterceptDefName(func(t reflect.Type, _ string) string { return t.Name() }),
		jsonschema.InterceptSchema(describeOptional),
		jsonschema.InterceptProp(describeProperty),
		jsonschema.InterceptNullability(func(p jsonschema.InterceptNullabilityParams) {
			// Empty lists are [], never null.
			if kind := p.Type.Kind(); kind == reflect.Slice || kind == reflect.Map {
				p.Schema.RemoveType(jsonschema.Null)
			}
		}),
	}
}

// describeProperty is called before and after the schema of a property is made; it acts only on the second call.
func describeProperty(p jsonschema.InterceptPropParams) error {
	if !p.Processed {
		return nil
	}
	if p.Field.Type == reflect.TypeFor[json.RawMessage]() {
		p.PropertySchema.AddType(jsonschema.Object)
	}
	rules := p.Field.Tag.Get("validate")
	required := hasRule(rules, "required")
	if oc, ok := openapi.OperationCtx(p.Context); ok && oc.IsProcessingResponse() {
		tag := p.Field.Tag.Get("json")
		required = !strings.Contains(tag, ",omitempty") && !strings.Contains(tag, ",omitzero")
	} else {
		constrain(p.PropertySchema, indirect(p.Field.Type).Kind(), rules)
		if heldBy(p.Field.Type) != nil && len(p.PropertySchema.Enum) > 0 {
			p.PropertySchema.Enum = append(p.PropertySchema.Enum, nil) // enum says all that is valid (JSON Schema Validation §6.1.2)
		}
	}
	if required && p.Field.Tag.Get("json") != "-" {
		p.ParentSchema.Required = append(p.ParentSchema.Required, p.Name)
	}
	return nil
}

// constrain derives schema keywords from a validate tag. A pointer was replaced by what it points to, or the bounds of a
// text would become those of a number.
func constrain(s *jsonschema.Schema, kind reflect.Kind, rules string) {
	for rule := range strings.SplitSeq(rules, ",") {
		name, arg, _ := strings.Cut(rule, "=")
		n, _ := strconv.ParseInt(arg, 10, 64)
		switch {
		case name == "required" && kind == reflect.String:
			s.WithMinLength(1) // an empty text counts as missing
		case name == "oneof":
			for value := range strings.FieldsSeq(arg) {
				s.Enum = append(s.Enum, value)
			}
		case name == "min" && kind == reflect.String:
			s.WithMinLength(n)
		case name == "max" && kind == reflect.String:
			s.WithMaxLength(n)
		case name == "min" && kind == reflect.Slice:
			s.WithMinItems(n)
		case name == "max" && kind == reflect.Slice:
			s.WithMaxItems(n)
		case name == "gte":
			s.WithMinimum(float64(n))
		case name == "lte":
			s.WithMaximum(float64(n))
		}
	}
}

// needsBody tells whether some member of the body is required.
func (in *input) needsBody(req any) bool {
	if in.body == nil {
		return false
	}
	for _, field := range reflect.VisibleFields(reflect.TypeOf(req).Elem()) {
		required := hasRule(field.Tag.Get("validate"), "required") || field.Tag.Get("required") == "true"
		if tag := field.Tag.Get("json"); tag != "" && tag != "-" && required {
			return true
		}
	}
	return false
}

func hasRule(rules, name string) bool {
	for rule := range strings.SplitSeq(rules, ",") {
		if rule == name {
			return true
		}
	}
	return false
}

// indirect is the type that a pointer points to or an optional member holds.
func indirect(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if held := heldBy(t); held != nil {
		return held
	}
	return t
}
