package run

// limitSettings are what calls, guesses and mails are counted against.
type limitSettings struct {
	RateLimits     onOff
	LimitLogin     quota
	LimitFailures  quota
	LimitMail      quota
	LimitMailBlock quota
	LimitCalls     int
	LimitAnonymous int
	LimitForged    int
	LockFailures   int
	LockFirst      duration
	LockLongest    duration
}

func (l *limitSettings) group() group {
	return group{title: "Limits", settings: []setting{
		{name: "RATE_LIMITS", into: &l.RateLimits, preset: "on", text: "Whether anything is limited; off is for tests, and refused in production"},
		{name: "LIMIT_LOGIN", into: &l.LimitLogin, preset: "10/15m", text: "Guesses per account, existing or not"},
		{name: "LIMIT_FAILURES", into: &l.LimitFailures, preset: "60/1m", text: "Failures per address block"},
		{
			name: "LIMIT_MAIL", into: &l.LimitMail, empty: "3/1h, in development 60/1h",
			text: "Mails per address (those that replace a password count for themselves, and of these those that an administrator sends). " +
				"Empty: 3/1h, in development 60/1h. What they stop is in the log, in the development inbox and counted as signet_mail_suppressed_total",
		},
		{
			name: "LIMIT_MAIL_BLOCK", into: &l.LimitMailBlock, empty: "20/1h, in development 400/1h",
			text: "Mails asked for per address block. Empty: 20/1h, in development 400/1h",
		},
		{name: "LIMIT_CALLS", into: &l.LimitCalls, preset: "600", limit: atLeast(1), text: "Calls per minute of a session"},
		{name: "LIMIT_ANONYMOUS", into: &l.LimitAnonymous, preset: "600", limit: atLeast(1), text: "Calls per minute of an address block without credentials"},
		{name: "LIMIT_FORGED", into: &l.LimitForged, preset: "60", limit: atLeast(1), text: "Calls per minute of an address block with forged tokens"},
		{name: "LOCKOUT_FAILURES", into: &l.LockFailures, preset: "100", limit: atLeast(1), text: "Failures in a row that lock an account"},
		{
			name: "LOCKOUT_FIRST", into: &l.LockFirst, preset: "15m", limit: moreThanZero(),
			text: "How long the first lock lasts; each lasts twice as long as the one before",
		},
		{name: "LOCKOUT_LONGEST", into: &l.LockLongest, preset: "24h", limit: moreThanZero(), text: "How long a lock lasts at most"},
	}}
}
