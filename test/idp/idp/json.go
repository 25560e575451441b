package idp

import (
	"encoding/json"
	"net/http"
)

// Object is a JSON object.
type Object = map[string]any

// Omit leaves a member or parameter out, as the value that is set over it. nil is null.
const Omit = "(omit)"

// overlay sets members over those of an object.
func overlay(o, over Object) {
	for name, value := range over {
		o[name] = value
		if value == Omit {
			delete(o, name)
		}
	}
}

func encode(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return `{"error":"server_error"}`
	}
	return string(text)
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(encode(body)))
}

// orNull is a text, or null where a document has that for an empty one.
func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// without leaves out members that have no value, as most documents do.
func without(o Object) Object {
	for name, value := range o {
		if value == nil || value == "" {
			delete(o, name)
		}
	}
	return o
}
