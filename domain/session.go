package domain

import "time"

// EndReason says why a session ended.
type EndReason string

// The reasons.
const (
	EndedByLogout   EndReason = "logout"
	EndedByLimit    EndReason = "limit"
	EndedByReuse    EndReason = "refresh_reused"
	EndedByPassword EndReason = "password_changed"
	EndedByTakeover EndReason = "mailbox_proved" // the owner of an unproved mailbox took the account over
	EndedByReset    EndReason = "password_reset"
	EndedByDisable  EndReason = "disabled"
	EndedByClose    EndReason = "closed"
	EndedByDelete   EndReason = "user_deleted"
	EndedByUser     EndReason = "ended_by_user"
	EndedByAdmin    EndReason = "ended_by_admin"
	EndedByExpiry   EndReason = "expired"
	EndedByFactor   EndReason = "factor_changed" // the first second factor was added, or one was removed
	EndedByRestore  EndReason = "restored"       // a backup brought it back: it may have been logged out since
)

// Tokens says what an end for this reason means to the session's access tokens: one that expired outlived them all.
func (r EndReason) Tokens() Fact {
	if r == EndedByExpiry {
		return TokensUnaffected
	}
	return TokensEnded
}

// MethodPassword is the authentication method of a password (RFC 8176 §2).
const MethodPassword = "pwd"

// MethodFederated is the method of a login through a provider, whatever the provider asked for. It is not registered in RFC 8176, but other
// servers use it, too.
const MethodFederated = "fed"

// Session is one login of one user. It is written only at its beginning and its end: a refresh changes only the family, which also holds
// the time of the last refresh.
type Session struct {
	ID         SessionID
	UserID     UserID
	AMR        []string  // authentication methods (RFC 8176)
	Level      Level     // what they prove
	AuthTime   time.Time // when Level was last proved
	CreatedAt  time.Time
	ExpiresAt  time.Time // absolute end
	LastSeenAt time.Time // login or last refresh; derived from the family
	EndedAt    time.Time
	EndReason  EndReason
	IP         string
	UserAgent  string
	DeviceName string
	Cookie     bool // its refresh tokens are delivered by cookie only
	Static     bool // its family keeps one refresh token permanently; derived from the family
}

// ProvedSession is a session and what its owner has proved in it.
type ProvedSession struct {
	ID       SessionID
	Level    Level
	AuthTime time.Time
}

// HasProved tells whether exactly this was proved in the session.
func (s Session) HasProved(p ProvedSession) bool {
	return s.Level.OrLowest() == p.Level && s.AuthTime.Equal(p.AuthTime)
}

// SessionCount is how many live sessions there are, and how many users have any.
type SessionCount struct{ Sessions, Users int64 }

// SessionPolicy bounds sessions.
type SessionPolicy struct {
	Idle     time.Duration // since login or last refresh
	Absolute time.Duration // since login
	Max      int           // live sessions a user may have; 0 means no limit
	Deny     bool          // at the limit refuse the login instead of ending the least recently refreshed session
}

// MaxDeviceName is how many characters the name of a device may have.
const MaxDeviceName = 100

// NewSession begins a session now.
func NewSession(id SessionID, user UserID, amr []string, from Origin, device string, policy SessionPolicy, now time.Time) Session {
	return Session{
		ID: id, UserID: user, AMR: amr, Level: Reached(amr), AuthTime: now, CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(policy.Absolute),
		IP: from.IP, UserAgent: Clip(from.UserAgent, 300), DeviceName: Clip(device, MaxDeviceName),
	}
}

// IdleExpiresAt is when it lapses unless it is refreshed; never after its absolute end.
func (s Session) IdleExpiresAt(p SessionPolicy) time.Time {
	if idle := s.LastSeenAt.Add(p.Idle); idle.Before(s.ExpiresAt) {
		return idle
	}
	return s.ExpiresAt
}

// IsLive tells whether it has neither ended nor lapsed.
func (s Session) IsLive(p SessionPolicy, now time.Time) bool {
	return s.EndedAt.IsZero() && now.Before(s.IdleExpiresAt(p))
}

// IsBelow tells that a token claims a higher level than the session has, or a later proof of it. Tokens say when in whole seconds.
func (s Session) IsBelow(c Claims) bool {
	return c.Level.OrLowest() > s.Level.OrLowest() || c.AuthTime.After(s.AuthTime)
}

// Place is the session's place in lists, which have the newest first.
func (s Session) Place() Cursor { return Cursor{At: s.CreatedAt, ID: string(s.ID)} }
