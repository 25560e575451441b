package domain

import (
	"fmt"
	"time"
)

// longestYears is how far off an end may be.
const longestYears = 10

// CheckEnd wants an end after now and at most 10 years off, and cuts it to what is kept. The zero time is no end, and stays.
func CheckEnd(field string, at, now time.Time) (time.Time, error) {
	if at.IsZero() {
		return at, nil
	}
	at = at.UTC().Truncate(time.Microsecond)
	if !at.After(now) || at.After(now.AddDate(longestYears, 0, 0)) {
		return at, ErrInvalidFields(FieldError{
			Field: field, Code: "invalid", Text: fmt.Sprintf("%s must be in the future, and at most %d years off", field, longestYears),
		})
	}
	return at, nil
}
