package echohttp

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"time"
)

// shape is the member names of a request type, made once when a route is registered. A nil shape accepts anything: free-form JSON such as
// metadata, and scalars.
type shape struct {
	fields map[string]*shape // of an object with known members; nil for a map or a list
	names  []string          // the keys of fields, in order of declaration
	elem   *shape            // of a list, or of the values of a map
	isTime bool
}

var (
	unmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	rawMessageType  = reflect.TypeFor[json.RawMessage]()
	timeType        = reflect.TypeFor[time.Time]()
)

// shapeOf reads the json tags of a type. It panics when they leave a hole: a field without a tag would be settable under
// its Go name.
func shapeOf(t reflect.Type) *shape {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if held := heldBy(t); held != nil {
		return shapeOf(held)
	}
	if t == timeType {
		return &shape{isTime: true}
	}
	if t == rawMessageType || reflect.PointerTo(t).Implements(unmarshalerType) {
		return nil
	}
	switch t.Kind() {
	case reflect.Struct:
		s := &shape{fields: map[string]*shape{}}
		s.addFields(t)
		return s
	case reflect.Slice, reflect.Array, reflect.Map:
		if elem := shapeOf(t.Elem()); elem != nil {
			return &shape{elem: elem}
		}
	default:
	}
	return nil
}

func (s *shape) addFields(t reflect.Type) {
	for field := range t.Fields() {
		tag, tagged := field.Tag.Lookup("json")
		name, _, _ := strings.Cut(tag, ",")
		switch {
		case field.Anonymous && !tagged && field.Type.Kind() == reflect.Struct:
			s.addFields(field.Type)
			continue
		case !field.IsExported() || tag == "-":
			continue
		case name == "":
			panic("echohttp: " + t.String() + "." + field.Name + " needs a json name, or \"-\"")
		}
		if _, twice := s.fields[name]; twice {
			panic("echohttp: " + t.String() + " has two members " + name)
		}
		s.fields[name] = shapeOf(field.Type)
		s.names = append(s.names, name)
	}
}

// variantOf is the known name from which key differs only in case, or "". encoding/json would take key for it, and it folds more than
// ASCII: U+017F counts as s and U+212A as k (golang/go#14750), as they do for EqualFold.
func (s *shape) variantOf(key string) string {
	i := slices.IndexFunc(s.names, func(name string) bool { return strings.EqualFold(name, key) })
	if i < 0 {
		return ""
	}
	return s.names[i]
}

func (s *shape) of(key string) *shape {
	switch {
	case s == nil:
		return nil
	case s.fields != nil:
		return s.fields[key]
	default:
		return s.elem
	}
}
