package porttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

func storeDevices(t *testing.T, s storeTest) {
	record := func(t *testing.T, user domain.UserID, class string, at time.Time) (got domain.DeviceNews) {
		t.Helper()
		s.write(t, func(ctx context.Context, tx *store.Tx) (err error) {
			got, err = tx.Devices.RecordLogin(ctx, user, class, at)
			return err
		})
		return got
	}
	list := func(t *testing.T, user domain.UserID) []domain.Device {
		t.Helper()
		all, err := s.Read().Devices.ByUser(t.Context(), user)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	const day = domain.DeviceDay

	t.Run("a class is new once, and says what else is known", func(t *testing.T) {
		u := s.user(t).ID
		same(t, "nothing yet", list(t, u), []domain.Device(nil))
		same(t, "the first", record(t, u, "Firefox on Linux", noon), domain.DeviceNews{New: true})
		same(t, "again", record(t, u, "Firefox on Linux", noon.Add(time.Minute)), domain.DeviceNews{})
		same(t, "another", record(t, u, "Safari on iOS", noon.Add(time.Hour)), domain.DeviceNews{New: true, Others: 1, Recent: 1})
		same(t, "one that does not say", record(t, u, "", noon.Add(day)), domain.DeviceNews{New: true, Others: 2, Recent: 1})
		if again := record(t, u, "", noon.Add(5*day)); again.New {
			t.Errorf("%+v", again)
		}
		same(t, "all", list(t, u), []domain.Device{
			{Class: "", FirstSeenAt: noon.Add(day), LastSeenAt: noon.Add(5 * day)},
			{Class: "Safari on iOS", FirstSeenAt: noon.Add(time.Hour), LastSeenAt: noon.Add(time.Hour)},
			{Class: "Firefox on Linux", FirstSeenAt: noon, LastSeenAt: noon},
		})
	})

	t.Run("what one user has is nothing to another", func(t *testing.T) {
		a, b := s.user(t).ID, s.user(t).ID
		record(t, a, "Firefox on Linux", noon)
		same(t, "the other's first", record(t, b, "Firefox on Linux", noon), domain.DeviceNews{New: true})
	})

	t.Run("they are forgotten together", func(t *testing.T) {
		a, b := s.user(t).ID, s.user(t).ID
		record(t, a, "Firefox on Linux", noon)
		record(t, a, "curl", noon)
		record(t, b, "curl", noon)
		for range 2 {
			s.write(t, func(ctx context.Context, tx *store.Tx) error { return tx.Devices.DeleteByUser(ctx, a) })
		}
		same(t, "left", []int{len(list(t, a)), len(list(t, b))}, []int{0, 1})
		same(t, "after it", record(t, a, "curl", noon), domain.DeviceNews{New: true})
	})

	t.Run("the last login is noted once a day", func(t *testing.T) {
		u := s.user(t).ID
		record(t, u, "curl", noon)
		record(t, u, "curl", noon.Add(day-time.Microsecond))
		same(t, "within the day", list(t, u)[0].LastSeenAt, noon)
		record(t, u, "curl", noon.Add(day))
		same(t, "after it", list(t, u)[0].LastSeenAt, noon.Add(day))
	})

	t.Run("the one not seen for longest makes room", func(t *testing.T) {
		u := s.user(t).ID
		for i := range domain.MaxKnownDevices {
			record(t, u, fmt.Sprintf("class %d", i), noon.Add(time.Duration(i)*time.Minute))
		}
		record(t, u, "class 0", noon.Add(2*day))
		if got := record(t, u, "one more", noon.Add(3*day)); !got.New || got.Others != domain.MaxKnownDevices {
			t.Errorf("%+v", got)
		}
		all := list(t, u)
		if len(all) != domain.MaxKnownDevices || all[0].Class != "one more" || all[1].Class != "class 0" || all[len(all)-1].Class != "class 2" {
			t.Errorf("%d are left, from %+v to %+v", len(all), all[0], all[len(all)-1])
		}
	})

	t.Run("of parallel logins one is new", func(t *testing.T) {
		u := s.user(t).ID
		won := race(t, racers, func(int) (fresh bool, err error) {
			err = s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				news, err := tx.Devices.RecordLogin(ctx, u, "Chrome on Android", noon)
				fresh = news.New
				return err
			})
			return fresh, err
		})
		if won != 1 {
			t.Errorf("%d were new", won)
		}
	})

	t.Run("nobody's device is not noted", func(t *testing.T) {
		err := s.WithinTx(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			_, err := tx.Devices.RecordLogin(ctx, newID[domain.UserID](), "curl", noon)
			return err
		})
		fails(t, "RecordLogin", err, domain.ErrNotFound)
	})
}
