package domain_test

import (
	"testing"

	"github.com/signet-auth/signet/domain"
)

func TestWhichLoginsAreNews(t *testing.T) {
	for fact, row := range map[string]struct {
		sighting domain.Sighting
		news     bool
	}{
		"a class that is known is none":           {domain.Sighting{}, false},
		"the very first login is none":            {domain.Sighting{New: true}, false},
		"a second class is":                       {domain.Sighting{New: true, Others: 1, Recent: 1}, true},
		"a new class beside old ones is":          {domain.Sighting{New: true, Others: 20}, true},
		"the third of a day is":                   {domain.Sighting{New: true, Others: 20, Recent: 2}, true},
		"whoever changes all day long floods not": {domain.Sighting{New: true, Others: 20, Recent: 3}, false},
	} {
		if got := row.sighting.IsNews(); got != row.news {
			t.Errorf("%s: %v", fact, got)
		}
	}
}
