// Package device is the port that turns user agents into names of devices.
package device

// Namer says what kind of device a user agent claims to be. Clients can invent any user agent, and the name appears in mails, so it
// consists only of the adapter's own words and repeats nothing of the user agent. It is a pure function, safe for concurrent use and
// harmless with any text of any length.
type Namer interface {
	// Name is a name such as "Firefox on Linux", "Safari" or "Android", without versions, so that it stays the same over updates. It is empty
	// for a missing or unknown user agent.
	Name(userAgent string) string
}
