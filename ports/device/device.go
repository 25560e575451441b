// Package device is the port to what user agents say of themselves.
package device

// Namer says what kind of device a user agent claims to be. Everything but the name can be anybody's invention, and the name
// ends in mails: so it is made of the adapter's own words, and nothing of the user agent gets through. It is a pure function,
// safe for concurrent use and harmless with any text of any length.
type Namer interface {
	// Name is such as "Firefox on Linux", "Safari" or "Android", without versions, so that it stays the same over updates.
	// Empty when the user agent does not say, or says what nobody knows.
	Name(userAgent string) string
}
