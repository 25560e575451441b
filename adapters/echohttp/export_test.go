package echohttp

import "reflect"

// Unmarshal is the decoder of bodies without its request, for the fuzz target.
func Unmarshal(body []byte, strict bool, target any) error {
	return unmarshal(body, shapeOf(reflect.TypeOf(target)), strict, target)
}
