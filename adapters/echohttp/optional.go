package echohttp

import (
	"reflect"

	"github.com/swaggest/jsonschema-go"
	"github.com/swaggest/openapi-go/openapi31"
)

// optional is an api.Optional of any type.
type optional interface {
	Member() (value any, given bool)
}

// heldBy is the type of what an api.Optional holds, or nil for any other type.
func heldBy(t reflect.Type) reflect.Type {
	if t.Kind() != reflect.Struct {
		return nil
	}
	if o, ok := reflect.TypeAssert[optional](reflect.Zero(t)); ok {
		value, _ := o.Member()
		return reflect.TypeOf(value)
	}
	return nil
}

// learn prepares the validation of a request type: the rules of an optional member are those of what it holds. Absent and null members are
// valid.
func (v *validation) learn(t reflect.Type) {
	for _, field := range reflect.VisibleFields(t) {
		if heldBy(field.Type) != nil {
			v.validate.RegisterCustomTypeFunc(valueOf, reflect.Zero(field.Type).Interface())
			v.nullable[t.Name()+"."+wireName(field)] = true
		}
	}
}

// valueOf is a pointer to the value: a pointer to an empty text is not what omitempty leaves out, so an empty one has to keep the rules too.
func valueOf(member reflect.Value) any {
	if o, ok := reflect.TypeAssert[optional](member); ok {
		if value, given := o.Member(); given {
			p := reflect.New(reflect.TypeOf(value))
			p.Elem().Set(reflect.ValueOf(value))
			return p.Interface()
		}
	}
	return nil
}

// inlineOptionals keeps optional members from becoming components: "Optional[string]" means nothing to clients.
func inlineOptionals(r *openapi31.Reflector, req any) {
	for _, field := range reflect.VisibleFields(reflect.TypeOf(req).Elem()) {
		if heldBy(field.Type) != nil {
			r.InlineDefinition(reflect.Zero(field.Type).Interface())
		}
	}
}

// describeOptional makes the schema of an optional member: that of what it holds, or null.
func describeOptional(p jsonschema.InterceptSchemaParams) (stop bool, err error) {
	if p.Processed || !p.Value.IsValid() {
		return false, nil
	}
	held := heldBy(p.Value.Type())
	switch held {
	case nil:
		return false, nil
	case rawMessageType: // free-form JSON is always an object here
		p.Schema.AddType(jsonschema.Object)
	default:
		var r jsonschema.Reflector
		inner, err := r.Reflect(reflect.Zero(held).Interface(), jsonschema.InlineRefs)
		if err != nil {
			return true, err
		}
		p.Schema.Type, p.Schema.Format, p.Schema.Items = inner.Type, inner.Format, inner.Items
	}
	p.Schema.AddType(jsonschema.Null)
	return true, nil
}
