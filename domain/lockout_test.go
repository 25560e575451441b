package domain_test

import (
	"testing"
	"time"

	"github.com/signet-auth/signet/domain"
)

var lockoutPolicy = domain.LockoutPolicy{Failures: 100, First: 15 * time.Minute, Longest: 24 * time.Hour}

// failUntilLocked counts the failures it takes.
func failUntilLocked(t *testing.T, l *domain.Lockout, now time.Time) (n int) {
	t.Helper()
	for n = 1; n <= 1000; n++ {
		if l.Fail(lockoutPolicy, now) {
			return n
		}
		if l.IsLocked(now) {
			t.Fatalf("locked after %d failures without saying so", n)
		}
	}
	t.Fatal("never locked")
	return n
}

func TestLockout(t *testing.T) {
	t.Run("begins with the hundredth failure, not before (63B-4 §3.2.2)", func(t *testing.T) {
		l := domain.Lockout{}
		wantEqual(t, l.IsLocked(epoch), false)
		wantEqual(t, failUntilLocked(t, &l, epoch), 100)
		wantEqual(t, l.IsLocked(epoch), true)
		wantEqual(t, l.LockedUntil, epoch.Add(15*time.Minute))
		wantEqual(t, l.UpdatedAt, epoch)
	})
	t.Run("ends at its time", func(t *testing.T) {
		l := domain.Lockout{LockedUntil: epoch}
		wantEqual(t, l.IsLocked(epoch.Add(-tick)), true)
		wantEqual(t, l.IsLocked(epoch), false)
	})
	t.Run("doubles up to a day and stays there", func(t *testing.T) {
		l, now := domain.Lockout{}, epoch
		for _, minutes := range []int{15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440} {
			wantEqual(t, failUntilLocked(t, &l, now), 100)
			wantEqual(t, l.LockedUntil.Sub(now), time.Duration(minutes)*time.Minute)
			now = l.LockedUntil
		}
	})
	t.Run("never lasts longer than the longest, nor overflows after years of guesses", func(t *testing.T) {
		for _, locks := range []int{7, 60, 64, 1000} {
			l := domain.Lockout{Failures: 99, Locks: locks}
			wantEqual(t, l.Fail(lockoutPolicy, epoch), true)
			wantEqual(t, l.LockedUntil, epoch.Add(24*time.Hour))
		}
		l := domain.Lockout{Failures: 99}
		l.Fail(domain.LockoutPolicy{Failures: 100, First: time.Hour, Longest: time.Minute}, epoch)
		wantEqual(t, l.LockedUntil, epoch.Add(time.Minute))
		l = domain.Lockout{Failures: 99, Locks: 1000}
		l.Fail(domain.LockoutPolicy{Failures: 100, First: time.Hour, Longest: 1<<63 - 1}, epoch)
		wantEqual(t, l.LockedUntil.After(epoch), true)
	})
	t.Run("is not prolonged by failures during it: a stranger can't keep the owner out (TH-4, ASVS 6.1.1)", func(t *testing.T) {
		l := domain.Lockout{}
		failUntilLocked(t, &l, epoch)
		locked := l
		for i := range 1000 {
			wantEqual(t, l.Fail(lockoutPolicy, epoch.Add(time.Duration(i)*900*time.Millisecond)), false)
		}
		wantEqual(t, l, locked)
		wantEqual(t, failUntilLocked(t, &l, locked.LockedUntil), 100)
	})
}
