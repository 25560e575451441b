package domain

import "time"

// KeyCourse is what a deployment signs with, and since when. It is stored, because a replica does not know by itself what others did
// before.
type KeyCourse struct {
	Algorithm Algorithm
	Since     time.Time
	// TokenLife is the longest life of issued tokens: a former, longer setting counts until LongerUntil.
	TokenLife   time.Duration
	LongerUntil time.Time
}

// Follow is the course after a server starts with a policy.
func (c KeyCourse) Follow(p KeyPolicy, now time.Time) KeyCourse {
	if c.Algorithm != p.Algorithm {
		c.Algorithm, c.Since = p.Algorithm, now
	}
	if p.TokenLife >= c.tokenLife(p, now) {
		c.TokenLife, c.LongerUntil = p.TokenLife, time.Time{}
	} else {
		c.LongerUntil = now.Add(c.TokenLife) // a replica with the former setting may have signed just now
	}
	return c
}

func (c KeyCourse) tokenLife(p KeyPolicy, now time.Time) time.Duration {
	if !c.LongerUntil.IsZero() && !now.Before(c.LongerUntil) {
		return p.TokenLife
	}
	return max(c.TokenLife, p.TokenLife)
}
