package bunsql

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/signet-auth/signet/domain"
)

var errText = errors.New("text with a NUL or invalid UTF-8 was kept from the database")

// checkText refuses text that no database should hold: Postgres fails on NUL and invalid UTF-8 with an error of its own, SQLite stores
// them, and a value that is cut at a NUL on its way may equal another one. The edge refuses both; this is the safety net.
func checkText(values ...any) error {
	for _, v := range values {
		if !storable(reflect.ValueOf(v)) {
			return domain.ErrInvalidRequest.Because(errText)
		}
	}
	return nil
}

func storable(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return utf8.ValidString(v.String()) && strings.IndexByte(v.String(), 0) < 0
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || storable(v.Elem())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return true
		}
		for i := range v.Len() {
			if !storable(v.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if !storable(entries.Key()) || !storable(entries.Value()) {
				return false
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !storable(v.Field(i)) {
				return false
			}
		}
	default:
	}
	return true
}

// isID tells whether the database would accept the text as an id. Text that does not parse is an unknown id.
func isID[T ~string](id T) bool {
	_, ok := domain.ParseID[T](string(id))
	return ok
}

// ids drops what can't be an id.
func ids[T ~string](all []T) []T {
	known := make([]T, 0, len(all))
	for _, id := range all {
		if isID(id) {
			known = append(known, id)
		}
	}
	return known
}

// withoutValues replaces an error about a value that could not be read into its field, because the error contains the value.
func withoutValues(err error) error {
	if strings.Contains(strings.ToLower(err.Error()), "scan") {
		return fmt.Errorf("a stored value does not fit its type (%T)", err)
	}
	return err
}
