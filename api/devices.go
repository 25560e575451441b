package api

import "time"

// TrustedDevice is a device on which its owner is not asked for a second factor.
type TrustedDevice struct {
	ID         string     `json:"id"`
	Class      string     `json:"class"` // such as "Firefox on Linux"; empty when unknown
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  time.Time  `json:"expires_at"`
	LastUsedAt *time.Time `json:"last_used_at"` // up to a day late
}

// ListedDevice is one that still counts.
type ListedDevice struct {
	TrustedDevice

	// Current tells that the request came with the cookie of this device.
	Current bool `json:"current"`
}

// DevicesResponse is the success of GET /api/auth/devices.
type DevicesResponse struct {
	Success bool           `json:"success"`
	Devices []ListedDevice `json:"devices"`
}

// RemoveDeviceRequest is DELETE /api/auth/devices/{id}.
type RemoveDeviceRequest struct {
	ID string `json:"-" path:"id"`
}

// RemoveDevicesResponse is the success of DELETE /api/auth/devices.
type RemoveDevicesResponse struct {
	Success bool `json:"success"`
	Removed int  `json:"removed"`
}
