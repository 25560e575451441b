package domain

import "time"

// TokenUse is how often a secret of an application token was used, and when and from where last.
type TokenUse struct {
	Secret AppTokenSecretID
	Token  AppTokenID
	Count  int64
	LastAt time.Time
	LastIP string
}

// And is the combined use of both.
func (u TokenUse) And(other TokenUse) TokenUse {
	u.Count += other.Count
	if other.LastAt.After(u.LastAt) {
		u.LastAt, u.LastIP = other.LastAt, other.LastIP
	}
	return u
}

// UsedHour is how often a token was used within an hour.
type UsedHour struct {
	Token  AppTokenID
	Hour   time.Time
	Count  int64
	LastAt time.Time
}

// HourOf is the beginning of the hour that a time is in.
func HourOf(at time.Time) time.Time { return at.UTC().Truncate(time.Hour) }
