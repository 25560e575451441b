package domain

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"time"
)

// MaxTrustedDevices is how many devices of a user are remembered: a further one takes the place of the oldest.
const MaxTrustedDevices = 10

// TrustedDevice is a device on which its owner has proved a second factor and is not asked for it for a while, as it is stored: by the hash of
// its token. It proves nothing by itself, and raises no level.
type TrustedDevice struct {
	ID     TrustedDeviceID
	UserID UserID
	Hash   []byte // SHA-256: with 256 random bits nothing slower is needed
	// Epoch is the CredentialEpoch at which it was remembered. Whatever raises that ends the device.
	Epoch      int64
	Class      string // as of Device
	CreatedAt  time.Time
	ExpiresAt  time.Time // never later than it was at first
	LastUsedAt time.Time // written once a DeviceDay at most; zero if it was never used
}

// NewTrustedDevice draws a device of an account for that long, and the text of its token, which is shown once.
func NewTrustedDevice(id TrustedDeviceID, p Principal, class string, ttl time.Duration, entropy io.Reader, now time.Time) (TrustedDevice, Secret, error) {
	var secret [secretSize]byte
	if _, err := io.ReadFull(entropy, secret[:]); err != nil {
		return TrustedDevice{}, Secret{}, fmt.Errorf("draw a secret: %w", err)
	}
	public, ok := UUIDBytes(id)
	if !ok {
		return TrustedDevice{}, Secret{}, fmt.Errorf("the id of a device is no UUID")
	}
	hash := sha256.Sum256(secret[:])
	return TrustedDevice{
		ID: id, UserID: UserID(p.ID), Hash: hash[:], Epoch: p.CredentialEpoch, Class: class, CreatedAt: now, ExpiresAt: now.Add(ttl),
	}, NewSecret(encodeOpaque(devicePrefix, public[:], secret[:])), nil
}

// IsLive tells whether it is remembered by an account as the account is now.
func (d TrustedDevice) IsLive(p Principal, now time.Time) bool {
	return d.UserID.Principal() == p.ID && d.Epoch == p.CredentialEpoch && now.Before(d.ExpiresAt)
}

// IsUseNews tells whether a use now is to be written: a login a minute must not write a row a minute.
func (d TrustedDevice) IsUseNews(now time.Time) bool {
	return d.LastUsedAt.IsZero() || now.Sub(d.LastUsedAt) >= DeviceDay
}

// PresentedDevice is the token of a remembered device taken apart. It proves nothing until it Matches a stored one.
type PresentedDevice struct {
	ID   TrustedDeviceID
	hash [sha256.Size]byte
}

// ParseDeviceToken reads the text form. ok is false for anything that Signet did not write in this form.
func ParseDeviceToken(text Secret) (p PresentedDevice, ok bool) {
	fields, ok := decodeOpaque(text.Reveal(), devicePrefix, 16, secretSize)
	if !ok {
		return p, false
	}
	return PresentedDevice{ID: UUIDText[TrustedDeviceID]([16]byte(fields[0])), hash: sha256.Sum256(fields[1])}, true
}

// Matches tells whether it is the token of a device, in constant time.
func (p PresentedDevice) Matches(d TrustedDevice) bool {
	return p.ID == d.ID && subtle.ConstantTimeCompare(p.hash[:], d.Hash) == 1
}

// DeviceEvent is an event about a remembered device. It has no class, which comes from the user agent and would outlive an erasure there.
func DeviceEvent(kind EventType, actor Actor, from Origin, d TrustedDevice) Event {
	return UserEvent(kind, actor, from, d.UserID).With("device_id", string(d.ID))
}
