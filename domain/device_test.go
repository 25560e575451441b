package domain_test

import (
	"testing"

	"github.com/signet-auth/signet/domain"
)

func TestWhichDeviceNewsAreTold(t *testing.T) {
	for fact, row := range map[string]struct {
		news   domain.DeviceNews
		notify bool
	}{
		"a class that is known is none":  {domain.DeviceNews{}, false},
		"the very first login is none":   {domain.DeviceNews{New: true}, false},
		"a second class is":              {domain.DeviceNews{New: true, Others: 1, Recent: 1}, true},
		"a new class beside old ones is": {domain.DeviceNews{New: true, Others: 20}, true},
		"the third of a day is":          {domain.DeviceNews{New: true, Others: 20, Recent: 2}, true},
		"the fourth of a day is none":    {domain.DeviceNews{New: true, Others: 20, Recent: 3}, false},
	} {
		if got := row.news.ShouldNotify(); got != row.notify {
			t.Errorf("%s: %v", fact, got)
		}
	}
}
