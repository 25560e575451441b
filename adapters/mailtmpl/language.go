package mailtmpl

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/signet-auth/signet/domain"
)

// language is how one language expresses times, durations and devices, which depend on values, so that a template can't spell them out.
type language struct {
	moment   func(time.Time) string
	date     func(time.Time) string
	duration func(time.Duration) string
	device   func(name string) string
}

// languages are the built-in ones. Others, from an operator's folder, get the neutral one: digits and unit symbols, which are the same
// everywhere.
var languages = map[string]language{
	"en": {
		moment:   func(t time.Time) string { return t.UTC().Format("2 January 2006 at 15:04 UTC") },
		date:     func(t time.Time) string { return t.UTC().Format("2 January 2006") },
		duration: counted([2]string{"day", "days"}, [2]string{"hour", "hours"}, [2]string{"minute", "minutes"}, [2]string{"second", "seconds"}),
		device:   func(name string) string { return name },
	},
	"de": {
		moment:   func(t time.Time) string { return germanDate(t) + t.UTC().Format(" um 15:04 Uhr (UTC)") },
		date:     germanDate,
		duration: counted([2]string{"Tag", "Tage"}, [2]string{"Stunde", "Stunden"}, [2]string{"Minute", "Minuten"}, [2]string{"Sekunde", "Sekunden"}),
		device:   func(name string) string { return strings.Replace(name, " on ", " unter ", 1) },
	},
}

var neutral = language{
	moment:   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
	date:     func(t time.Time) string { return t.UTC().Format("2006-01-02") },
	duration: counted([2]string{"d", "d"}, [2]string{"h", "h"}, [2]string{"min", "min"}, [2]string{"s", "s"}),
	device:   func(name string) string { return strings.Replace(name, " on ", ", ", 1) },
}

// speaking is the language for a locale.
func speaking(locale string) language {
	if tag := domain.LookupLanguage(locale, slices.Collect(maps.Keys(languages))); tag != "" {
		return languages[tag]
	}
	return neutral
}

// functions are what templates may call.
func (l language) functions() map[string]any {
	return map[string]any{
		"moment": l.moment, "date": l.date, "duration": l.duration,
		"hours":   func(d time.Duration) int { return int(d / time.Hour) },
		"minutes": func(d time.Duration) int { return int(d / time.Minute) },
	}
}

// counted expresses a duration in the largest unit that is exact; each unit has a singular and a plural.
func counted(day, hour, minute, second [2]string) func(time.Duration) string {
	return func(d time.Duration) string {
		for _, unit := range []struct {
			words [2]string
			size  time.Duration
			least time.Duration // "24 hours" is clearer than "1 day"
		}{{day, 24 * time.Hour, 2}, {hour, time.Hour, 1}, {minute, time.Minute, 1}} {
			if n := d / unit.size; d%unit.size == 0 && n >= unit.least {
				return count(int64(n), unit.words)
			}
		}
		return count(int64(d/time.Second), second)
	}
}

func count(n int64, words [2]string) string {
	if n == 1 {
		return "1 " + words[0]
	}
	return fmt.Sprintf("%d %s", n, words[1])
}

func germanDate(t time.Time) string {
	months := [...]string{
		"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember",
	}
	year, month, day := t.UTC().Date()
	return fmt.Sprintf("%d. %s %d", day, months[month-1], year)
}
