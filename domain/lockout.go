package domain

import "time"

// LockoutPolicy says when consecutive failures lock an account, whether it exists or not.
type LockoutPolicy struct {
	Failures int           // in a row
	First    time.Duration // the first lock; each further one lasts twice as long
	Longest  time.Duration
}

// Lockout is the series of failed logins of one address. The key is a MAC of the address, so that the table names nobody.
type Lockout struct {
	Key         []byte
	Failures    int
	Locks       int
	LockedUntil time.Time
	UpdatedAt   time.Time
}

// IsLocked tells whether even the right password gets the answer for a wrong one.
func (l Lockout) IsLocked(now time.Time) bool { return now.Before(l.LockedUntil) }

// Fail counts one more failure and tells whether it began a lock. While locked nothing is counted: guesses during a lock
// must not prolong it, or a stranger could keep the owner out for good.
func (l *Lockout) Fail(p LockoutPolicy, now time.Time) (locked bool) {
	if l.IsLocked(now) {
		return false
	}
	l.Failures++
	l.UpdatedAt = now
	if l.Failures < p.Failures {
		return false
	}
	l.LockedUntil = now.Add(l.duration(p))
	l.Locks++
	l.Failures = 0
	return true
}

func (l *Lockout) duration(p LockoutPolicy) time.Duration {
	d := p.First
	for range l.Locks {
		if d > p.Longest/2 {
			return p.Longest
		}
		d *= 2
	}
	return min(d, p.Longest)
}
