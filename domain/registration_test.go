package domain_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

func pending(minutes ...int) (all []domain.Registration) {
	for _, m := range minutes {
		all = append(all, domain.Registration{ID: domain.RegistrationID(strconv.Itoa(m)), CreatedAt: epoch.Add(time.Duration(m) * time.Minute)})
	}
	return all
}

func TestRegistration(t *testing.T) {
	name := domain.PersonName{First: "Bob", Last: "Smith", Locale: "en"}
	r := domain.NewRegistration("r", "u", email(t, "Bob@Example.com"), "hash", name, epoch, 7*24*time.Hour)
	t.Run("lives seven days", func(t *testing.T) {
		wantEqual(t, r.IsLive(epoch), true)
		wantEqual(t, r.IsLive(epoch.Add(7*24*time.Hour-tick)), true)
		wantEqual(t, r.IsLive(epoch.Add(7*24*time.Hour)), false)
	})
	t.Run("becomes the user that it promised, proved", func(t *testing.T) {
		now := epoch.Add(time.Hour)
		u := r.User(now)
		want := domain.NewUser("u", r.Email, "hash", name, now)
		want.EmailVerifiedAt = now
		wantEqual(t, u.ID, want.ID)
		wantEqual(t, u == want, true)
	})
}

func TestSurplus(t *testing.T) {
	for _, c := range []struct {
		name string
		live []int
		want []domain.RegistrationID
	}{
		{"nothing of none", nil, nil},
		{"nothing of one", []int{1}, nil},
		{"nothing of four: the fifth fits", []int{1, 2, 3, 4}, nil},
		{"the oldest of five: a sixth drops it", []int{1, 2, 3, 4, 5}, []domain.RegistrationID{"1"}},
		{"the oldest of five in any order", []int{4, 2, 5, 1, 3}, []domain.RegistrationID{"1"}},
		{"the oldest two of six, oldest first", []int{6, 2, 5, 1, 3, 4}, []domain.RegistrationID{"1", "2"}},
		{"all but four of many", []int{9, 8, 7, 6, 5, 4, 3, 2, 1}, []domain.RegistrationID{"1", "2", "3", "4", "5"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			live := pending(c.live...)
			wantEqual(t, domain.Surplus(live), c.want)
			if !slices.EqualFunc(live, pending(c.live...), func(a, b domain.Registration) bool { return a == b }) {
				t.Error("the argument was sorted")
			}
		})
	}
	t.Run("and the newest is never among them", func(t *testing.T) {
		r := rand.New(rand.NewPCG(11, 12))
		for range 200 {
			live := pending(r.Perm(r.IntN(20))...)
			newest, ok := domain.Newest(live)
			drop := domain.Surplus(live)
			if ok != (len(live) > 0) || slices.Contains(drop, newest.ID) && ok || len(live)-len(drop)+1 > domain.MaxPendingRegistrations {
				t.Fatalf("of %d live ones %v go", len(live), drop)
			}
		}
	})
}

func TestNewest(t *testing.T) {
	_, ok := domain.Newest(nil)
	wantEqual(t, ok, false)
	for _, order := range [][]int{{3}, {1, 2, 3}, {3, 2, 1}, {2, 3, 1}} {
		r, ok := domain.Newest(pending(order...))
		wantEqual(t, ok, true)
		wantEqual(t, r.ID, "3")
	}
}
