package domain

import "time"

const (
	// MaxKnownDevices is how many classes of device are kept for one user. The one that was not seen for the longest time is dropped first.
	MaxKnownDevices = 30
	// DeviceDay is how long a class counts as new, and how old its stored last login may be: a login a minute must not write a row a minute.
	DeviceDay = 24 * time.Hour
	// maxDeviceMails is how many mails about new classes a user gets in a DeviceDay. An attacker who changes user agents to hide one login in
	// a flood of mails has been reported by the first of them.
	maxDeviceMails = 3
)

// Device is a class of device that a user has logged in from, such as "Firefox on Linux"; empty for unknown devices.
type Device struct {
	Class       string
	FirstSeenAt time.Time
	LastSeenAt  time.Time // up to a DeviceDay late
}

// DeviceNews is what a login reveals about its class of device.
type DeviceNews struct {
	New    bool // the user had no login from it before
	Others int  // how many other classes are known
	Recent int  // how many of them are newer than a DeviceDay
}

// ShouldNotify tells whether the owner should get a mail (ASVS 6.3.5). The very first login causes none, because there is nothing to
// compare it with.
func (n DeviceNews) ShouldNotify() bool { return n.New && n.Others > 0 && n.Recent < maxDeviceMails }
